package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/moby/sys/reexec"
)

// guarded is a command with its guard, as the server sees them.
type guarded struct {
	cmd      *exec.Cmd // the guard
	lifeline *os.File
	output   *tail
	pid      int // of the command

	ended  chan struct{}      // closed when the whole tree is gone
	status syscall.WaitStatus // of the command; valid after ended, if err is nil
	err    error              // the status is not known, and why; valid after ended
}

// start starts argv under a guard. What it prints goes to the tail of the result.
func start(argv []string, dir *folder) (*guarded, error) {
	arg, err := json.Marshal(order{Argv: argv, Dir: dir.path})
	if err != nil {
		return nil, err
	}
	var pipes [3][2]*os.File // lifeline, reports, output
	for i := range pipes {
		if pipes[i][0], pipes[i][1], err = os.Pipe(); err != nil {
			closeAll(pipes[:i])
			return nil, err
		}
	}
	lifeline, reports, output := pipes[0], pipes[1], pipes[2]
	g := &guarded{cmd: exec.Command(reexec.Self()), lifeline: lifeline[1], output: newTail(), ended: make(chan struct{})}
	g.cmd.Args = []string{guardName, string(arg)}
	g.cmd.ExtraFiles = []*os.File{lifeline[0], reports[1], dir.lock} // from lifelineFD on
	g.cmd.Stdout, g.cmd.Stderr = output[1], output[1]
	// A group of its own: Ctrl-C is for the server, which drains.
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := g.cmd.Start(); err != nil {
		closeAll(pipes[:])
		return nil, err
	}
	for _, childs := range []*os.File{lifeline[0], reports[1], output[1]} {
		childs.Close()
	}
	go g.output.read(output[0])
	return g, g.begin(reports[0])
}

func closeAll(pipes [][2]*os.File) {
	for _, p := range pipes {
		p[0].Close()
		p[1].Close()
	}
}

// begin waits for the first report, which comes at once. The others are for watch.
func (g *guarded) begin(reports *os.File) error {
	var first report
	d := json.NewDecoder(reports)
	err := d.Decode(&first)
	g.pid = first.Pid
	go g.watch(d, reports)
	switch {
	case first.Error != "":
		err = errors.New(first.Error)
	case err != nil:
		err = fmt.Errorf("the guard said nothing: %w (does this program begin with reexec.Init?)", err)
	}
	if err != nil {
		<-g.ended
		g.lifeline.Close()
	}
	return err
}

// watch waits for the end of everything. If the guard was killed, what it guarded has
// become ours.
func (g *guarded) watch(d *json.Decoder, reports *os.File) {
	defer close(g.ended)
	defer reports.Close()
	var last report
	told := d.Decode(&last)
	ended := g.cmd.Wait()
	switch {
	case told == nil && last.Ended:
		g.status = last.Status
	case told == nil && last.Error != "":
		g.err = errors.New(last.Error)
	default:
		g.err = fmt.Errorf("the guard of the command ended before it (%v)", ended)
	}
	if g.err != nil {
		g.err = errors.Join(g.err, sweep())
	}
	<-g.output.complete // nobody is left to write
}

// sweep kills and reaps every child of this process.
func sweep() error {
	t := newTree(0)
	go t.killAll()
	return t.wait(nil)
}

// signal asks the guard to send s to the command, or to kill everything. That the
// guard has ended is told by ended.
func (g *guarded) signal(s syscall.Signal) { _, _ = g.lifeline.Write([]byte{byte(s)}) }

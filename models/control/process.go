package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/moby/sys/reexec"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
)

// askTimeout bounds how long a server may take to answer: one that is stopped, or hangs,
// does not keep who asks from going on, and is killed when it is stopped.
var askTimeout = 5 * time.Second // a test has less time

// StartTimeout bounds how long Start waits for a server to listen.
const StartTimeout = 10 * time.Second

// Process is a server in a child process. Its methods are safe for several
// goroutines; Stop must be called once.
type Process struct {
	Ready Ready
	// Board is the child's scoreboard, mapped.
	Board *board.Board

	cmd      *exec.Cmd
	mu       sync.Mutex // one request at a time
	requests *os.File
	answers  *bufio.Scanner
	pipe     *os.File
	stderr   strings.Builder
	deaf     error // set when it did not answer in time
	exited   chan struct{}
	exit     error // valid after exited
}

// Start runs a server with the given configuration in a child process, which is
// this program re-executed: its main must begin with reexec.Init(). It returns
// when the server listens. The child is killed if ctx ends, or if this process
// does, however it does.
func Start(ctx context.Context, config models.Config) (*Process, error) {
	arg, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	toChild, requests, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	answers, fromChild, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, toChild.Close(), requests.Close())
	}
	p := &Process{
		cmd:      exec.CommandContext(ctx, reexec.Self()),
		requests: requests,
		answers:  bufio.NewScanner(answers),
		pipe:     answers,
		exited:   make(chan struct{}),
	}
	p.cmd.Args = []string{ServerName, string(arg), fmt.Sprint(os.Getpid())}
	p.cmd.ExtraFiles = []*os.File{toChild, fromChild}
	p.cmd.Stderr = &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error)
	go p.watch(started)
	err = <-started
	toChild.Close()
	fromChild.Close()
	if err == nil {
		err = p.ready()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", config.Model, err), p.kill())
	}
	return p, nil
}

// watch starts the child and waits for it on a thread that lives as long as the
// child: PDEATHSIG is sent when the thread that forked ends, not the process
// (prctl(2)).
func (p *Process) watch(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err == nil {
		err = p.cmd.Wait()
	}
	p.exit = err
	close(p.exited)
}

func (p *Process) ready() error {
	timeout := time.AfterFunc(StartTimeout, func() { _ = p.cmd.Process.Kill() })
	defer timeout.Stop()
	a, err := p.read()
	if err != nil {
		return err
	}
	if a.Ready == nil {
		return errors.New("its first word was not that it is ready")
	}
	p.Ready = *a.Ready
	p.Board, err = board.OpenProcess(p.Ready.Pid)
	return err
}

// Addr returns the address that the server listens on.
func (p *Process) Addr() string { return p.Ready.Addr }

// Pid returns the pid of the child.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Edge asks for the server's clocks and counters now.
func (p *Process) Edge() (Edge, error) {
	a, err := p.ask("edge")
	if err != nil {
		return Edge{}, err
	}
	if a.Edge == nil {
		return Edge{}, errNoAnswer("edge")
	}
	return *a.Edge, nil
}

// Usage asks for the context switches of the process.
func (p *Process) Usage() (Usage, error) {
	a, err := p.ask("usage")
	if err != nil {
		return Usage{}, err
	}
	if a.Usage == nil {
		return Usage{}, errNoAnswer("usage")
	}
	return *a.Usage, nil
}

// Stats asks for the state of the server's runtime.
func (p *Process) Stats() (Stats, error) {
	a, err := p.ask("stats")
	if err != nil {
		return Stats{}, err
	}
	if a.Stats == nil {
		return Stats{}, errNoAnswer("stats")
	}
	return *a.Stats, nil
}

func errNoAnswer(to string) error { return fmt.Errorf("the server did not answer %q", to) }

// Drain asks the server to end and returns when it has begun to.
func (p *Process) Drain() error {
	_, err := p.ask("drain")
	return err
}

// Signal sends a signal to the child.
func (p *Process) Signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// Exited is closed when the child has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Stop drains the server, waits for it and returns how it ended: nil for a clean
// drain. A server that is still there well after its time is killed. It is safe
// to call after the child has ended by itself.
func (p *Process) Stop(within time.Duration) error {
	p.requests.Close() // its end is a drain
	select {
	case <-p.exited:
	case <-time.After(within):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
	err := p.failure(p.exit)
	return errors.Join(err, p.Board.Close(), p.pipe.Close())
}

// Kill ends the child at once and gives back what Process holds.
func (p *Process) Kill() error { return p.kill() }

func (p *Process) kill() error {
	if p.cmd.Process != nil {
		_ = p.cmd.Process.Kill()
	}
	<-p.exited
	var err error
	if p.Board != nil {
		err = p.Board.Close()
	}
	return errors.Join(err, p.requests.Close(), p.pipe.Close())
}

// failure adds what the child said to how it ended.
func (p *Process) failure(err error) error {
	if said := strings.TrimSpace(p.stderr.String()); err != nil && said != "" {
		return fmt.Errorf("%w: %s", err, said)
	}
	return err
}

func (p *Process) ask(do string) (answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deaf != nil { // a late answer would be taken for that of the next request
		return answer{}, p.deaf
	}
	if _, err := fmt.Fprintf(p.requests, "{\"do\":%q}\n", do); err != nil {
		return answer{}, fmt.Errorf("asking the server for %s: %w", do, err)
	}
	if err := p.pipe.SetReadDeadline(time.Now().Add(askTimeout)); err != nil {
		return answer{}, err
	}
	a, err := p.read()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		p.deaf = fmt.Errorf("the server (pid %d) did not answer %q within %v: is it stopped, or stuck?", p.Pid(), do, askTimeout)
		err = p.deaf
	}
	return a, err
}

// Said returns what the child has printed to stderr. Call it after Stop.
func (p *Process) Said() string { return strings.TrimSpace(p.stderr.String()) }

func (p *Process) read() (answer, error) {
	var a answer
	if !p.answers.Scan() {
		err := p.answers.Err()
		if err == nil {
			<-p.exited
			err = p.failure(errors.Join(io.ErrUnexpectedEOF, p.exit))
		}
		return a, err
	}
	if err := json.Unmarshal(p.answers.Bytes(), &a); err != nil {
		return a, fmt.Errorf("the server's answer: %w", err)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

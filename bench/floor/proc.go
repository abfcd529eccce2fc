package floor

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/c10kit/c10kit/internal/sys"
	"github.com/moby/sys/reexec"
)

// Which names a yardstick.
type Which string

// The yardsticks.
const (
	C         Which = "c"         // the C floor, c/epoll.c
	Go        Which = "go"        // the plain Go loop, goloop.go
	TPC       Which = "tpc"       // c/tpc.c: a thread per connection
	Prethread Which = "prethread" // c/prethread.c: a pool of threads that block in accept
	Prefork   Which = "prefork"   // c/prefork.c: a pool of processes that block in accept
	PPC       Which = "ppc"       // c/ppc.c: a process per connection
)

// programs are the sources of the yardsticks in C.
var programs = map[Which]string{C: "epoll", TPC: "tpc", Prethread: "prethread", Prefork: "prefork", PPC: "ppc"}

// CloseAfterAnswer is an argument of all: close the connection after each answer. The server is then the closer.
const CloseAfterAnswer = closeFlag

// Workers returns the argument that tells Prethread and Prefork how many to have; 64 without it.
func Workers(n int) string { return strconv.Itoa(n) }

const (
	closeFlag    = "-close"
	startTimeout = 10 * time.Second
	stopTimeout  = 2 * time.Second
)

// Proc is a running yardstick. Its methods are safe for concurrent use.
type Proc struct {
	Addr netip.AddrPort // where it listens, on loopback
	Pid  int

	which   Which
	cmd     *exec.Cmd
	stderr  bytes.Buffer // complete once ended is closed
	ended   chan struct{}
	waitErr error       // of Cmd.Wait; valid once ended is closed
	release func() bool // unbinds it from the context of Start

	stopOnce sync.Once
	stopErr  error
}

// Start starts a yardstick on a free port of 127.0.0.1, restricted to the given CPUs (none: as this process), and
// returns once it listens and its pool, if it has one, is complete. args are CloseAfterAnswer and Workers. The child
// ends, with all that it forked, with Stop, with ctx, and with this process, whatever kills it. For what is written in C
// it returns ErrNoCompiler, wrapped, where there is no compiler.
func Start(ctx context.Context, which Which, cpus []int, args ...string) (*Proc, error) {
	cmd, err := command(which, args)
	if err != nil {
		return nil, err
	}
	stdout, childsEnd, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("floor: %w", err)
	}
	defer stdout.Close() // it prints one line and nothing after it
	p := &Proc{which: which, cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = childsEnd, &p.stderr
	err = p.spawn(cpus)
	childsEnd.Close()
	if err != nil {
		return nil, fmt.Errorf("floor %s: %w", which, err)
	}
	p.Pid = cmd.Process.Pid
	p.release = context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	if p.Addr, err = readAddr(stdout); err != nil {
		return nil, fmt.Errorf("floor %s: %w", which, errors.Join(ctx.Err(), err, p.Stop()))
	}
	return p, nil
}

// command makes the child's command. SIGKILL instead of reexec's SIGTERM at the death of the parent: a yardstick has
// nothing to tidy, and must not outlive a test that was killed.
func command(which Which, args []string) (*exec.Cmd, error) {
	args = slices.Insert(slices.Clone(args), flagsOf(args), "127.0.0.1", "0")
	var cmd *exec.Cmd
	switch source, inC := programs[which]; {
	case inC:
		program, err := Build(source)
		if err != nil {
			return nil, err
		}
		cmd = exec.Command(program, args...)
	case which == Go:
		cmd = reexec.Command(append([]string{goLoopName}, args...)...)
	default:
		return nil, fmt.Errorf("floor: there is no yardstick %q", which)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = stopTimeout // for children that outlive a parent that was killed: they hold its standard error
	return cmd, nil
}

// flagsOf returns where the address goes: after what begins with a dash, before the rest.
func flagsOf(args []string) int {
	i := slices.IndexFunc(args, func(arg string) bool { return !strings.HasPrefix(arg, "-") })
	if i < 0 {
		return len(args)
	}
	return i
}

// spawn starts the child from a thread of its own, which lives as long as the child: affinity is inherited from the
// thread that clones, and Pdeathsig is sent when that thread ends, not when the process does (prctl(2)).
func (p *Proc) spawn(cpus []int) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := withAffinity(cpus, p.cmd.Start)
		started <- err
		if err == nil {
			p.waitErr = p.cmd.Wait()
			close(p.ended)
		}
	}()
	return <-started
}

// withAffinity runs f with the calling thread restricted to cpus, and restores the thread's own set after it.
func withAffinity(cpus []int, f func() error) error {
	if len(cpus) == 0 {
		return f()
	}
	before, err := sys.AllowedCPUs()
	if err != nil {
		return err
	}
	if err := sys.SetThreadAffinity(cpus); err != nil {
		return err
	}
	return errors.Join(f(), sys.SetThreadAffinity(before))
}

func readAddr(stdout *os.File) (netip.AddrPort, error) {
	if err := stdout.SetReadDeadline(time.Now().Add(startTimeout)); err != nil {
		return netip.AddrPort{}, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("it did not say where it listens: %w", err)
	}
	text, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		return netip.AddrPort{}, fmt.Errorf("it said %q instead of where it listens; does this program begin with reexec.Init?", line)
	}
	return netip.ParseAddrPort(text)
}

// CPU returns the CPU time that the yardstick has used so far, all its threads and processes together, and disturbs none
// of them. After its end it returns os.ErrProcessDone, wrapped, and not the clock of whoever has the pid now.
//
//   - One process: its clock (sys.ProcessCPU), in nanoseconds, one system call. Threads that have ended are in it.
//   - Prefork: the clocks of parent and workers. The pool is constant, so nothing is missed; they are read one after
//     the other, a microsecond each.
//   - PPC: the same clocks, and cutime and cstime of /proc/PID/stat for children that were reaped. Exact while no child
//     ends, as with keep-alive connections. Where some end between two readings, the difference is off by less than
//     20 ms, as much to one side as to the other: measure a second rather than 300 ms. (A reading repeats when a child
//     was reaped during it. Where they end too fast for that, it lacks those of its last try, a fraction of a
//     millisecond each.)
func (p *Proc) CPU() (time.Duration, error) {
	select {
	case <-p.ended:
		return 0, fmt.Errorf("CPU clock of pid %d: %w", p.Pid, os.ErrProcessDone)
	default:
	}
	read := sys.ProcessCPU
	if p.which.forks() {
		read = treeCPU
	}
	used, err := read(p.Pid)
	if err != nil {
		return 0, fmt.Errorf("CPU clock of pid %d: %w", p.Pid, err)
	}
	return used, nil
}

// Stop ends the process, by SIGTERM and after two seconds by SIGKILL, and returns when it has been reaped. The error
// is what went wrong before: that it had ended by itself, with what it printed on standard error.
func (p *Proc) Stop() error {
	p.stopOnce.Do(func() { p.stopErr = p.stop() })
	return p.stopErr
}

func (p *Proc) stop() error {
	p.release()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended; Wait knows how
	select {
	case <-p.ended:
	case <-time.After(stopTimeout):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() && (status.Signal() == syscall.SIGTERM || status.Signal() == syscall.SIGKILL) {
		return nil
	}
	return fmt.Errorf("pid %d ended by itself: %w: %s", p.Pid, p.waitErr, strings.TrimSpace(p.stderr.String()))
}

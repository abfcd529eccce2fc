package fork

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/internal/rawfork"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/conn"
)

// Child is what a worker does with the descriptor that it was forked for: a
// connection, or the listener. In a raw child it must keep the rules of
// internal/rawfork. An error makes it a worker that died (exit status 1).
type Child func(w *conn.ThreadWorker, fd int) error

// Model is what a model registers with Register.
type Model struct {
	// Forker is the life of the forking process, until a drain.
	Forker func(f *Forker) error
	// Child is that of a worker.
	Child Child
	// Exec lists the variants that re-execute their workers.
	Exec []string
}

// asked reports whether a variant is about exec.
func (m Model) asked(variant string) bool { return slices.Contains(m.Exec, variant) }

// executes reports whether its workers are re-executed, and so have several threads:
// also because a raw fork cannot be.
func (m Model) executes(variant string) bool { return m.asked(variant) || rawfork.Supported() != nil }

// reapEvery is how long a child that has ended may stay a zombie while the forker waits
// for something else.
const reapEvery = 100 * time.Millisecond

// Forker is the process that forks. Its methods are for the model's Forker, on the
// main goroutine.
type Forker struct {
	Env *models.Env

	model Model
	raw   *rawfork.Forker // nil: workers are re-executed

	// The worker that every child gets a copy of, with a slot of its own. Made once:
	// the forker's memory is the children's.
	worker *conn.ThreadWorker
	fd     int
	run    func() int

	self     *board.Slot // the forker is a worker too: it accepts, or forks
	children map[int]child

	// In a model that keeps a pool full, a worker that died young delays the next one.
	pool      bool
	backoff   time.Duration
	notBefore time.Time

	polls [2]unix.PollFd
	ts    unix.Timespec
}

// child is what the forker remembers of one.
type child struct {
	slot  *board.Slot
	begun time.Time
}

func newForker(env *models.Env, m Model) (*Forker, error) {
	f := &Forker{Env: env, model: m, children: map[int]child{}}
	var err error
	if f.self, err = env.Board.Take(os.Getpid(), unix.Gettid()); err != nil {
		return nil, err
	}
	if f.worker, err = conn.NewThreadWorkerAt(env, f.self, conn.RawBlocking); err != nil {
		return nil, err
	}
	if err := rawfork.Supported(); err != nil && !m.asked(env.Config.Variant) {
		fmt.Fprintf(os.Stderr, "c10kit: workers are re-executed: %v\n", err)
	}
	if m.executes(env.Config.Variant) { // the supervisor hears the signals, as rawfork.Prepare has it
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		return f, nil
	}
	f.worker.Reserve(reserve)
	f.run = func() int {
		f.worker.EnterForked()
		err := f.model.Child(f.worker, f.fd)
		f.worker.Exit(true)
		if err != nil {
			return 1 // what it says cannot be printed here
		}
		return 0
	}
	f.raw, err = rawfork.Prepare()
	return f, err
}

// reserve is how many free blocks a child finds: what a request with a body and a
// pipelined answer needs at a time, so that nearly none is allocated in a child.
const reserve = 16

// Draining reports whether the server ends.
func (f *Forker) Draining() bool { return f.Env.Board.Draining().Load() != 0 }

// Fork starts a worker for descriptor fd, which stays the forker's too.
func (f *Forker) Fork(fd int) error {
	slot, err := f.take()
	if err != nil {
		return err
	}
	c := child{slot, time.Now()}
	start := f.exec
	if f.raw != nil {
		start = f.fork
	}
	pid, err := start(slot, fd)
	if err != nil {
		f.Env.Board.End(slot, 0)
		return err
	}
	f.children[pid] = c
	return nil
}

// take takes a slot. On a board that is full it waits for workers that have said that
// they exit: their connections are closed, so their slots are as good as free, but
// only a process that has been reaped gives its slot back.
func (f *Forker) take() (*board.Slot, error) {
	for waited := time.Duration(0); ; waited += exitPoll {
		slot, err := f.Env.Board.Take(0, 0)
		if !errors.Is(err, board.ErrFull) || waited >= reapEvery || !f.exiting() {
			return slot, err
		}
		f.wait(-1, exitPoll)
		if err := f.reap(); err != nil {
			return nil, err
		}
	}
}

// exitPoll is how often take looks.
const exitPoll = 2 * time.Millisecond

// exiting reports whether any child is about to end.
func (f *Forker) exiting() bool {
	for _, c := range f.children {
		if c.slot.State() == board.Ended {
			return true
		}
	}
	return false
}

func (f *Forker) fork(slot *board.Slot, fd int) (pid int, err error) {
	f.raw.Collect()
	f.fd = fd
	f.worker.Sit(slot)
	pid, err = f.raw.Fork(f.run, append(f.worker.Keep(), fd)...)
	f.worker.Sit(f.self)
	return pid, err
}

// Refuse tells a connection that it is one too many, and closes it.
func (f *Forker) Refuse(fd int) { f.worker.Refuse(fd) }

// Close closes the forker's copy of a connection.
func (f *Forker) Close(fd int) { _ = syscall.Close(fd) }

// Postpone says why a worker could not be forked. The next Vacancy waits, as if one
// had died young.
func (f *Forker) Postpone(err error) {
	f.delay()
	fmt.Fprintf(os.Stderr, "c10kit: %v; %d workers go on, the next may start in %v\n", err, len(f.children), f.backoff)
}

// Accept waits for a connection, reaping meanwhile. Not ok is a drain. The listener
// has one waiter, this process, so polling it beside the pipe wakes nobody else.
func (f *Forker) Accept() (fd int, ok bool, err error) {
	f.self.SetState(board.Accepting)
	defer f.self.SetState(board.Serving)
	for {
		if !f.wait(f.Env.Listener.FD, reapEvery) {
			return -1, false, f.reap()
		}
		if err := f.reap(); err != nil {
			return -1, false, err
		}
		if f.polls[1].Revents == 0 {
			continue
		}
		n, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(f.Env.Listener.FD), 0, 0, unix.SOCK_CLOEXEC, 0, 0)
		switch conn.OutcomeOf(errno) {
		case conn.Accepted:
			f.self.Add(board.WakeUps, 1)
			return int(n), true, nil
		case conn.Drained:
			return -1, false, nil
		case conn.Nothing, conn.Gone:
		case conn.Exhausted: // not for longer: children are reaped meanwhile
			f.self.Add(board.Errors, 1)
			f.wait(-1, firstBackoff)
		default:
			return -1, false, os.NewSyscallError("accept4", errno)
		}
	}
}

// Vacancy waits until there are fewer workers than Config.Workers, reaping
// meanwhile, and, if the last one died young, for the back-off. Not ok is a drain: of
// one that begins while the pool is full it hears by the first worker that ends.
func (f *Forker) Vacancy() (ok bool, err error) {
	f.pool = true
	for {
		left := time.Until(f.notBefore)
		full := len(f.children) >= f.Env.Config.Workers
		if f.Draining() || !full && left <= 0 {
			return !f.Draining(), nil
		}
		if full {
			err = f.death()
		} else {
			f.wait(-1, min(left, reapEvery))
			err = f.reap()
		}
		if err != nil {
			return false, err
		}
	}
}

// Drain waits for the workers to end.
func (f *Forker) Drain() error {
	for len(f.children) > 0 {
		if err := f.death(); err != nil {
			return err
		}
	}
	return nil
}

// death sleeps until a child has ended, and reaps it: waitid(2) with WNOWAIT, so that reap
// finds it. Whoever has nothing else to wait for waits here: the forker counts as a
// worker, and a sleep with an end would be context switches of a server that nothing
// happens to.
func (f *Forker) death() error {
	_, errno := f.call(unix.SYS_WAITID, unix.P_ALL, 0, 0, unix.WEXITED|unix.WNOWAIT)
	err := f.reap() // says more of ECHILD, in a forker that forks raw
	if err == nil && errno != 0 && errno != unix.EINTR {
		return os.NewSyscallError("waitid", errno)
	}
	return err // after a signal nil: the caller comes back
}

// wait sleeps until fd (if not -1) is readable or the time has passed. It returns
// false when a drain has begun: the supervisor's pipe has ended.
func (f *Forker) wait(fd int, d time.Duration) bool {
	f.polls[0] = unix.PollFd{Fd: pipeFD, Events: unix.POLLIN}
	f.polls[1] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	f.ts = unix.NsecToTimespec(int64(d))
	n, errno := f.call(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&f.polls)), uintptr(len(f.polls)), uintptr(unsafe.Pointer(&f.ts)), 0)
	if errno != 0 || n == 0 {
		f.polls[0].Revents, f.polls[1].Revents = 0, 0
	}
	if n == 0 {
		f.self.Add(board.TimedWakeUps, 1)
	}
	return f.polls[0].Revents == 0 && !f.Draining()
}

// call makes a system call that waits. What it points to lies in f, which does not move.
// The runtime is told of it, and may then start a thread that takes over the processor,
// only in a forker that does not fork raw.
func (f *Forker) call(trap, a, b, c, d uintptr) (r uintptr, errno syscall.Errno) {
	if f.raw == nil {
		r, _, errno = syscall.Syscall6(trap, a, b, c, d, 0, 0)
	} else {
		r, _, errno = syscall.RawSyscall6(trap, a, b, c, d, 0, 0)
	}
	return r, errno
}

// reap takes the children that have ended off the system's hands and the board.
func (f *Forker) reap() error {
	if f.raw == nil {
		return f.reapExec()
	}
	return f.raw.Reap(f.bookRaw)
}

// bookRaw books a child of one thread: what it used, and its slot if it did not give it
// back itself.
func (f *Forker) bookRaw(pid int, status syscall.WaitStatus, usage *syscall.Rusage) {
	f.Env.Board.Reaped(f.children[pid].slot, usage)
	f.ended(pid, status)
}

// ended forgets a child that has been booked, and says how it ended if not well.
func (f *Forker) ended(pid int, status syscall.WaitStatus) {
	c := f.children[pid]
	delete(f.children, pid)
	if !status.Signaled() && status.ExitStatus() == 0 {
		return
	}
	if time.Since(c.begun) >= healthy {
		f.backoff = 0
	}
	next := ""
	if f.pool {
		f.delay()
		next = fmt.Sprintf("; the next may start in %v", f.backoff)
	}
	fmt.Fprintf(os.Stderr, "c10kit: worker %d ended by %s%s\n", pid, cause(status), next)
}

// delay puts the next worker off, for twice as long as last time.
func (f *Forker) delay() {
	f.backoff = nextBackoff(f.backoff)
	f.notBefore = time.Now().Add(f.backoff)
}

func cause(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "signal " + status.Signal().String()
	}
	return fmt.Sprintf("status %d", status.ExitStatus())
}

// forkerMain is the main function of a forker.
func forkerMain(args []string) error {
	env, err := inherit(args)
	if err != nil {
		return err
	}
	m, ok := registered[env.Config.Model]
	if !ok {
		return fmt.Errorf("%s is no model that forks", env.Config.Model)
	}
	syscall.CloseOnExec(pipeFD)
	f, err := newForker(env, m)
	if err != nil {
		return err
	}
	if err := m.Forker(f); err != nil {
		return err
	}
	if err := f.Drain(); err != nil {
		return err
	}
	f.worker.Exit(false)
	return nil
}

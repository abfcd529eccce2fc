package fork

import (
	"fmt"
	"os"
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
// internal/rawfork.
type Child func(w *conn.ThreadWorker, fd int)

// Model is what a model registers with Register.
type Model struct {
	// Forker is the life of the forking process, until a drain.
	Forker func(f *Forker) error
	// Child is that of a worker.
	Child Child
	// Exec reports whether a variant re-executes its workers.
	Exec func(variant string) bool
}

// reapEvery is how long a child that has ended may stay a zombie, and how late the
// forker may hear of a drain while it waits for nothing else.
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

	// A worker that died young delays the next one.
	backoff   time.Duration
	notBefore time.Time

	polls [2]unix.PollFd
	ts    unix.Timespec
}

// child is what the forker remembers of one.
type child struct {
	slot  *board.Slot
	gen   uint32
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
	if m.Exec(env.Config.Variant) {
		return f, nil
	}
	if err := rawfork.Supported(); err != nil {
		fmt.Fprintf(os.Stderr, "c10kit: workers are re-executed: %v\n", err)
		return f, nil
	}
	f.worker.Reserve(reserve)
	f.run = func() int {
		f.worker.EnterForked()
		f.model.Child(f.worker, f.fd)
		f.worker.Leave()
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
	slot, err := f.Env.Board.Take(0, 0)
	if err != nil {
		return err
	}
	c := child{slot, slot.Generation(), time.Now()}
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

// Children returns how many workers there are.
func (f *Forker) Children() int { return len(f.children) }

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
		switch errno {
		case 0:
			f.self.Add(board.WakeUps, 1)
			return int(n), true, nil
		case unix.EINVAL:
			return -1, false, nil
		case unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM:
			f.self.Add(board.Errors, 1)
			f.wait(-1, firstBackoff)
		}
	}
}

// Wait waits until a drain begins, but no longer than it takes a worker that has
// ended to be noticed, and reaps. It reports whether the server goes on.
func (f *Forker) Wait() (ok bool, err error) {
	ok = f.wait(-1, reapEvery)
	return ok, f.reap()
}

// Drain waits for the workers to end.
func (f *Forker) Drain() error {
	for len(f.children) > 0 {
		f.ts = unix.NsecToTimespec(int64(2 * time.Millisecond))
		_, _, _ = syscall.RawSyscall6(unix.SYS_PPOLL, 0, 0, uintptr(unsafe.Pointer(&f.ts)), 0, 0, 0)
		if err := f.reap(); err != nil {
			return err
		}
	}
	return nil
}

// Ready reports whether a worker may be forked in the place of one that died: at
// once, or, if that died young, after a back-off that doubles.
func (f *Forker) Ready() bool { return !time.Now().Before(f.notBefore) }

// wait sleeps until fd (if not -1) is readable or the time has passed. It returns
// false when a drain has begun: the supervisor's pipe has ended.
func (f *Forker) wait(fd int, d time.Duration) bool {
	f.polls[0] = unix.PollFd{Fd: pipeFD, Events: unix.POLLIN}
	f.polls[1] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	f.ts = unix.NsecToTimespec(int64(d))
	n, _, errno := syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&f.polls[0])), 2, uintptr(unsafe.Pointer(&f.ts)), 0, 0, 0)
	if errno != 0 || n == 0 {
		f.polls[0].Revents, f.polls[1].Revents = 0, 0
	}
	if n == 0 {
		f.self.Add(board.TimedWakeUps, 1)
	}
	return f.polls[0].Revents == 0 && !f.Draining()
}

// reap takes the children that have ended off the system's hands and the board.
func (f *Forker) reap() error {
	if f.raw == nil {
		return f.reapExec()
	}
	return f.raw.Reap(f.ended)
}

// ended books a child: what it used, and its slot if it did not give it back itself.
func (f *Forker) ended(pid int, status syscall.WaitStatus, usage *syscall.Rusage) {
	c := f.children[pid]
	delete(f.children, pid)
	f.Env.Board.Used(time.Duration(usage.Utime.Nano()), time.Duration(usage.Stime.Nano()))
	if c.slot != nil && c.slot.Generation() == c.gen {
		f.Env.Board.End(c.slot, 0)
	}
	if !status.Signaled() && status.ExitStatus() == 0 {
		return
	}
	f.self.Add(board.Errors, 1)
	now := time.Now()
	if now.Sub(c.begun) >= healthy {
		f.backoff = 0
	}
	f.backoff = nextBackoff(f.backoff)
	f.notBefore = now.Add(f.backoff)
	fmt.Fprintf(os.Stderr, "c10kit: worker %d ended by %s; the next may start in %v\n", pid, cause(status), f.backoff)
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
	env.Board.End(f.self, 0)
	return nil
}

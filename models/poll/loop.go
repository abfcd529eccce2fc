package poll

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Handler is told what happens to a Watch. Its methods run on the loop's thread.
type Handler interface {
	// Ready says that epoll reported events (EPOLLIN, EPOLLOUT, ...), or, with 0
	// events, that the watch asked to be called Again.
	Ready(events uint32)
	// Expired says that the watch's deadline has passed.
	Expired(now int64)
}

// Watch is a descriptor, a timer, or both, known to a Loop: embed it in what
// handles it. The zero Watch is ready for Add; it may be reused after Forget or
// Remove.
type Watch struct {
	fd1     int   // descriptor + 1, so that the zero Watch has none
	gen     int32 // tells an event of this use from one of an earlier
	handler Handler
	again   bool
	timer   timer
}

// FD returns the descriptor that was added, or -1.
func (w *Watch) FD() int { return w.fd1 - 1 }

// Loop waits for descriptors and timers. Everything but New must be called by
// the one thread that runs it.
type Loop struct {
	epfd   int
	clock  func() int64
	now    int64    // what clock said after the last wait
	watch  []*Watch // by descriptor
	gen    int32
	events []unix.EpollEvent
	wheel  wheel
	again  []*Watch
	rerun  []*Watch // again, while its members are being called

	// WakeUps counts waits that returned events; Timed those that returned for a
	// timer only.
	WakeUps, Timed uint64
}

// batch is how many events one wait takes: enough that 10,000 busy connections
// need 20 waits a round, few enough (6 KiB) that the array stays in the cache.
const batch = 512

// New makes a loop. clock returns the time in nanoseconds that deadlines are in;
// the loop calls it once after every wait, before any handler.
func New(clock func() int64) (*Loop, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	l := &Loop{epfd: epfd, clock: clock, now: clock(), events: make([]unix.EpollEvent, batch)}
	l.wheel.init(l.now)
	return l, nil
}

// Close closes the loop's descriptor; those that were added stay open.
func (l *Loop) Close() error { return os.NewSyscallError("close", unix.Close(l.epfd)) }

// Add watches descriptor fd for events and calls h. The descriptor stays the
// caller's. With EPOLLET one call does for the whole life of a connection: no
// EPOLL_CTL_MOD is ever needed.
func (l *Loop) Add(w *Watch, fd int, events uint32, h Handler) error {
	l.gen++
	w.gen, w.handler = l.gen, h
	ev := unix.EpollEvent{Events: events, Fd: int32(fd), Pad: w.gen}
	if errno := l.ctl(unix.EPOLL_CTL_ADD, fd, &ev); errno != 0 {
		return os.NewSyscallError("epoll_ctl", errno)
	}
	for fd >= len(l.watch) {
		l.watch = append(l.watch, make([]*Watch, max(64, len(l.watch)))...)
	}
	l.watch[fd] = w
	w.fd1 = fd + 1
	return nil
}

// AddTimer prepares w as a timer without a descriptor.
func (l *Loop) AddTimer(w *Watch, h Handler) { w.fd1, w.handler = 0, h }

// Forget stops every callback for w, whose descriptor the caller is about to
// close (which takes it out of the epoll set). Events of this wait that are still
// to be handed out are dropped by their generation.
func (l *Loop) Forget(w *Watch) {
	if w.fd1 > 0 {
		l.watch[w.FD()] = nil
		w.fd1 = 0
	}
	w.again = false
	l.wheel.remove(w)
}

// Remove is Forget for a descriptor that stays open; without one it only stops the
// timer.
func (l *Loop) Remove(w *Watch) error {
	var err error
	if w.fd1 > 0 {
		if errno := l.ctl(unix.EPOLL_CTL_DEL, w.FD(), &unix.EpollEvent{}); errno != 0 {
			err = os.NewSyscallError("epoll_ctl", errno)
		}
	}
	l.Forget(w)
	return err
}

// Again calls w's Ready(0) before the next wait, after the other connections had
// their turn: for a handler that has more to do than is fair to do at once. The
// edge that told of it will not come a second time.
func (l *Loop) Again(w *Watch) {
	if !w.again {
		w.again = true
		l.again = append(l.again, w)
	}
}

// SetDeadline asks for Expired at or soon after the given time (a millisecond's
// resolution); 0 is never. Moving a deadline into the future is one store: the
// timer looks again when it fires, so a keep-alive connection that is renewed by
// every request costs the wheel nothing.
func (l *Loop) SetDeadline(w *Watch, deadline int64) { l.wheel.set(w, deadline) }

// Wait waits until something happens and calls the handlers. An error is that of
// epoll_pwait and ends the loop.
//
// The clock is read once a wait. The time that the handlers take is therefore
// missing when the next timeout is computed, and a timer can be late by it.
func (l *Loop) Wait() error {
	timeout := l.wheel.timeout(l.now)
	if len(l.again) > 0 {
		timeout = 0
	}
	n, errno := l.wait(timeout)
	if errno != 0 && errno != unix.EINTR {
		return os.NewSyscallError("epoll_pwait", errno)
	}
	l.now = l.clock()
	if n > 0 {
		l.WakeUps++
	} else if timeout != 0 && errno == 0 { // a signal is neither
		l.Timed++
	}
	for i := range l.events[:n] {
		ev := &l.events[i]
		if w := l.watch[ev.Fd]; w != nil && w.gen == ev.Pad {
			w.handler.Ready(ev.Events)
		}
	}
	l.runAgain()
	l.wheel.expire(l.now)
	return nil
}

func (l *Loop) runAgain() {
	if len(l.again) == 0 {
		return
	}
	l.rerun, l.again = l.again, l.rerun[:0]
	for i, w := range l.rerun {
		l.rerun[i] = nil
		if w.again {
			w.again = false
			w.handler.Ready(0)
		}
	}
}

// wait is epoll_pwait: there is no epoll_wait on arm64. A wait that cannot block
// is a RawSyscall. One that may block must let the runtime know (Syscall): a
// thread that sleeps unannounced keeps its P, and the next garbage collection
// waits for it for ever. Announcing costs some 60 ns, once per wait. Polling with
// timeout 0 first and sleeping only when that finds nothing was rejected: at 64
// connections on a core of its own the loop finds nothing about as often as it
// finds something, and pays a system call more.
func (l *Loop) wait(timeout int) (int, unix.Errno) {
	ev := uintptr(unsafe.Pointer(&l.events[0]))
	var n uintptr
	var errno unix.Errno
	if timeout == 0 {
		n, _, errno = syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epfd), ev, uintptr(len(l.events)), 0, 0, 0)
	} else {
		n, _, errno = syscall.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epfd), ev, uintptr(len(l.events)), uintptr(timeout), 0, 0)
	}
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

func (l *Loop) ctl(op, fd int, ev *unix.EpollEvent) unix.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(l.epfd), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(ev)), 0, 0)
	return errno
}

// milliseconds rounds a wait up, so that a loop does not wake up before its timer
// is due and spin.
func milliseconds(ns int64) int {
	return int((ns + int64(time.Millisecond) - 1) / int64(time.Millisecond))
}

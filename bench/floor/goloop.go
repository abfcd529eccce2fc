package floor

import (
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	beforeDate = "HTTP/1.1 200 OK\r\nServer: c10kit\r\nDate: "
	dateFormat = "Mon, 02 Jan 2006 15:04:05 GMT" // IMF-fixdate, RFC 9110, section 5.6.7
	afterDate  = "\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"

	answerLength = len(beforeDate + dateFormat + afterDate)

	maxEvents = 256
	readSize  = 16384
	backlog   = 4096
)

// goLoop is the state of the plain Go loop, c/epoll.c line for line: the same order of system calls, the same bytes.
// It belongs to the one locked thread that runs it and allocates nothing once it serves.
type goLoop struct {
	epfd, listenFD, timer int
	closeAfterAnswer      bool
	answer                [answerLength]byte
	owed                  []uint32 // by descriptor: bytes of answers that did not fit the send buffer
	input                 [readSize]byte
	events                [maxEvents]unix.EpollEvent
}

// serveGoLoop serves addr until an error, which it returns, and prints the address on standard output once it listens.
// It must run on a locked thread. Read and write never block and so need not tell the runtime (RawSyscall); the wait
// does, because a thread that sleeps in a raw system call keeps the collector waiting for ever.
func serveGoLoop(addr netip.AddrPort, closeAfterAnswer bool) error {
	l := &goLoop{closeAfterAnswer: closeAfterAnswer}
	copy(l.answer[:], beforeDate+dateFormat+afterDate)
	l.refreshDate()
	for _, prepare := range []func() error{
		l.raiseLimit, l.createEpoll, l.startTimer,
		func() error { return l.listenOn(addr) },
	} {
		if err := prepare(); err != nil {
			return err
		}
	}
	for {
		n, err := l.wait()
		if err != nil {
			return err
		}
		for i := range l.events[:n] {
			if err := l.dispatch(&l.events[i]); err != nil {
				return err
			}
		}
	}
}

func (l *goLoop) raiseLimit() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return os.NewSyscallError("setrlimit", err)
	}
	l.owed = make([]uint32, min(limit.Cur, 1<<20))
	return nil
}

func (l *goLoop) createEpoll() (err error) {
	l.epfd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return os.NewSyscallError("epoll_create1", err)
}

// startTimer lets a timer tell the second, not a clock read per wake-up: it costs a busy server nothing per request.
func (l *goLoop) startTimer() (err error) {
	l.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("timerfd_create", err)
	}
	every := unix.ItimerSpec{Value: unix.Timespec{Sec: 1}, Interval: unix.Timespec{Sec: 1}}
	if err := unix.TimerfdSettime(l.timer, 0, &every, nil); err != nil {
		return os.NewSyscallError("timerfd_settime", err)
	}
	return l.watch(l.timer, unix.EPOLLIN|unix.EPOLLET)
}

func (l *goLoop) listenOn(addr netip.AddrPort) (err error) {
	l.listenFD, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	_ = unix.SetsockoptInt(l.listenFD, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	_ = unix.SetsockoptInt(l.listenFD, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) // accepted sockets inherit it
	if err := unix.Bind(l.listenFD, &unix.SockaddrInet4{Addr: addr.Addr().As4(), Port: int(addr.Port())}); err != nil {
		return fmt.Errorf("%s: %w", addr, os.NewSyscallError("bind", err))
	}
	if err := unix.Listen(l.listenFD, backlog); err != nil {
		return fmt.Errorf("%s: %w", addr, os.NewSyscallError("listen", err))
	}
	name, err := unix.Getsockname(l.listenFD)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	fmt.Printf("listening on %s:%d\n", addr.Addr(), name.(*unix.SockaddrInet4).Port)
	return l.watch(l.listenFD, unix.EPOLLIN|unix.EPOLLET)
}

func (l *goLoop) watch(fd int, events uint32) error {
	ev := unix.EpollEvent{Events: events, Fd: int32(fd)}
	_, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(l.epfd), unix.EPOLL_CTL_ADD, uintptr(fd), uintptr(unsafe.Pointer(&ev)), 0, 0)
	if errno != 0 {
		return os.NewSyscallError("epoll_ctl", errno)
	}
	return nil
}

func (l *goLoop) wait() (int, error) {
	n, _, errno := syscall.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epfd), uintptr(unsafe.Pointer(&l.events[0])), maxEvents, ^uintptr(0), 0, 0)
	if errno == unix.EINTR {
		return 0, nil
	}
	if errno != 0 {
		return 0, os.NewSyscallError("epoll_pwait", errno)
	}
	return int(n), nil
}

func (l *goLoop) dispatch(ev *unix.EpollEvent) error {
	switch fd := int(ev.Fd); fd {
	case l.listenFD:
		return l.acceptAll()
	case l.timer:
		return l.tick()
	default:
		l.handle(fd, ev.Events)
		return nil
	}
}

func (l *goLoop) refreshDate() {
	time.Now().UTC().AppendFormat(l.answer[:len(beforeDate)], dateFormat)
}

func (l *goLoop) tick() error {
	var ticks [8]byte
	if _, errno := rawRead(l.timer, ticks[:]); errno != 0 && errno != unix.EAGAIN {
		return os.NewSyscallError("read of the timer", errno)
	}
	l.refreshDate()
	return l.acceptAll()
}

// acceptAll accepts until the queue is empty. Out of descriptors it leaves the rest there; the next tick tries again,
// because edge-triggered epoll will not repeat the event.
func (l *goLoop) acceptAll() error {
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(l.listenFD), 0, 0, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		switch errno {
		case 0:
		case unix.EAGAIN, unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM:
			return nil
		case unix.EINTR, unix.ECONNABORTED:
			continue
		default:
			return os.NewSyscallError("accept4", errno)
		}
		fd := int(n)
		if fd >= len(l.owed) {
			rawClose(fd)
			continue
		}
		l.owed[fd] = 0
		if err := l.watch(fd, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLRDHUP|unix.EPOLLET); err != nil {
			return err
		}
	}
}

func (l *goLoop) handle(fd int, events uint32) {
	alive := true
	if l.owed[fd] > 0 {
		alive = l.pay(fd)
		if l.owed[fd] > 0 && alive {
			return
		}
		events |= unix.EPOLLIN // requests may have come while it owed: their edge is past
	}
	if alive && events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		alive = l.serve(fd, events)
	}
	if !alive {
		rawClose(fd)
	}
}

// serve reads and answers, and reports whether the connection lives on. A short read has emptied the socket, and what
// comes later is a new edge; the end of the stream is read only where epoll has announced it.
func (l *goLoop) serve(fd int, events uint32) bool {
	for {
		n, errno := rawRead(fd, l.input[:])
		if n <= 0 {
			return errno == unix.EAGAIN
		}
		l.owed[fd] += uint32(answerLength)
		if !l.pay(fd) {
			return false
		}
		if l.owed[fd] > 0 { // the peer does not read: stop until EPOLLOUT
			return true
		}
		if n < len(l.input) && events&unix.EPOLLRDHUP == 0 {
			return true
		}
	}
}

// pay sends what is owed and reports whether the connection lives on. What is owed may begin in the middle of an
// answer; the answers are equal but for the date, so the offset within one is all there is to know.
func (l *goLoop) pay(fd int) bool {
	for l.owed[fd] > 0 {
		rest := l.owed[fd] % uint32(answerLength)
		if rest == 0 {
			rest = uint32(answerLength)
		}
		n, errno := rawWrite(fd, l.answer[uint32(answerLength)-rest:])
		if errno != 0 {
			return errno == unix.EAGAIN
		}
		l.owed[fd] -= uint32(n)
	}
	return !l.closeAfterAnswer
}

func rawRead(fd int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}

func rawWrite(fd int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}

func rawClose(fd int) { syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

package loadgen

import (
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sockaddr is a socket address as the kernel reads it, built once so that
// connect and bind convert and allocate nothing.
type sockaddr struct {
	raw  unix.RawSockaddrInet6 // large enough for both families
	size uintptr
}

func newSockaddr(a netip.AddrPort) sockaddr {
	var s sockaddr
	port := a.Port()<<8 | a.Port()>>8 // network order; amd64 and arm64 are little-endian
	if a.Addr().Is4() {
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(&s.raw))
		in.Family, in.Port, in.Addr = unix.AF_INET, port, a.Addr().As4()
		s.size = unix.SizeofSockaddrInet4
		return s
	}
	s.raw.Family, s.raw.Port, s.raw.Addr = unix.AF_INET6, port, a.Addr().As16()
	s.size = unix.SizeofSockaddrInet6
	return s
}

// The calls below are RawSyscalls: no socket here blocks, and telling the
// scheduler about a call that takes a microsecond costs a tenth of it. They
// return the errno as a plain number, 0 for none.

// rawReceive reads into p, or takes up to len(p) bytes off the socket and
// leaves p as it is if they are to be discarded.
func rawReceive(fd int32, p []byte, discard bool) (int, syscall.Errno) {
	if discard {
		n, _, e := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
			unix.MSG_TRUNC, 0, 0)
		return int(n), e
	}
	n, _, e := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), e
}

func rawWrite(fd int32, p []byte) (int, syscall.Errno) {
	n, _, e := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), e
}

func rawClose(fd int32) {
	// Linux has released the descriptor even if close reports an error, and
	// there is no error that would mean anything for a socket.
	_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
}

func rawSocket(family uint16) (int32, syscall.Errno) {
	fd, _, e := unix.RawSyscall(unix.SYS_SOCKET, uintptr(family), unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	return int32(fd), e
}

func rawBind(fd int32, a *sockaddr) syscall.Errno {
	_, _, e := unix.RawSyscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&a.raw)), a.size)
	return e
}

// rawConnect takes EINPROGRESS as success: the outcome comes as an event.
func rawConnect(fd int32, a *sockaddr) syscall.Errno {
	_, _, e := unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&a.raw)), a.size)
	if e == unix.EINPROGRESS {
		return 0
	}
	return e
}

func rawSetInt(fd int32, level, option uintptr, value int32) syscall.Errno {
	_, _, e := unix.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), level, option, uintptr(unsafe.Pointer(&value)), unsafe.Sizeof(value), 0)
	return e
}

// rawPending returns and clears the socket's pending error (SO_ERROR).
func rawPending(fd int32) syscall.Errno {
	var value int32
	size := uint32(unsafe.Sizeof(value))
	_, _, e := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_ERROR,
		uintptr(unsafe.Pointer(&value)), uintptr(unsafe.Pointer(&size)), 0)
	if e != 0 {
		return e
	}
	return syscall.Errno(value)
}

// rawHalfClose sends our FIN and leaves the other direction open.
func rawHalfClose(fd int32) syscall.Errno {
	_, _, e := unix.RawSyscall(unix.SYS_SHUTDOWN, uintptr(fd), unix.SHUT_WR, 0)
	return e
}

// events are what a connection is registered for, once and edge-triggered:
// no epoll_ctl ever follows the one that adds it (epoll(7)).
const events = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET

func epollAdd(ep, fd int32, events uint32, tag int32) syscall.Errno {
	ev := unix.EpollEvent{Events: events, Fd: tag}
	_, _, e := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(ep), unix.EPOLL_CTL_ADD, uintptr(fd), uintptr(unsafe.Pointer(&ev)), 0, 0)
	return e
}

// epollPoll returns the events that are ready now.
func epollPoll(ep int32, list []unix.EpollEvent) (int, syscall.Errno) {
	n, _, e := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(list))), uintptr(len(list)), 0, 0, 0)
	return int(n), e
}

// epollWait waits up to ms milliseconds, for ever if ms < 0. It is a Syscall:
// the runtime must be able to take the processor from a thread that sleeps, or
// the next stop-the-world would hang.
func epollWait(ep int32, list []unix.EpollEvent, ms int) (int, syscall.Errno) {
	n, _, e := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(list))), uintptr(len(list)), uintptr(ms), 0, 0)
	return int(n), e
}

// epollWaitNS is epollWait for up to ns nanoseconds (Linux 5.11).
func epollWaitNS(ep int32, list []unix.EpollEvent, ns int64) (int, syscall.Errno) {
	limit := unix.Timespec{Sec: ns / 1e9, Nsec: ns % 1e9}
	n, _, e := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(list))), uintptr(len(list)),
		uintptr(unsafe.Pointer(&limit)), 0, 0)
	return int(n), e
}

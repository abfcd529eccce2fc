package conn

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// This file: the system calls that a blocking driver sleeps in, in its flavour.

func (t *Thread) accept4(listener int) (int, unix.Errno) {
	t.sock.raw = t.flavour != Blocking
	return t.sock.call(unix.SYS_ACCEPT4, uintptr(listener), 0, 0, unix.SOCK_CLOEXEC)
}

func (t *Thread) nanosleep(ns int64) {
	t.ts = unix.NsecToTimespec(ns)
	// An early return (a signal) is noticed by the caller, who looks at the clock.
	_, _ = t.sock.call(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, 0, uintptr(unsafe.Pointer(&t.ts)), 0)
}

// poll waits up to ns nanoseconds for fd to become readable, by ppoll(2): there is
// no poll system call on arm64.
func (t *Thread) poll(fd int, ns int64) bool {
	t.pfd = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	t.ts = unix.NsecToTimespec(ns)
	n, _ := t.sock.call(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&t.pfd)), 1, uintptr(unsafe.Pointer(&t.ts)), 0)
	return n > 0
}

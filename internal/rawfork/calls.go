//go:build amd64 || arm64

package rawfork

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// This file: system calls without the runtime's knowledge, with the kernel's own
// types. It is limited to the architectures whose types these are.

// sigset is the kernel's sigset_t: bit n-1 is signal n.
type sigset uint64

// sigaction is the kernel's struct sigaction.
type sigaction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     sigset
}

// sigIgnore is SIG_IGN; the zero sigaction is SIG_DFL.
const sigIgnore = 1

// setAction sets the disposition of a signal behind the runtime's back. It cannot
// fail for a signal that exists and is not SIGKILL or SIGSTOP.
func setAction(sig unix.Signal, to *sigaction) {
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(to)), 0, unsafe.Sizeof(to.mask), 0, 0)
}

// block adds a signal to those that the thread blocks.
func block(sig unix.Signal) {
	add := sigset(1) << (sig - 1)
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_BLOCK, uintptr(unsafe.Pointer(&add)), 0, unsafe.Sizeof(add), 0, 0)
}

// setMask sets the thread's mask of blocked signals and stores what it was in old,
// unless that is nil. It cannot fail.
func setMask(to, old *sigset) {
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(old)),
		unsafe.Sizeof(*to), 0, 0)
}

// closeRange closes all descriptors of s.
func closeRange(s span) unix.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_CLOSE_RANGE, uintptr(s.first), uintptr(s.last), 0)
	return errno
}

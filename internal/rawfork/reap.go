package rawfork

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Reap calls ended for each child that has ended since, until there is none, and
// waits for nobody: call it after each accept, or when a child has ended. usage is what the
// child used over its whole life, crashed or not; it is valid until ended returns.
// Reap allocates nothing.
//
// The process must have no other children and nobody else who waits for them; an
// error says that somebody did.
func (f *Forker) Reap(ended func(pid int, status syscall.WaitStatus, usage *syscall.Rusage)) error {
	for f.children > 0 {
		pid, _, errno := unix.RawSyscall6(unix.SYS_WAIT4, ^uintptr(0), uintptr(unsafe.Pointer(&f.status)),
			unix.WNOHANG, uintptr(unsafe.Pointer(&f.usage)), 0, 0)
		switch {
		case errno == unix.ECHILD:
			n := f.children
			f.children = 0
			return fmt.Errorf("rawfork: %w: somebody else waited for %d children of this process, or SIGCHLD is ignored",
				os.NewSyscallError("wait4", errno), n)
		case errno != 0:
			return fmt.Errorf("rawfork: %w", os.NewSyscallError("wait4", errno))
		case pid == 0:
			return nil
		}
		f.children--
		ended(int(pid), syscall.WaitStatus(f.status), &f.usage)
	}
	return nil
}

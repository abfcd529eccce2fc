package rawfork

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// This file: what children of the tests do, and helpers of forkers.

func bytesAddr(b []byte) uintptr { return uintptr(unsafe.Pointer(&b[0])) }

// blockRaw sleeps for ever, as a child may.
func blockRaw() {
	for {
		_, _, _ = unix.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
	}
}

// pend makes every fork of f happen with a preemption request pending, which is seen by
// its SIGURG: so the signal is let through between forks.
func (f *Forker) pend() {
	setMask(&f.noSignals, nil)
	f.beforeClone = pend
}

// pend runs pinned, with all signals blocked, until sysmon has asked for the thread. The
// request came first (preemptone stores the stack guard and then sends the signal), and
// the loop contains no stack check that would answer it.
//
//go:nosplit
func pend() {
	var now, begin unix.Timespec
	clock(&begin)
	for {
		var pending sigset
		_, _, _ = unix.RawSyscall(unix.SYS_RT_SIGPENDING, uintptr(unsafe.Pointer(&pending)), unsafe.Sizeof(pending), 0)
		clock(&now)
		elapsed := (now.Sec-begin.Sec)*1e9 + now.Nsec - begin.Nsec
		asked := pending&(1<<(unix.SIGURG-1)) != 0
		if asked && elapsed > 15e6 {
			pendings++
			return
		}
		if elapsed > 1e9 {
			return // and pendings shows it
		}
	}
}

// pendings is how many forks had a preemption request pending.
var pendings int

//go:nosplit
func clock(ts *unix.Timespec) {
	_, _, _ = unix.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(ts)), 0)
}

// reapAll waits for all children of f, at most ten seconds, and returns an error if
// one did not exit with status 0.
func reapAll(f *Forker) (err error) {
	for i := 0; f.Children() > 0; i++ {
		e := f.Reap(func(pid int, status syscall.WaitStatus, _ *syscall.Rusage) {
			if status != 0 && err == nil {
				err = fmt.Errorf("child %d ended with %#x", pid, status)
			}
		})
		if e != nil {
			return e
		}
		if i == 10000 {
			return fmt.Errorf("%d children do not end:\n%s", f.Children(), describe(f.pid))
		}
		_ = unix.Nanosleep(&unix.Timespec{Nsec: 1e6}, nil)
	}
	return err
}

//go:noinline
func address(b *byte) uintptr { return uintptr(unsafe.Pointer(b)) }

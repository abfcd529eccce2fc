package rawfork

import (
	"fmt"
	"os"
	"slices"
	"syscall"
	_ "unsafe" // for go:linkname

	"golang.org/x/sys/unix"
)

// procPin keeps the goroutine on its P and thread, and keeps preemption and
// collection away from it, by raising m.locks; procUnpin lowers it. The runtime
// exports both to linkname.
//
//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

// growStack makes sure that 64 KiB of stack are free below the caller: enough for
// any pipeline, so that a child never has to move its stack. It is assembly for its
// frame, which is neither cleared nor touched: when there is room it costs one
// comparison, so Fork calls it each time, and a stack that a collection has halved
// is grown again.
func growStack()

// Fork creates a child that runs the given function and then exits with the
// returned status (its low 8 bits). The function keeps the rules of the package
// comment. Of the forker's descriptors the child has 0, 1, 2 and those of keep, in
// any order; the first three stay open because the next descriptor that a child
// opens or accepts would take their place, and what the runtime prints to
// descriptor 2 would go to a client.
//
// In the child every signal has its default disposition and none is blocked;
// SIGINT is ignored, because Ctrl-C reaches all processes of the terminal's
// foreground group and the supervisor decides what it means, and SIGPIPE, because
// write(2), writev(2) and sendfile(2) have no MSG_NOSIGNAL: a peer that is gone is
// EPIPE. A child dies by SIGKILL when the forker does, however that happens.
//
// The forker must reap its children: see Reap. Fork never returns in the child.
func (f *Forker) Fork(child func() (exitCode int), keep ...int) (pid int, err error) {
	if tid := unix.Gettid(); tid != f.pid {
		return 0, fmt.Errorf("rawfork: Fork on thread %d, not by the main goroutine (process %d)", tid, f.pid)
	}
	if f.closing, err = gaps(f.closing[:0], keep); err != nil {
		return 0, err
	}
	growStack()
	// Nobody makes a descriptor between open and close-on-exec while it is held.
	syscall.ForkLock.Lock()
	pid, errno := f.clone(child)
	syscall.ForkLock.Unlock()
	if errno != 0 {
		return 0, fmt.Errorf("rawfork: %w%s", os.NewSyscallError("clone", errno), cure(errno))
	}
	f.children++
	return pid, nil
}

func cure(errno unix.Errno) string {
	switch errno {
	case unix.EAGAIN:
		return " (too many processes: see ulimit -u, kernel.pid_max and pids.max of the cgroup, or use fewer workers)"
	case unix.ENOMEM:
		return " (no memory for another process)"
	}
	return ""
}

// clone is the fork itself. From procPin on, nothing in it or in the child yields
// to the scheduler: a preemption request that is pending at the fork, or comes
// before the mask is restored, is put off by every stack check as long as m.locks
// is not 0, which in the child is for ever.
func (f *Forker) clone(child func() int) (int, unix.Errno) {
	procPin()
	setMask(&f.allSignals, &f.mask)
	if f.beforeClone != nil {
		f.beforeClone()
	}
	// No stack is given: the child uses its copy of this one. The other four arguments,
	// whose order differs between amd64 and arm64, are all 0.
	pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if pid == 0 && errno == 0 {
		f.run(child)
	}
	setMask(&f.mask, nil)
	procUnpin()
	return int(pid), errno
}

// span is a range of descriptors, both ends included.
type span struct{ first, last uint32 }

// gaps appends to s the ranges of descriptors that are not in keep, nor 0, 1 or 2.
func gaps(s []span, keep []int) ([]span, error) {
	kept := make([]int, 0, 16) // on the stack: most forks keep two or three
	kept = append(kept, keep...)
	slices.Sort(kept)
	next := uint32(3)
	for _, fd := range kept {
		switch {
		case fd < 0 || fd > maxDescriptor:
			return s, fmt.Errorf("rawfork: %d as a descriptor to keep: %w", fd, unix.EBADF)
		case uint32(fd) > next:
			s = append(s, span{next, uint32(fd) - 1})
		}
		next = max(next, uint32(fd)+1)
	}
	return append(s, span{next, lastDescriptor}), nil
}

const (
	maxDescriptor  = 1<<31 - 1 // the largest int of a C program
	lastDescriptor = 1<<32 - 1 // what close_range(2) takes for "all that follow"
)

// Package pty opens pseudo-terminals, pts(4), for tests of what a terminal sees.
package pty

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Open opens both ends of a new pseudo-terminal. The master is non-blocking and in the
// runtime's poller, so that a read of it can have a deadline. An error that wraps one of
// open(2) of /dev/ptmx is a machine without pseudo-terminals. The caller closes both.
func Open() (master, slave *os.File, err error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, &os.PathError{Op: "open", Path: "/dev/ptmx", Err: err}
	}
	master = os.NewFile(uintptr(fd), "/dev/ptmx")
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return nil, nil, errors.Join(os.NewSyscallError("ioctl TIOCSPTLCK", err), master.Close())
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return nil, nil, errors.Join(os.NewSyscallError("ioctl TIOCGPTN", err), master.Close())
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, errors.Join(err, master.Close())
	}
	return master, slave, nil
}

// Stalled reports whether the terminal takes no more: a write to slave would wait until
// master is read.
func Stalled(slave *os.File) (bool, error) {
	ready := []unix.PollFd{{Fd: int32(slave.Fd()), Events: unix.POLLOUT}}
	for {
		switch _, err := unix.Poll(ready, 0); err {
		case nil:
			return ready[0].Revents&unix.POLLOUT == 0, nil
		case unix.EINTR:
		default:
			return false, os.NewSyscallError("poll", err)
		}
	}
}

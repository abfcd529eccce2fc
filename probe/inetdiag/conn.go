package inetdiag

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const (
	// A dump that was interrupted, or lost messages, is repeated that often in all.
	attempts = 4
	// The kernel fills at most 32 KiB (netlink_recvmsg), so that no answer is cut off.
	bufferSize = 64 << 10
	// A dump answers at once; one that does not in this time never will.
	timeoutSeconds = 2
)

// ErrInterrupted is wrapped by the error of a dump that the kernel could not finish
// consistently in several attempts.
var ErrInterrupted = errors.New("the sockets changed too fast, every dump was interrupted")

// Conn is a netlink socket to the kernel's socket tables, used for one dump after the
// other. It belongs to the network namespace in which it was opened, whichever
// thread uses it later. It is not safe for concurrent use.
type Conn struct {
	fd    int // -1: closed, or given up after a dump that did not end
	seq   uint32
	buf   []byte
	apart bool // this kernel dumps IPv4 and IPv6 apart only
}

// Open makes a Conn. The caller closes it. If the kernel or a sandbox has no
// sock_diag, the error says so and what to do; some of that shows only in the first
// dump.
func Open() (*Conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, explain(os.NewSyscallError("socket NETLINK_SOCK_DIAG", err))
	}
	c := &Conn{fd: fd, buf: make([]byte, bufferSize)}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: timeoutSeconds}); err != nil {
		return nil, errors.Join(explain(os.NewSyscallError("setsockopt SO_RCVTIMEO", err)), c.Close())
	}
	// Connected to the kernel (port 0), nobody else can send to it.
	if err := unix.Connect(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, errors.Join(explain(os.NewSyscallError("connect NETLINK_SOCK_DIAG", err)), c.Close())
	}
	return c, nil
}

// Close closes the socket. A second Close does nothing.
func (c *Conn) Close() error {
	if c.fd < 0 {
		return nil
	}
	fd := c.fd
	c.fd = -1
	return os.NewSyscallError("close", unix.Close(fd))
}

// dump sends a request and gives each socket of the answer to visit; the row is
// valid during the call only. begin is called before the first row of every attempt,
// and forgets what an interrupted one had.
func (c *Conn) dump(q query, begin func(), visit func(row)) error {
	for range attempts {
		begin()
		whole, err := c.attempt(q, visit)
		if err != nil {
			return err
		}
		if whole {
			return nil
		}
	}
	return fmt.Errorf("inetdiag: %d dumps: %w; ask again when fewer connections come and go", attempts, ErrInterrupted)
}

// attempt makes one dump and reports whether it is whole. After an error the
// kernel may still be sending, so that the Conn is given up; it is not opened again
// here, because the calling thread may be in another namespace by now.
func (c *Conn) attempt(q query, visit func(row)) (whole bool, err error) {
	if c.fd < 0 {
		return false, fmt.Errorf("inetdiag: %w: closed, or given up after an error; Open another", os.ErrClosed)
	}
	c.seq++
	if err := retry(func() error { _, err := unix.Write(c.fd, q.encode(c.seq)); return err }); err != nil {
		return false, errors.Join(explain(os.NewSyscallError("sendto NETLINK_SOCK_DIAG", err)), c.Close())
	}
	whole = true
	for {
		n, err := c.read()
		if errors.Is(err, unix.ENOBUFS) {
			whole = false // messages are lost, but the dump goes on: read it to its end
			continue
		}
		var state dumpState
		if err == nil {
			state, err = scan(c.buf[:n], c.seq, visit)
		}
		var refused *refusedError
		if errors.As(err, &refused) { // the dump is over, and the socket as good as before
			return false, explain(os.NewSyscallError("NETLINK_SOCK_DIAG", refused.errno))
		}
		if err != nil {
			return false, errors.Join(explain(err), c.Close())
		}
		whole = whole && !state.interrupted
		if state.done {
			return whole, nil
		}
	}
}

// read fills the buffer with the next messages.
func (c *Conn) read() (n int, err error) {
	err = retry(func() error { n, err = unix.Read(c.fd, c.buf); return err })
	if err == unix.EAGAIN {
		return 0, fmt.Errorf("no answer from the kernel within %d s: %w", timeoutSeconds, os.NewSyscallError("recvfrom", err))
	}
	return n, os.NewSyscallError("recvfrom", err)
}

// retry repeats a call that a signal interrupted. With SO_RCVTIMEO set, SA_RESTART
// does not (signal(7)).
func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

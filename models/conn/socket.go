package conn

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/buf"
)

// Flavour is how system calls are made.
type Flavour uint8

// The flavours; see the package comment.
const (
	Blocking Flavour = iota
	RawBlocking
	NonBlocking
)

// A fill asks for at least minRoom bytes, so that a block's last few bytes do
// not cost a system call of their own.
const minRoom = 512

// maxIovecs is how many windows one writev takes. Pipelined answers share blocks,
// so a few are the rule; the kernel's limit is 1024.
const maxIovecs = 64

// socket is the descriptor of a connection with what Fill and Flush need.
type socket struct {
	fd   int
	raw  bool        // RawSyscall
	want int         // size of the next read: large once a small one was filled
	slot *board.Slot // where bytes and EAGAINs are counted

	// Arguments of system calls; a local's address would not survive a growing stack.
	off  int64
	outq int32
}

func (s *socket) open(fd int, f Flavour, slot *board.Slot) {
	*s = socket{fd: fd, raw: f != Blocking, want: buf.SmallSize, slot: slot}
}

func (s *socket) call(trap, a, b, c, d uintptr) (int, unix.Errno) {
	var n uintptr
	var errno unix.Errno
	if s.raw { // by way of syscall: x/sys has an assembly stub before the same function
		n, _, errno = syscall.RawSyscall6(trap, a, b, c, d, 0, 0)
	} else {
		n, _, errno = syscall.Syscall6(trap, a, b, c, d, 0, 0)
	}
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// fill is one read(2) into c. n = 0 with errno 0 is EOF. full says that the read
// filled the room it was given, so that there may be more.
func (s *socket) fill(c *buf.Chain) (n int, full bool, errno unix.Errno) {
	room := c.Reserve(minRoom, s.want)
	for {
		n, errno = s.call(unix.SYS_READ, uintptr(s.fd), uintptr(unsafe.Pointer(&room[0])), uintptr(len(room)), 0)
		if errno != unix.EINTR {
			break
		}
	}
	c.Commit(n)
	full = n == len(room)
	s.want = buf.SmallSize
	if full {
		s.want = buf.LargeSize
	}
	s.slot.Add(board.BytesIn, uint64(n))
	if errno == unix.EAGAIN {
		s.slot.Add(board.EAGAINs, 1)
	}
	return n, full, errno
}

// peek is fill that returns EAGAIN instead of waiting, on any socket.
func (s *socket) peek(c *buf.Chain) (n int, errno unix.Errno) {
	room := c.Reserve(minRoom, s.want)
	r, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(s.fd), uintptr(unsafe.Pointer(&room[0])), uintptr(len(room)), unix.MSG_DONTWAIT, 0, 0)
	if errno == 0 {
		n = int(r)
	}
	c.Commit(n)
	s.slot.Add(board.BytesIn, uint64(n))
	return n, errno
}

// send writes what c starts with in one system call: write for one window, writev
// for several, sendfile for a file range. What was sent is trimmed off. short says
// that a socket took less than it was offered, so its buffer is full.
func (s *socket) send(c *buf.Chain, iov []unix.Iovec) (n int, short bool, errno unix.Errno) {
	b := c.Front()
	offered := b.Len()
	switch fd, off, isFile := b.File(); {
	case isFile:
		s.off = off
		n, errno = s.call(unix.SYS_SENDFILE, uintptr(s.fd), uintptr(fd), uintptr(unsafe.Pointer(&s.off)), uintptr(offered))
		offered = 0 // sendfile stops early for reasons of its own
	case b.Next() == nil:
		p := b.Bytes()
		n, errno = s.call(unix.SYS_WRITE, uintptr(s.fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), 0)
	default:
		k := 0
		for offered = 0; b != nil && k < len(iov); b = b.Next() {
			p := b.Bytes()
			if p == nil {
				break
			}
			iov[k].Base = &p[0]
			iov[k].SetLen(len(p))
			offered += len(p)
			k++
		}
		n, errno = s.call(unix.SYS_WRITEV, uintptr(s.fd), uintptr(unsafe.Pointer(&iov[0])), uintptr(k), 0)
	}
	c.TrimFront(n)
	s.slot.Add(board.BytesOut, uint64(n))
	if errno == unix.EAGAIN {
		s.slot.Add(board.EAGAINs, 1)
	}
	return n, n < offered, errno
}

// unsent returns how many bytes of output the peer has not acknowledged (SIOCOUTQ,
// tcp(7)). That it falls is how a slow reader differs from one that is gone: the
// kernel says that there is room only when a third of the send buffer is free, which
// can be a megabyte.
func (s *socket) unsent() int32 {
	_, _, _ = unix.RawSyscall(unix.SYS_IOCTL, uintptr(s.fd), unix.SIOCOUTQ, uintptr(unsafe.Pointer(&s.outq)))
	return s.outq
}

// shutdownWrite sends FIN and leaves reading open.
func (s *socket) shutdownWrite() {
	// An error means that the peer is gone, which the next read will say.
	_, _, _ = unix.RawSyscall(unix.SYS_SHUTDOWN, uintptr(s.fd), unix.SHUT_WR, 0)
}

// close closes the descriptor. close(2) never leaves it open on Linux, whatever
// it returns, so there is nothing to retry.
func (s *socket) close() {
	_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, uintptr(s.fd), 0, 0)
	s.fd = -1
}

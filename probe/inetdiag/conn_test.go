package inetdiag

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// fakeKernel is a socket pair: what the test writes into its end, a Conn reads as
// the kernel's answers, for IPv4 and IPv6 apart.
func fakeKernel(t *testing.T) (c *Conn, kernel int) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	c = &Conn{fd: pair[0], buf: make([]byte, bufferSize), apart: true}
	if err := unix.SetsockoptTimeval(c.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 20_000}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		unix.Close(pair[1])
	})
	return c, pair[1]
}

func send(t *testing.T, kernel int, read []byte) {
	t.Helper()
	if _, err := unix.Write(kernel, read); err != nil {
		t.Fatal(err)
	}
}

// answer is a dump of n sockets in TIME_WAIT on the server's side.
func answer(n int, seq uint32, flags uint16) (read []byte) {
	s := sock{family: unix.AF_INET, state: TimeWait, local: portOf("127.0.0.1:80"), remote: portOf("127.0.0.1:999")}
	for range n {
		read = appendMessage(read, unix.SOCK_DIAG_BY_FAMILY, flags, seq, s.encode())
	}
	return appendMessage(read, unix.NLMSG_DONE, flags, seq, errno(0))
}

// TestInterrupted checks that an interrupted dump is repeated and its rows forgotten,
// and that this ends.
func TestInterrupted(t *testing.T) {
	c, kernel := fakeKernel(t)
	send(t, kernel, answer(3, 1, unix.NLM_F_DUMP_INTR))
	send(t, kernel, answer(5, 2, 0)) // IPv4, the second time
	send(t, kernel, answer(1, 3, 0)) // IPv6
	if got, err := c.TimeWaits(portOf("127.0.0.1:80")); err != nil || got.Server != 6 {
		t.Errorf("%+v, error %v, expected 5 and 1", got, err)
	}
	for seq := range uint32(attempts) {
		send(t, kernel, answer(3, 4+seq, unix.NLM_F_DUMP_INTR))
	}
	if got, err := c.TimeWaits(portOf("127.0.0.1:80")); !errors.Is(err, ErrInterrupted) || got != (TimeWaits{}) {
		t.Errorf("%+v, error %v, expected nothing, and ErrInterrupted", got, err)
	}
}

// TestRefused checks that a refusal has errno and cure, and leaves the Conn usable.
func TestRefused(t *testing.T) {
	c, kernel := fakeKernel(t)
	send(t, kernel, appendMessage(nil, unix.NLMSG_ERROR, 0, 1, errno(-int32(unix.ENOENT))))
	if _, err := c.TimeWaits(portOf("127.0.0.1:80")); !errors.Is(err, unix.ENOENT) {
		t.Errorf("error %v, expected ENOENT", err)
	}
	send(t, kernel, answer(2, 2, 0))
	send(t, kernel, appendMessage(nil, unix.NLMSG_ERROR, 0, 3, errno(-int32(unix.ENOENT)))) // a kernel without IPv6
	if got, err := c.TimeWaits(portOf("127.0.0.1:80")); err != nil || got.Server != 2 {
		t.Errorf("%+v, error %v, expected 2", got, err)
	}
	send(t, kernel, appendMessage(nil, unix.NLMSG_ERROR, 0, 4, errno(-int32(unix.ENOENT))))
	if _, err := c.TimeWaits(portOf("[::1]:80")); !errors.Is(err, unix.ENOENT) {
		t.Errorf("IPv6 was asked for and is not there: error %v, expected ENOENT", err)
	}
}

// TestOlderInterface checks both ways with the one question for both families: a
// kernel that answers it, and one that has not got it, which is asked only once.
func TestOlderInterface(t *testing.T) {
	c, kernel := fakeKernel(t)
	c.apart = false
	send(t, kernel, answer(4, 1, 0))
	if got, err := c.TimeWaits(portOf("127.0.0.1:80")); err != nil || got.Server != 4 {
		t.Errorf("%+v, error %v, expected 4 in one dump", got, err)
	}
	send(t, kernel, appendMessage(nil, unix.NLMSG_ERROR, 0, 2, errno(-int32(unix.EINVAL))))
	send(t, kernel, answer(2, 3, 0))
	send(t, kernel, answer(1, 4, 0))
	send(t, kernel, answer(5, 5, 0))
	send(t, kernel, answer(6, 6, 0))
	for _, want := range []int{3, 11} {
		if got, err := c.TimeWaits(portOf("127.0.0.1:80")); err != nil || got.Server != want {
			t.Errorf("%+v, error %v, expected %d in two dumps", got, err, want)
		}
	}
}

// TestBroken checks that after a broken dump the Conn is not used again: what is still
// to come would be taken for the next one's.
func TestBroken(t *testing.T) {
	c, kernel := fakeKernel(t)
	send(t, kernel, []byte("not netlink"))
	if _, err := c.TimeWaits(portOf("127.0.0.1:80")); err == nil {
		t.Error("no error from a broken dump")
	}
	if _, err := c.TimeWaits(portOf("127.0.0.1:80")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("error %v, expected os.ErrClosed", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("closing it again: %v", err)
	}
}

// TestSilence checks that a kernel which does not answer is waited for no longer than
// the time limit.
func TestSilence(t *testing.T) {
	c, _ := fakeKernel(t)
	if _, err := c.TimeWaits(portOf("127.0.0.1:80")); !errors.Is(err, unix.EAGAIN) {
		t.Errorf("error %v, expected EAGAIN", err)
	}
}

// TestReuse checks that a Conn keeps its descriptor over many dumps and closes it.
func TestReuse(t *testing.T) {
	c := openConn(t)
	name := fmt.Sprintf("/proc/self/fd/%d", c.fd)
	before, err := os.Readlink(name)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := c.Listeners(portOf("127.0.0.1:1")); err != nil {
			t.Fatal(err)
		}
	}
	if after, err := os.Readlink(name); err != nil || after != before {
		t.Errorf("the socket was %s and is %s, error %v", before, after, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Readlink(name); err == nil && after == before {
		t.Errorf("%s is still open", after)
	}
}

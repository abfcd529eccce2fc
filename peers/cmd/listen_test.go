package cmd

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"testing"

	"github.com/c10kit/c10kit/probe"
)

// TestListens: a socket of this process, on the address or on all of them; not one that
// is bound only, and not for a tree that does not hold it.
func TestListens(t *testing.T) {
	other, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	held, err := other.File()
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	stranger := exec.Command("sleep", "60")
	stranger.ExtraFiles = []*os.File{held} // it has a listener, and not the one in question
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = stranger.Process.Kill(), stranger.Wait() }()
	for _, listen := range []string{"127.0.0.1:0", "[::1]:0", "0.0.0.0:0", "[::]:0"} {
		l, err := net.Listen("tcp", listen)
		if err != nil {
			t.Logf("no %s here: %v", listen, err)
			continue
		}
		addr := l.Addr().(*net.TCPAddr).AddrPort()
		if addr.Addr().IsUnspecified() {
			addr = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), addr.Port())
		}
		addr = netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
		if up, err := listens(os.Getpid(), os.Getpid(), addr); !up || err != nil {
			t.Errorf("a listener on %s is not seen at %s: %v", l.Addr(), addr, err)
		}
		if up, err := listens(stranger.Process.Pid, stranger.Process.Pid, addr); up || err != nil {
			t.Errorf("the listener on %s is taken for another's: %v", l.Addr(), err)
		}
		l.Close()
		if up, err := listens(os.Getpid(), os.Getpid(), addr); up || err != nil {
			t.Errorf("a listener that is closed is seen on %s: %v", addr, err)
		}
	}
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	if up, err := listens(gone.Process.Pid, gone.Process.Pid, netip.MustParseAddrPort("127.0.0.1:1")); up || !errors.Is(err, probe.ErrGone) {
		t.Errorf("a process that has ended: %v, %v", up, err)
	}
}

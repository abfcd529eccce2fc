package main

import (
	"context"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/probe"
)

// holder starts a process that does nothing but hold a listening socket at addr, and
// returns its pid and where it listens. Port 0 is any, an invalid addr is no socket.
func holder(t *testing.T, addr netip.AddrPort) (int, netip.AddrPort) {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	if addr.IsValid() {
		share := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
			_ = c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
			return err
		}}
		l, err := share.Listen(context.Background(), "tcp", addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd.ExtraFiles = []*os.File{f}
		addr = netip.MustParseAddrPort(l.Addr().String())
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd.Process.Pid, addr
}

// TestRole: what --pid names is compared with who holds the socket.
func TestRole(t *testing.T) {
	one, addr := holder(t, netip.MustParseAddrPort("127.0.0.1:0"))
	stranger, _ := holder(t, netip.AddrPort{})
	role := func(pid int, find error) string {
		t.Helper()
		found, err := owners(addr)
		if err != nil {
			t.Fatal(err)
		}
		if find != nil {
			found, err = nil, find
		}
		r := roleOf(pid, addr, found, err)
		if r.below {
			t.Errorf("process %d is below another: %s", pid, r.note)
		}
		return r.note
	}
	for _, tc := range []struct {
		pid  int
		err  error
		want string // in the note; "" is no note at all
	}{
		{pid: one},
		{pid: stranger, want: "does not hold the socket of " + addr.String()},
		{pid: os.Getpid(), want: "is above this program"},
		{pid: one, err: errNobodyHere},
		{pid: one, err: &probe.OtherUserError{UID: 7}, want: "cannot be told: a process of user 7 does"},
		{pid: one, err: os.ErrDeadlineExceeded, want: "cannot be told: i/o timeout"},
	} {
		if note := role(tc.pid, tc.err); (note == "") != (tc.want == "") || !strings.Contains(note, tc.want) {
			t.Errorf("process %d, %v: %q should say %q", tc.pid, tc.err, note, tc.want)
		}
	}
	two, _ := holder(t, addr)
	for _, pid := range []int{one, two} {
		if note := role(pid, nil); !strings.Contains(note, "is one of 2 that share") {
			t.Errorf("process %d: %q", pid, note)
		}
	}
}

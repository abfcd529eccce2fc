package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/internal/netns"
)

// The master is found, not its workers, and not the manager that made its socket.
func TestOwnersRecorded(t *testing.T) {
	p := recorded(t, "nochildren")
	for addr, want := range map[string]string{
		"127.0.0.1:8080": "100 (a (b) S 7)",
		"127.0.0.1:9000": "200 (other)",
		"127.0.0.1:9001": "201 (other)",
	} {
		got, err := p.Find(netip.MustParseAddrPort(addr))
		if err != nil || got.String() != want {
			t.Errorf("%s: %v, %v; want %s", addr, got, err, want)
		}
	}
	for addr, want := range map[string]string{
		"127.0.0.1:1":    "the server at 127.0.0.1:1: nothing listens there: is the server running, and in this network namespace?",
		"127.0.0.2:8081": "the server at 127.0.0.2:8081: no process that /proc shows holds it (another PID namespace, or hidepid): name the process with --pid",
	} {
		if got, err := p.Find(netip.MustParseAddrPort(addr)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, %v; want %s", addr, got, err, want)
		}
	}
	// If only the manager holds the socket, it is the server.
	for _, pid := range []string{"100", "101", "102"} {
		if err := os.RemoveAll(p.Root + "/" + pid + "/fd"); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := p.Find(netip.MustParseAddrPort("127.0.0.1:8080")); err != nil || got.PID != 1 {
		t.Errorf("%v, %v; want process 1", got, err)
	}
	owners, err := p.Owners([]Listener{{Inode: 7002}, {Inode: 7005}})
	if want := "[200 (other)]"; err != nil || fmt.Sprint(owners) != want {
		t.Errorf("%v, %v; want %s", owners, err, want)
	}
}

// The master of a pool whose descriptors may not be read is found by its name.
func TestMasters(t *testing.T) {
	c := census{process: map[int]Process{
		1:  {PID: 1, Name: "init"},
		10: {PID: 10, Name: "nginx", Parent: 1}, 11: {PID: 11, Name: "nginx", Parent: 10}, 12: {PID: 12, Name: "nginx", Parent: 10},
		20: {PID: 20, Name: "sh", Parent: 1}, 21: {PID: 21, Name: "httpd", Parent: 20},
	}}
	for _, tc := range []struct {
		holders []int
		denied  map[int]bool
		want    string
	}{
		{[]int{11, 12}, map[int]bool{10: true, 1: true}, "[10 (nginx)]"},
		{[]int{11, 12}, map[int]bool{}, "[11 (nginx) 12 (nginx)]"}, // looked into: it does not hold it
		{[]int{21}, map[int]bool{20: true, 1: true}, "[21 (httpd)]"},
		{[]int{11, 21}, map[int]bool{10: true}, "[10 (nginx) 21 (httpd)]"},
	} {
		if got := fmt.Sprint(c.topmost(c.masters(tc.holders, tc.denied))); got != tc.want {
			t.Errorf("%v: %s, want %s", tc.holders, got, tc.want)
		}
	}
}

// TestFindLive: a child to which this test has passed its socket is the server, not
// the test; and another user is told why he does not find it.
func TestFindLive(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	addr := netip.MustParseAddrPort(l.Addr().String())
	if p, err := (Proc{}).Find(addr); err != nil || p.PID != os.Getpid() {
		t.Errorf("this test listens: %v, %v", p, err)
	}
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	holder := start(t, func(cmd *exec.Cmd) { cmd.ExtraFiles = []*os.File{f} }, "threads", "1")
	if p, err := (Proc{}).Find(addr); err != nil || p.PID != holder.pid() {
		t.Errorf("the child holds the socket: %v, %v; want %d", p, err, holder.pid())
	}
	t.Run("other user", func(t *testing.T) {
		stranger := start(t, nobody(t), "finder", addr.String())
		want := "0 the server at " + addr.String() + ": it is held by a process of user 0, whose descriptors user 65534 may not read: " +
			"run as that user or as root, or name the process with --pid"
		if got := strings.TrimSpace(stranger.line); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

// TestFindRanked: a second server on all addresses of the port is not the one that a
// connection to the first one's address ends in.
func TestFindRanked(t *testing.T) {
	exact, err := listen("127.0.9.40:0")
	if err != nil {
		t.Fatal(err)
	}
	defer exact.Close()
	addr := netip.MustParseAddrPort(exact.Addr().String())
	all := start(t, nil, "headless", fmt.Sprintf("0.0.0.0:%d", addr.Port()))
	if p, err := (Proc{}).Find(addr); err != nil || p.PID != os.Getpid() {
		t.Errorf("at the exact address: %v, %v; want this test, %d", p, err, os.Getpid())
	}
	other := netip.AddrPortFrom(netip.MustParseAddr("127.0.9.41"), addr.Port())
	if p, err := (Proc{}).Find(other); err != nil || p.PID != all.pid() {
		t.Errorf("at another: %v, %v; want %d", p, err, all.pid())
	}
}

// TestHolds: of a tree that holds a socket, one that does not, and one that may not be
// looked into.
func TestHolds(t *testing.T) {
	p := recorded(t, "children")
	tree := mustTree(t, p, 100)
	for inode, want := range map[uint64]bool{7001: true, 7005: true, 7002: false} {
		if got, err := p.Holds(tree, []Listener{{Inode: 1}, {Inode: inode}}); got != want || err != nil {
			t.Errorf("socket %d: %v, %v; want %v", inode, got, err, want)
		}
	}
	if os.Geteuid() != 0 {
		if got, err := (Proc{}).Holds(mustTree(t, Proc{}, 1)[:1], []Listener{{Inode: 1}}); got || !errors.Is(err, fs.ErrPermission) {
			t.Errorf("another user's process: %v, %v", got, err)
		}
	}
}

// TestListenersOf: a process in a network namespace of its own sees its sockets there,
// and the rest of the machine does not.
func TestListenersOf(t *testing.T) {
	if err := netns.Supported(); err != nil {
		t.Skip(err)
	}
	addr := netip.MustParseAddrPort("0.0.0.0:45943")
	apart := start(t, func(cmd *exec.Cmd) {
		cmd.SysProcAttr.Cloneflags = unix.CLONE_NEWNET
		if os.Geteuid() != 0 {
			cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		}
	}, "headless", addr.String())
	if found, err := (Proc{}).ListenersOf(apart.pid(), addr); err != nil || len(found) != 1 || found[0].Addr.Port() != addr.Port() {
		t.Errorf("in its namespace: %v, %v; want one at %v", found, err, addr)
	}
	if found, err := (Proc{}).ListenersOf(os.Getpid(), addr); err != nil || len(found) != 0 {
		t.Errorf("in ours: %v, %v; want none", found, err)
	}
}

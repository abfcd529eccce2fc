package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestListenersRecorded(t *testing.T) {
	p := recorded(t, "children")
	for addr, want := range map[string][]uint64{
		"127.0.0.1:8080":          {7001},
		"127.0.0.2:8080":          nil, // another address
		"127.0.0.1:8081":          nil,
		"127.0.0.2:8081":          {7004},
		"127.7.7.7:9000":          {7002}, // 0.0.0.0
		"[::1]:9000":              nil,    // which takes no IPv6
		"127.0.0.1:9001":          {7003}, // [::] takes IPv4
		"[::1]:9001":              {7003},
		"127.0.0.1:9002":          {7006}, // ::ffff:127.0.0.1
		"[2001:db8::1]:80":        {7007},
		"[::ffff:127.0.0.1]:8080": {7001},
	} {
		got, err := p.Listeners(netip.MustParseAddrPort(addr))
		var inodes []uint64
		for _, l := range got {
			inodes = append(inodes, l.Inode)
		}
		if err != nil || !slices.Equal(inodes, want) {
			t.Errorf("%s: %v, %v; want %v", addr, got, err, want)
		}
	}
	got, err := p.Listeners(netip.MustParseAddrPort("127.0.0.1:8080"))
	if err != nil || len(got) != 1 || got[0].UID != 33 || got[0].Addr.String() != "127.0.0.1:8080" {
		t.Errorf("%+v, %v", got, err)
	}
	if err := os.Remove(p.Root + "/thread-self/net/tcp6"); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Listeners(netip.MustParseAddrPort("127.0.0.1:8080")); err != nil || len(got) != 1 {
		t.Errorf("without IPv6: %v, %v", got, err)
	}
	if err := os.Remove(p.Root + "/thread-self/net/tcp"); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Listeners(netip.MustParseAddrPort("127.0.0.1:8080")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without TCP: %v, %v", got, err)
	}
}

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

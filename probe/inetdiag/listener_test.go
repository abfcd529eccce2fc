package inetdiag

import (
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// rawListener makes a plain TCP listener without package net, which would choose the
// backlog itself.
func rawListener(t *testing.T, addr netip.AddrPort, backlog int, options ...int) (fd int, bound netip.AddrPort) {
	t.Helper()
	family, address := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: int(addr.Port()), Addr: addr.Addr().As16()})
	if addr.Addr().Is4() {
		family, address = unix.AF_INET, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	for _, option := range options {
		level := unix.SOL_SOCKET
		if option == unix.IPV6_V6ONLY {
			level = unix.IPPROTO_IPV6
		}
		if err := unix.SetsockoptInt(fd, level, option, 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Bind(fd, address); err != nil {
		t.Skipf("bind %v: %v", addr, err)
	}
	if err := unix.Listen(fd, backlog); err != nil {
		t.Fatal(err)
	}
	return fd, addrOf(t, fd)
}

func addrOf(t *testing.T, fd int) netip.AddrPort {
	t.Helper()
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	switch name := name.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(name.Addr), uint16(name.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(name.Addr), uint16(name.Port))
	}
	t.Fatalf("%T", name)
	return netip.AddrPort{}
}

func inodeOf(t *testing.T, fd int) uint32 {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		t.Fatal(err)
	}
	return uint32(stat.Ino)
}

func portOf(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }

// TestListeners looks at three listeners that share a port by SO_REUSEPORT.
func TestListeners(t *testing.T) {
	conn := openConn(t)
	first, addr := rawListener(t, portOf("127.0.9.20:0"), 5, unix.SO_REUSEPORT)
	second, _ := rawListener(t, addr, 6, unix.SO_REUSEPORT)
	third, _ := rawListener(t, addr, 7, unix.SO_REUSEPORT)
	want := map[uint32]uint32{inodeOf(t, first): 5, inodeOf(t, second): 6, inodeOf(t, third): 7}
	const clients = 5
	for range clients {
		client, err := net.Dial("tcp4", addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
	}
	listeners, err := conn.Listeners(addr)
	if err != nil || len(listeners) != len(want) {
		t.Fatalf("%d listeners, error %v, expected %d", len(listeners), err, len(want))
	}
	queued := uint32(0)
	for _, l := range listeners {
		if l.Backlog != want[l.Inode] || l.Addr != addr || l.UID != uint32(os.Geteuid()) || l.V6Only || !l.DropsKnown || l.Drops != 0 {
			t.Errorf("%+v, expected backlog %d, this address and user, no drops", l, want[l.Inode])
		}
		delete(want, l.Inode)
		queued += l.Queued
	}
	if queued != clients {
		t.Errorf("%d connections wait in the three queues, expected %d", queued, clients)
	}
}

// TestDrops overfills an accept queue: the kernel takes one connection more than the
// backlog, and drops what comes then.
func TestDrops(t *testing.T) {
	conn := openConn(t)
	_, addr := rawListener(t, portOf("127.0.9.21:0"), 1)
	for range 2 { // as many as there is room for, however long that takes
		client, err := net.Dial("tcp4", addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
	}
	// No answer is what is waited for: the first SYN is dropped at once.
	dialer := net.Dialer{Timeout: 300 * time.Millisecond}
	if client, err := dialer.Dial("tcp4", addr.String()); err == nil {
		defer client.Close()
		t.Error("the queue has room for three")
	}
	listeners, err := conn.Listeners(addr)
	if err != nil || len(listeners) != 1 {
		t.Fatalf("%d listeners, error %v, expected 1", len(listeners), err)
	}
	l := listeners[0]
	if l.Queued != 2 || l.Backlog != 1 || !l.DropsKnown || l.Drops == 0 {
		t.Errorf("%+v, expected 2 queued of 1, and drops", l)
	}
	if drops, ok := ssDrops(t, addr); ok && drops != int(l.Drops) {
		// The client's SYN may have come again in between: look once more.
		if again, err := conn.Listeners(addr); err != nil || int(again[0].Drops) < drops {
			t.Errorf("%d drops, ss has %d", again[0].Drops, drops)
		}
	}
}

// TestPreference checks which listeners are chosen against where connections go.
func TestPreference(t *testing.T) {
	conn := openConn(t)
	_, any6 := rawListener(t, portOf("[::]:0"), 16, unix.SO_REUSEPORT)
	port := any6.Port()
	at := func(text string) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(text), port) }
	rawListener(t, at("0.0.0.0"), 16, unix.SO_REUSEPORT)
	rawListener(t, at("127.0.9.22"), 16, unix.SO_REUSEPORT)
	rawListener(t, at("::ffff:127.0.9.23"), 16, unix.SO_REUSEPORT)
	rawListener(t, at("::1"), 16, unix.SO_REUSEPORT, unix.IPV6_V6ONLY)
	for _, c := range []struct{ to, bound string }{
		{"127.0.9.22", "127.0.9.22"},
		{"127.0.9.23", "::ffff:127.0.9.23"},
		{"127.0.9.24", "0.0.0.0"},
		{"::1", "::1"},
	} {
		client, err := net.Dial("tcp", at(c.to).String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		listeners, err := conn.Listeners(at(c.to))
		if err != nil || len(listeners) != 1 {
			t.Fatalf("%s: %d listeners, error %v, expected 1", c.to, len(listeners), err)
		}
		if l := listeners[0]; l.Addr != at(c.bound) || l.Queued != 1 {
			t.Errorf("%s: %+v, expected that of %s with one connection waiting", c.to, l, c.bound)
		}
	}
	all, err := conn.Listeners(at("0.0.0.0"))
	if err != nil || len(all) != 5 {
		t.Errorf("%d listeners of the port, error %v, expected 5", len(all), err)
	}
}

// TestV6Only checks that an IPv6 wildcard closed to IPv4 is not offered for it.
func TestV6Only(t *testing.T) {
	conn := openConn(t)
	_, addr := rawListener(t, portOf("[::]:0"), 16, unix.IPV6_V6ONLY)
	for text, want := range map[string]int{"127.0.0.1": 0, "::1": 1, "::": 1} {
		listeners, err := conn.Listeners(netip.AddrPortFrom(netip.MustParseAddr(text), addr.Port()))
		if err != nil || len(listeners) != want {
			t.Errorf("%s: %d listeners, error %v, expected %d", text, len(listeners), err, want)
		}
		if want == 1 && len(listeners) == 1 && !listeners[0].V6Only {
			t.Errorf("%s: %+v, expected V6Only", text, listeners[0])
		}
	}
}

// TestMultipath checks a listener as package net makes it by default, a Multipath TCP
// socket where the kernel has them: its inode must be that of the descriptor, since
// processes are found by it.
func TestMultipath(t *testing.T) {
	conn := openConn(t)
	listener, err := net.Listen("tcp4", "127.0.9.25:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	raw, err := listener.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var inode uint32
	if err := raw.Control(func(fd uintptr) { inode = inodeOf(t, int(fd)) }); err != nil {
		t.Fatal(err)
	}
	client, err := net.Dial("tcp4", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	listeners, err := conn.Listeners(listener.Addr().(*net.TCPAddr).AddrPort())
	if err != nil || len(listeners) != 1 {
		t.Fatalf("%d listeners, error %v, expected 1", len(listeners), err)
	}
	if l := listeners[0]; l.Inode != inode || l.Queued != 1 {
		t.Errorf("%+v, expected inode %d and one connection waiting", l, inode)
	}
}

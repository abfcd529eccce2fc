package cmd

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// proc spells an address as the kernel prints it.
func proc(a netip.AddrPort) string {
	raw := a.Addr().AsSlice()
	var b strings.Builder
	for i := 0; i < len(raw); i += 4 {
		fmt.Fprintf(&b, "%08X", binary.NativeEndian.Uint32(raw[i:]))
	}
	return fmt.Sprintf("%s:%04X", b.String(), a.Port())
}

func TestParseAddr(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "address")
		if rapid.Bool().Draw(t, "IPv4") {
			raw = raw[:4]
		}
		ip, _ := netip.AddrFromSlice(raw)
		want := netip.AddrPortFrom(ip, rapid.Uint16().Draw(t, "port"))
		got, err := parseAddr(proc(want))
		if want = netip.AddrPortFrom(ip.Unmap(), want.Port()); err != nil || got != want {
			t.Fatalf("%s: %v, %v; want %v", proc(want), got, err, want)
		}
	})
	for _, bad := range []string{"", "0100007F", "0100007F:", "0100007:0050", "0100007F:10000", "xx00007F:0050", "0100007F00:0050"} {
		if got, err := parseAddr(bad); err == nil {
			t.Errorf("%q is read as %v", bad, got)
		}
	}
}

func TestParseListeners(t *testing.T) {
	line := func(local, state string, inode int) string {
		return fmt.Sprintf("   0: %s 00000000:0000 %s 00000000:00000000 00:00000000 00000000  1000        0 %d 1 0000000000000000 100 0 0 10 0\n",
			proc(netip.MustParseAddrPort(local)), state, inode)
	}
	text := "  sl  local_address rem_address   st ...\n" +
		line("127.0.0.1:80", "0A", 1) + line("127.0.0.2:80", "0A", 2) + line("0.0.0.0:80", "0A", 3) + line("127.0.0.1:81", "0A", 4) +
		line("[::]:80", "0A", 5) + line("[::1]:80", "0A", 6) + line("[::ffff:127.0.0.1]:80", "0A", 7) +
		line("127.0.0.1:80", "01", 8) + line("127.0.0.1:80", "0A", 9) + "garbage\n"
	for addr, want := range map[string]string{
		"127.0.0.1:80": "map[1:true 3:true 5:true 7:true]",
		"127.0.0.3:80": "map[3:true 5:true]",
		"127.0.0.1:81": "map[4:true]",
		"[::1]:80":     "map[5:true 6:true]",
		"[::1]:81":     "map[]",
	} {
		got := map[string]bool{}
		err := parseListeners(strings.NewReader(text), netip.MustParseAddrPort(addr), got)
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: %v, %v; want %s", addr, got, err, want)
		}
	}
	for _, bad := range []string{"head\nshort line\n", "head\n" + strings.Replace(line("127.0.0.1:80", "0A", 1), ":0050", ":0x50", 1)} {
		if err := parseListeners(strings.NewReader(bad), netip.MustParseAddrPort("127.0.0.1:80"), map[string]bool{}); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

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
	if up, err := listens(gone.Process.Pid, gone.Process.Pid, netip.MustParseAddrPort("127.0.0.1:1")); up || err != nil {
		t.Errorf("a process that has ended: %v, %v", up, err)
	}
}

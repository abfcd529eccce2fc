package probe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
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

// spell writes an address as the kernel prints it.
func spell(a netip.AddrPort) string {
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
		if got, err := parseAddr([]byte(spell(want))); err != nil || got != want {
			t.Fatalf("%s: %v, %v; want %v", spell(want), got, err, want)
		}
	})
	for _, bad := range []string{"", "0100007F", "0100007F:", "0100007:0050", "0100007F:10000", "xx00007F:0050", "0100007F00:0050"} {
		if got, err := parseAddr([]byte(bad)); err == nil {
			t.Errorf("%q is read as %v", bad, got)
		}
	}
}

// table is a recorded /proc whose tcp has the given sockets, ADDR=STATE, inodes from 1 on.
func table(t *testing.T, sockets string) Proc {
	t.Helper()
	var text strings.Builder
	text.WriteString("  sl  local_address rem_address   st ...\n")
	for i, s := range strings.Fields(sockets) {
		addr, state, _ := strings.Cut(s, "=")
		text.WriteString(fmt.Sprintf("   0: %s 00000000:0000 %s 00000000:00000000 00:00000000 00000000  1000        0 %d 1 0000000000000000 100 0 0 10 0\n",
			spell(netip.MustParseAddrPort(addr)), state, i+1))
	}
	root := t.TempDir()
	if err := os.MkdirAll(root+"/thread-self/net", 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(root+"/thread-self/net/tcp", []byte(text.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return Proc{root}
}

// TestListenersRanked: an exact address goes before the wildcard, as sock_diag has it, and
// what comes behind the first connection is not read.
func TestListenersRanked(t *testing.T) {
	p := table(t, "127.0.0.1:80=0A 127.0.0.2:80=0A 0.0.0.0:80=0A 127.0.0.1:81=0A [::]:80=0A [::1]:80=0A [::ffff:127.0.0.4]:80=0A "+
		"127.0.0.1:80=0A 127.0.0.1:80=01 127.0.0.1:80=0A")
	for addr, want := range map[string]string{
		"127.0.0.1:80": "[1 8]",
		"127.0.0.2:80": "[2]",
		"127.0.0.3:80": "[3]",
		"127.0.0.4:80": "[7]",
		"127.0.0.1:81": "[4]",
		"[::1]:80":     "[6]",
		"[::2]:80":     "[5]",
		"[::1]:81":     "[]",
	} {
		got, err := p.Listeners(netip.MustParseAddrPort(addr))
		inodes := []uint64{}
		for _, l := range got {
			inodes = append(inodes, l.Inode)
		}
		if err != nil || fmt.Sprint(inodes) != want {
			t.Errorf("%s: %v, %v; want %s", addr, inodes, err, want)
		}
	}
	whole, err := os.ReadFile(p.Root + "/thread-self/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"head\nshort line\n", strings.Replace(string(whole), ":0050", ":0x50", 1), strings.Replace(string(whole), " 1000 ", " root ", 1)} {
		if err := os.WriteFile(p.Root+"/thread-self/net/tcp", []byte(bad), 0o666); err != nil {
			t.Fatal(err)
		}
		if got, err := p.Listeners(netip.MustParseAddrPort("127.0.0.1:80")); err == nil || !strings.Contains(err.Error(), "net/tcp: line ") {
			t.Errorf("%q is read: %v, %v", bad, got, err)
		}
	}
}

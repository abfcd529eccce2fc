package inetdiag

import (
	"encoding/hex"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// procSocket is a line of /proc/net/tcp or tcp6: the oracle, read the slow way.
type procSocket struct {
	local, remote netip.AddrPort
	state         State
}

// procSockets reads both files. Where others make connections they have sockets twice
// and leave some out, because each read(2) goes on at a position that has moved
// meanwhile: 717 lines were seen for 700 sockets. So they are read in a namespace of
// the test's own.
func procSockets(t *testing.T) (all []procSocket) {
	t.Helper()
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(name)
		if os.IsNotExist(err) && name == "/proc/net/tcp6" {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
			if i == 0 {
				continue
			}
			fields := strings.Fields(line)
			state, err := strconv.ParseUint(fields[3], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, procSocket{procAddr(t, fields[1]), procAddr(t, fields[2]), State(state)})
		}
	}
	return all
}

// procAddr decodes hexadecimal words in the machine's order, a colon, a port.
func procAddr(t *testing.T, text string) netip.AddrPort {
	t.Helper()
	words, port, _ := strings.Cut(text, ":")
	b, err := hex.DecodeString(words)
	number, err2 := strconv.ParseUint(port, 16, 16)
	if err != nil || err2 != nil {
		t.Fatal(text, err, err2)
	}
	for i := 0; i < len(b); i += 4 {
		native.PutUint32(b[i:], network.Uint32(b[i:]))
	}
	addr, _ := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(addr.Unmap(), uint16(number))
}

// procCounts counts as everyState does.
func procCounts(t *testing.T, addr netip.AddrPort) (server, client counts) {
	t.Helper()
	matches := func(end netip.AddrPort) bool {
		return end.Port() == addr.Port() && (addr.Addr().IsUnspecified() || end.Addr() == addr.Addr().Unmap())
	}
	for _, s := range procSockets(t) {
		if matches(s.local) {
			server[s.state]++
		}
		if matches(s.remote) {
			client[s.state]++
		}
	}
	return server, client
}

// ssTimeWaits counts lines of ss; ok is false where it is not installed.
func ssTimeWaits(t *testing.T, filter string) (n int, ok bool) {
	t.Helper()
	path, err := exec.LookPath("ss")
	if err != nil {
		return 0, false
	}
	out, err := exec.Command(path, "-Htn", "state", "time-wait", filter).CombinedOutput()
	if err != nil {
		t.Fatalf("ss %s: %v: %s", filter, err, out)
	}
	return strings.Count(string(out), "\n"), true
}

// ssDrops returns the d of ss -m for a listener; ok is false where ss is not
// installed or prints none.
func ssDrops(t *testing.T, addr netip.AddrPort) (n int, ok bool) {
	t.Helper()
	path, err := exec.LookPath("ss")
	if err != nil {
		return 0, false
	}
	out, err := exec.Command(path, "-Htlnm", "src", addr.String()).CombinedOutput()
	if err != nil {
		t.Fatalf("ss: %v: %s", err, out)
	}
	_, memory, found := strings.Cut(string(out), "skmem:(")
	if !found {
		return 0, false
	}
	memory, _, _ = strings.Cut(memory, ")")
	fields := strings.Split(memory, ",")
	n, err = strconv.Atoi(strings.TrimPrefix(fields[len(fields)-1], "d"))
	return n, err == nil
}

package netstat

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/c10kit/c10kit/internal/netns"
)

// pair makes a connection to the listener, from that port (0: any).
func pair(t *testing.T, listener net.Listener, port int) (server, client net.Conn) {
	t.Helper()
	var dialer net.Dialer
	if port != 0 { // bind(2) would not take a port in TIME_WAIT, connect(2) does
		dialer.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}
	}
	client, err := dialer.Dial("tcp4", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err = listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return server, client
}

// closeFirst closes both ends, the first one first: it gets the TIME_WAIT.
func closeFirst(t *testing.T, first, second net.Conn) {
	t.Helper()
	first.Close()
	if _, err := second.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("error %v, expected EOF", err)
	}
	second.Close()
}

// standing is how many TIME_WAITs there are, with FIN_WAIT2 of closed sockets: the tw of
// sockstat.
func standing(t *testing.T) (n int64) {
	t.Helper()
	text, err := os.ReadFile("/proc/net/sockstat")
	if err != nil {
		t.Fatal(err)
	}
	_, tcp, _ := strings.Cut(string(text), "\nTCP: ")
	_, tw, _ := strings.Cut(tcp, " tw ")
	if _, err := fmt.Sscan(tw, &n); err != nil {
		t.Fatalf("sockstat %q: %v", text, err)
	}
	return n
}

// TestTimeWaitsCreated tries the formula on this kernel, in a namespace where every
// close is known, with each way for a TIME_WAIT to end before its 60 s: replaced by
// connect(2), replaced by an arriving SYN, or never made because there are too many.
func TestTimeWaitsCreated(t *testing.T) {
	if !netns.Test(t, netns.Sysctls{
		"net.ipv4.ip_local_port_range": "40000 40049",
		"net.ipv4.tcp_tw_reuse":        "2", // connect replaces one on loopback after a second
		"net.ipv4.tcp_max_tw_buckets":  "180",
	}) {
		return
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	reader := openReader(t, "/proc")
	byClient := func(int) { server, client := pair(t, listener, 0); closeFirst(t, client, server) }
	byServer := func(port int) { server, client := pair(t, listener, port); closeFirst(t, server, client) }
	for _, step := range []struct {
		name string
		n    int
		act  func(i int)
		// What n of them make, and what they add to the sockets standing and to two counters.
		created, standing, recycled, overflows int64
	}{
		{"client closes", 50, byClient, 50, 50, 0, 0},
		{"client's ports come round", 50, byClient, 50, 0, 50, 0},
		{"server closes, client's port comes round", 80, func(int) { byServer(5555) }, 80, 1, 0, 0},
		{"server closes, client stays: FIN_WAIT2", 5, func(i int) {
			server, client := pair(t, listener, 10_000+i)
			server.Close()
			t.Cleanup(func() { client.Close() })
		}, 5, 5, 0, 0},
		{"more than tcp_max_tw_buckets", 150, func(i int) { byServer(20_000 + i) }, 180 - 56, 180 - 56, 0, 150 - (180 - 56)},
	} {
		before, stood := read(t, "/proc"), standing(t)
		for i := range step.n {
			step.act(i)
		}
		time.Sleep(1200 * time.Millisecond) // until tcp_tw_reuse lets go of a port, and the last ACK is not delayed any more
		now, err := reader.Read()
		if err != nil {
			t.Fatal(err)
		}
		window := now.Sub(before)
		if !window.made {
			t.Skipf("Linux %s counts TIME_WAITs when they end", window.known)
		}
		created, err := window.TimeWaitsCreated()
		if err != nil || created != step.created {
			t.Errorf("%s: %d made, error %v, expected %d", step.name, created, err, step.created)
		}
		if n := standing(t) - stood; n != step.standing {
			t.Errorf("%s: %d more stand, expected %d", step.name, n, step.standing)
		}
		for c, want := range map[Counter]int64{TWRecycled: step.recycled, TCPTimeWaitOverflow: step.overflows} {
			if n, ok := window.Get(c); !ok || n != want {
				t.Errorf("%s: %v %d, known %v, expected %d", step.name, c, n, ok, want)
			}
		}
	}
}

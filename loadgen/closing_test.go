package loadgen

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/c10kit/c10kit/internal/netns"
)

// The states of /proc/net/tcp (include/net/tcp_states.h).
const (
	synSent  = "02"
	timeWait = "06"
)

// sockets counts the sockets in a state with addr as the local or as the remote
// one, by the kernel's own list. That is not read at one instant: a socket may
// come twice in it while others go.
func sockets(t *testing.T, addr netip.AddrPort, state string) (local, remote uint64) {
	b, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	ip := addr.Addr().As4()
	as := fmt.Sprintf("%02X%02X%02X%02X:%04X", ip[3], ip[2], ip[1], ip[0], addr.Port())
	seen := map[[2]string]bool{}
	for line := range strings.SplitSeq(string(b), "\n") {
		f := strings.Fields(line)
		if len(f) < 4 || f[3] != state || (f[1] != as && f[2] != as) || seen[[2]string{f[1], f[2]}] {
			continue
		}
		seen[[2]string{f[1], f[2]}] = true
		if f[1] == as {
			local++
		} else {
			remote++
		}
	}
	return local, remote
}

func TestWhoClosed(t *testing.T) {
	// With tcp_max_tw_buckets of them from elsewhere no TIME_WAIT is made.
	if !netns.Prefer(t) {
		return
	}
	for _, c := range []struct {
		name           string
		cfg            Config
		server, client uint64
	}{
		{"close, client", Config{Close: true}, 0, 60},
		{"close, server", Config{Close: true, Closer: ServerCloses}, 60, 0},
		{"three a connection, client", Config{RequestsPerConn: 3}, 0, 20},
		{"three a connection, server", Config{RequestsPerConn: 3, Closer: ServerCloses}, 20, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			// An address that nobody else uses: its TIME_WAITs are all ours.
			own := fmt.Sprintf("127.78.%d.%d:0", os.Getpid()&255, os.Getpid()>>8&127|1)
			p := newPeerAt(t, own, answering(polite))
			c.cfg.Target, c.cfg.Requests = p.httpTarget(t), 60
			r := load(t, context.Background(), c.cfg)
			if r.Conns != (ConnBook{Opened: c.server + c.client, TWServer: c.server, TWClient: c.client}) || r.AtEnd != 0 {
				t.Errorf("book %+v, %d at the end", r.Conns, r.AtEnd)
			}
			p.stop() // so that the server's ends are closed as well
			local, remote := sockets(t, p.listener.Addr().(*net.TCPAddr).AddrPort(), timeWait)
			if local != c.server || remote != c.client {
				t.Errorf("kernel has %d TIME_WAIT of the server and %d of the client, want %d and %d", local, remote, c.server, c.client)
			}
		})
	}
}

// A server that ignores the wish and leaves closing to us is booked as ours.
func TestAnnouncedClose(t *testing.T) {
	p := newPeer(t, answering(func(c *net.TCPConn, _ *http.Request) bool {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		time.Sleep(2 * time.Millisecond) // the FIN comes apart from the answer
		return false
	}))
	r := load(t, context.Background(), Config{Target: p.httpTarget(t), Conns: 2, Requests: 20})
	if r.Requests != 20 || r.Conns.TWServer != 20 || r.Window.Failed != 0 {
		t.Errorf("window %+v, connections %+v, failures %v", r.Window, r.Conns, r.Failures)
	}
}

package inetdiag

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/c10kit/c10kit/internal/netns"
	"github.com/google/go-cmp/cmp"
)

func openConn(t testing.TB) *Conn {
	t.Helper()
	c, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// pairs makes connections one after the other, from sources 127.0.9.1 and up where
// the server is on IPv4, each from a port of its own: the kernel draws one at random,
// and a client that draws the port of a TIME_WAIT takes that over, which is then one
// less than were made.
type pairs struct {
	t        *testing.T
	listener *net.TCPListener
	dial     netip.AddrPort // where clients find the server
	made     int
}

// lastPort is the source port of the newest connection of this process; they begin
// below the ports that the kernel gives.
var lastPort = 10_000

func newPairs(t *testing.T, network, addr, dial string) *pairs {
	t.Helper()
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	listener, err := config.Listen(t.Context(), network, addr)
	if err != nil {
		t.Skipf("cannot listen on %s %s: %v", network, addr, err)
	}
	t.Cleanup(func() { listener.Close() })
	tcp := listener.(*net.TCPListener)
	port := tcp.Addr().(*net.TCPAddr).AddrPort().Port()
	return &pairs{t: t, listener: tcp, dial: netip.AddrPortFrom(netip.MustParseAddr(dial), port)}
}

// next returns both ends of a connection.
func (p *pairs) next() (server, client *net.TCPConn) {
	p.t.Helper()
	lastPort++
	from := &net.TCPAddr{IP: net.IPv6loopback, Port: lastPort}
	if p.dial.Addr().Is4() {
		from.IP = net.IPv4(127, 0, 9, byte(1+p.made%200))
	}
	p.made++
	client, err := net.DialTCP("tcp", from, net.TCPAddrFromAddrPort(p.dial))
	if err != nil {
		p.t.Fatal(err)
	}
	server, err = p.listener.AcceptTCP()
	if err != nil {
		p.t.Fatal(err)
	}
	return server, client
}

// closeFirst closes one end, lets the other see it, and closes that: the first has
// the TIME_WAIT.
func closeFirst(t *testing.T, first, second *net.TCPConn) {
	t.Helper()
	closeAll(t, first)
	var b [1]byte
	if n, err := second.Read(b[:]); n != 0 || err != io.EOF {
		t.Fatalf("after the other end closed: %d bytes, error %v, expected EOF", n, err)
	}
	closeAll(t, second)
}

func closeAll(t *testing.T, conns ...*net.TCPConn) {
	t.Helper()
	for _, conn := range conns {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestTimeWaits is in a namespace of its own, with servers on ports that no client is
// given: a client that happens to have the server's port number is counted too. It makes TIME_WAITs of either side, FIN_WAIT2 of closed sockets, and open
// connections, and holds the counts against what was made, /proc/net/tcp and ss.
func TestTimeWaits(t *testing.T) {
	if !netns.Test(t, nil) {
		return
	}
	for _, c := range []struct {
		name, network, addr, dial string
		byServer, byClient        int
	}{
		{"IPv4", "tcp4", "127.0.9.9:8081", "127.0.9.9", 700, 300},
		{"IPv6", "tcp6", "[::1]:8082", "::1", 30, 70},
		{"IPv4 at an IPv6 listener", "tcp", "[::]:8083", "127.0.9.8", 50, 20},
		{"IPv4 at a mapped address", "tcp", "[::ffff:127.0.9.7]:8084", "127.0.9.7", 20, 10},
		{"nothing", "tcp4", "127.0.9.6:8085", "127.0.9.6", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := openConn(t)
			p := newPairs(t, c.network, c.addr, c.dial)
			for i := range c.byServer + c.byClient {
				server, client := p.next()
				if i < c.byServer {
					closeFirst(t, server, client)
				} else {
					closeFirst(t, client, server)
				}
			}
			const halfOpen, open = 7, 3
			for range halfOpen { // the server's end becomes a FIN_WAIT2 that nobody holds
				server, client := p.next()
				closeAll(t, server)
				defer closeAll(t, client)
			}
			for range open {
				server, client := p.next()
				defer closeAll(t, server, client)
			}
			settle(t, conn, p.dial, halfOpen)
			want := TimeWaits{Server: c.byServer, Client: c.byClient}
			for _, addr := range []netip.AddrPort{p.dial, netip.AddrPortFrom(netip.IPv4Unspecified(), p.dial.Port())} {
				got, err := conn.TimeWaits(addr)
				if err != nil || got != want {
					t.Errorf("TIME_WAITs of %v: %+v, error %v, expected %+v", addr, got, err, want)
				}
				checkStates(t, conn, addr)
			}
			checkSS(t, p.dial, want)
			server, _, err := conn.everyState(p.dial)
			if err != nil || server[Established] != open || server[FinWait2] != halfOpen {
				t.Errorf("%d established and %d in FIN_WAIT2, error %v, expected %d and %d",
					server[Established], server[FinWait2], err, open, halfOpen)
			}
		})
	}
}

// everyState counts the sockets in each state of RFC 9293 at both ends.
func (c *Conn) everyState(addr netip.AddrPort) (server, client counts, err error) {
	const every = 1<<states - 2 // state 0 does not exist
	return c.count(addr, every)
}

// checkStates compares all states with /proc/net/tcp.
func checkStates(t *testing.T, conn *Conn, addr netip.AddrPort) {
	t.Helper()
	server, client, err := conn.everyState(addr)
	if err != nil {
		t.Fatal(err)
	}
	wantServer, wantClient := procCounts(t, addr)
	if diff := cmp.Diff([]counts{wantServer, wantClient}, []counts{server, client}); diff != "" {
		t.Errorf("states of %v at the server's side and the clients', - as /proc/net/tcp, + here:\n%s", addr, diff)
	}
}

// settle waits until the handshakes of closing are over: a FIN may be acknowledged 40
// ms later (delayed acknowledgement).
func settle(t *testing.T, conn *Conn, addr netip.AddrPort, finWait2 int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		server, client, err := conn.everyState(addr)
		if err != nil {
			t.Fatal(err)
		}
		moving := server[FinWait1] + server[LastAck] + server[Closing] + client[FinWait1] + client[LastAck] + client[Closing]
		if moving == 0 && server[FinWait2] == finWait2 {
			return
		}
	}
	t.Fatalf("connections of %v did not reach their last state in 10 s", addr)
}

func checkSS(t *testing.T, addr netip.AddrPort, want TimeWaits) {
	t.Helper()
	server, ok := ssTimeWaits(t, fmt.Sprintf("( sport = :%d )", addr.Port()))
	client, _ := ssTimeWaits(t, fmt.Sprintf("( dport = :%d )", addr.Port()))
	if got := (TimeWaits{server, client}); ok && got != want {
		t.Errorf("ss has %+v, expected %+v", got, want)
	}
	if !ok {
		t.Log("ss is not installed: compared with /proc/net/tcp only")
	}
}

// TestOtherPorts checks that a neighbour's TIME_WAITs are not counted: another port
// at the same address, the same port at another address, and a client whose own
// port is the server's.
func TestOtherPorts(t *testing.T) {
	if !netns.Test(t, nil) {
		return
	}
	conn := openConn(t)
	ours := newPairs(t, "tcp4", "127.0.9.5:8081", "127.0.9.5")
	other := newPairs(t, "tcp4", "127.0.9.5:8082", "127.0.9.5")
	away := newPairs(t, "tcp4", "127.0.9.4:8081", "127.0.9.4")
	for _, p := range []*pairs{ours, other, other, away, away, away} {
		server, client := p.next()
		closeFirst(t, server, client)
	}
	// A client at 127.0.9.3 with the server's own port number.
	client, err := net.DialTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 9, 3), Port: int(ours.dial.Port())}, net.TCPAddrFromAddrPort(ours.dial))
	if err != nil {
		t.Fatal(err)
	}
	server, err := ours.listener.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	closeFirst(t, client, server)
	settle(t, conn, netip.AddrPortFrom(netip.IPv4Unspecified(), ours.dial.Port()), 0)
	settle(t, conn, other.dial, 0)
	for _, c := range []struct {
		addr netip.AddrPort
		want TimeWaits
	}{
		{ours.dial, TimeWaits{1, 1}},
		{other.dial, TimeWaits{2, 0}},
		{away.dial, TimeWaits{3, 0}},
		{netip.AddrPortFrom(netip.IPv6Unspecified(), ours.dial.Port()), TimeWaits{1 + 3 + 1, 1}}, // the odd one at both ends
		{netip.AddrPortFrom(netip.MustParseAddr("::ffff:127.0.9.5"), ours.dial.Port()), TimeWaits{1, 1}},
		{netip.AddrPortFrom(netip.IPv6Loopback(), ours.dial.Port()), TimeWaits{}},
	} {
		if got, err := conn.TimeWaits(c.addr); err != nil || got != c.want {
			t.Errorf("TIME_WAITs of %v: %+v, error %v, expected %+v", c.addr, got, err, c.want)
		}
		checkStates(t, conn, c.addr)
	}
}

// TestStateNames holds the names against the numbers that the kernel prints.
func TestStateNames(t *testing.T) {
	for s, want := range map[State]string{
		1: "ESTABLISHED", 3: "SYN-RECEIVED", 5: "FIN-WAIT-2", 6: "TIME-WAIT", 10: "LISTEN", 11: "CLOSING", 12: "SYN-RECEIVED",
		0: "State(0)", 13: "State(13)", 255: "State(255)",
	} {
		if s.String() != want {
			t.Errorf("state %d is %s, expected %s", uint8(s), s, want)
		}
	}
}

package loadgen

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// afterRequest returns a handler that reads one request and then misbehaves.
func afterRequest(act func(*net.TCPConn)) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		if r, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.Copy(io.Discard, r.Body)
			act(c)
		}
	}
}

func say(c *net.TCPConn, s string) { _, _ = io.WriteString(c, s) }

func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

// stall holds the connection until the client has closed it.
func stall(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }

// faultTimeout is long enough for what comes before the fault, on a busy machine too: a
// stall of that length would be a fault in another phase.
const faultTimeout = 150 * time.Millisecond

// sink holds the connection without reading, for longer than the client waits.
func sink(*net.TCPConn) { time.Sleep(4 * faultTimeout) }

var large = make([]byte, 32<<20) // more than the socket buffers hold

// faults provoke each class of error in each phase where it can happen.
var faults = []struct {
	phase  Phase
	class  Class
	errno  syscall.Errno // what the example must say, if a system call failed
	handle func(*net.TCPConn)
	cfg    Config
}{
	{PhaseWrite, ClassTimeout, 0, sink, Config{Body: large}},
	{PhaseWrite, ClassReset, 0, func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 9)); reset(c) }, Config{Body: large}},
	{PhaseWrite, ClassEOF, 0, func(c *net.TCPConn) { _ = c.CloseWrite(); sink(c) }, Config{Body: large}},

	{PhaseFirstByte, ClassTimeout, 0, stall, Config{}},
	{PhaseFirstByte, ClassReset, unix.ECONNRESET, afterRequest(reset), Config{}},
	{PhaseFirstByte, ClassEOF, 0, afterRequest(func(*net.TCPConn) {}), Config{}},

	{PhaseRead, ClassTimeout, 0, afterRequest(func(c *net.TCPConn) { say(c, "HTTP/1.1 200 OK\r\n"); stall(c) }), Config{}},
	{PhaseRead, ClassReset, unix.ECONNRESET, afterRequest(func(c *net.TCPConn) {
		say(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
		time.Sleep(50 * time.Millisecond) // the client has read the answer by then, on a busy machine too
		reset(c)
	}), Config{}},
	{PhaseRead, ClassEOF, 0, afterRequest(func(c *net.TCPConn) { say(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc") }), Config{}},
	{PhaseRead, ClassProtocol, 0, afterRequest(func(c *net.TCPConn) { say(c, "220 mail.example ESMTP\r\n"); stall(c) }), Config{}},
	{PhaseRead, ClassStatus, 0, answering(func(c *net.TCPConn, _ *http.Request) bool {
		say(c, "HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\nno")
		return true
	}), Config{}},

	{PhaseClose, ClassTimeout, 0, afterRequest(func(c *net.TCPConn) { say(c, hello); stall(c) }), Config{Close: true, Closer: ServerCloses}},
	{PhaseClose, ClassReset, unix.ECONNRESET, afterRequest(func(c *net.TCPConn) {
		say(c, hello)
		time.Sleep(50 * time.Millisecond) // the client has read the answer by then, on a busy machine too
		reset(c)
	}), Config{Close: true, Closer: ServerCloses}},
	{PhaseClose, ClassProtocol, 0, afterRequest(func(c *net.TCPConn) { say(c, hello+"more"); stall(c) }), Config{}},
}

// TestFaults is the confusion matrix: each fault is counted in its own cell, as
// often as there were requests, and in no other.
func TestFaults(t *testing.T) {
	for _, f := range faults {
		t.Run(f.phase.String()+"/"+f.class.String(), func(t *testing.T) {
			cfg := f.cfg
			cfg.Target = newPeer(t, f.handle).httpTarget(t)
			checkFault(t, cfg, f.phase, f.class, f.errno)
		})
	}
	t.Run("connect/refused", func(t *testing.T) {
		p := newPeer(t, stall)
		p.stop()
		checkFault(t, Config{Target: p.httpTarget(t)}, PhaseConnect, ClassRefused, unix.ECONNREFUSED)
	})
	t.Run("connect/timeout", func(t *testing.T) {
		target, _, _ := fullBacklog(t)
		checkFault(t, Config{Target: target}, PhaseConnect, ClassTimeout, 0)
	})
	t.Run("connect/other", func(t *testing.T) {
		target := Target{Addr: netip.MustParseAddrPort("127.255.255.255:9"), Host: "h", Path: "/"} // broadcast
		checkFault(t, Config{Target: target}, PhaseConnect, ClassOther, unix.ENETUNREACH)
	})
}

// checkFault runs ten requests into a fault.
func checkFault(t *testing.T, cfg Config, phase Phase, class Class, errno syscall.Errno) {
	t.Helper()
	cfg.Conns, cfg.Requests = 2, 10
	if class == ClassTimeout {
		cfg.Timeout = faultTimeout
	}
	r := load(t, context.Background(), cfg)
	var want Errors
	want[phase][class] = 10
	if r.Errors != want {
		t.Fatalf("failures %v, want 10 of %v %v", r.Failures, phase, class)
	}
	if len(r.Failures) != 1 || r.Failures[0].Example == nil {
		t.Fatalf("failures %v", r.Failures)
	}
	if e := r.Failures[0].Example; errno != 0 && !errors.Is(e, errno) {
		t.Errorf("example is %v, want %v", e, errno)
	}
	if class == ClassTimeout && phase != PhaseClose && r.Failed.Min() < int64(faultTimeout-time.Millisecond) {
		t.Errorf("a request timed out after %v", time.Duration(r.Failed.Min()))
	}
	if failed := r.Window.Failed; (phase == PhaseClose) != (failed == 0) || failed+r.Requests != 10 {
		t.Errorf("window %+v", r.Window)
	}
	if class != ClassStatus && r.Conns.Opened != r.Conns.TWServer+r.Conns.TWClient+r.Conns.Reset+r.AtEnd {
		t.Errorf("connections %+v, %d at the end", r.Conns, r.AtEnd)
	}
	if served := phase == PhaseClose || class == ClassStatus; served != (r.NeverServed == 0) {
		t.Errorf("%d never served", r.NeverServed)
	}
}

// fullBacklog returns a listener whose accept queue is full of the given
// connections, and stays so unless the caller accepts: the kernel drops the
// handshakes of others.
func fullBacklog(t *testing.T) (target Target, l net.Listener, queued []net.Conn) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "listener")
	defer func() { _ = f.Close() }()
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	if l, err = net.FileListener(f); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(sa.(*unix.SockaddrInet4).Port))
	for {
		// Of a listener, the kernel tells here how many connections it has
		// queued and how many at most; it takes one more (tcp_get_info).
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			t.Fatal(err)
		}
		if info.Unacked > info.Sacked {
			return Target{Addr: addr, Host: addr.String(), Path: "/"}, l, queued
		}
		c, err := net.DialTimeout("tcp4", addr.String(), time.Second)
		if err != nil {
			t.Fatalf("the accept queue holds %d of %d and takes no more: %v", info.Unacked, info.Sacked, err)
		}
		t.Cleanup(func() { _ = c.Close() })
		queued = append(queued, c)
	}
}

func TestPortsExhausted(t *testing.T) {
	if err := NarrowsPorts(); err != nil {
		t.Skip(err)
	}
	p := newPeer(t, answering(polite))
	// Four ports for eight connections, inside net.ipv4.ip_local_port_range, and
	// from an address of our own, so that nobody else can have them.
	cfg := Config{
		Target: p.httpTarget(t), Conns: 8, Requests: 300, Ports: PortRange{60_990, 60_993},
		Sources: []netip.Addr{netip.AddrFrom4([4]byte{127, 77, byte(os.Getpid()), byte(os.Getpid()>>8) | 1})},
	}
	r := load(t, context.Background(), cfg)
	if r.Errors[PhaseConnect][ClassPorts] == 0 || r.Requests == 0 || r.Requests+r.Errors[PhaseConnect][ClassPorts] != 300 {
		t.Errorf("window %+v, failures %v", r.Window, r.Failures)
	}
	if r.NeverServed != 4 {
		t.Errorf("%d never served, want 4", r.NeverServed)
	}
}

func TestDescriptorsExhausted(t *testing.T) {
	p := newPeer(t, answering(polite))
	// The server, in the same process, is out of descriptors too and may not
	// accept what did connect: those requests time out.
	cfg := Config{Target: p.httpTarget(t), Conns: 30, Requests: 300, Timeout: 50 * time.Millisecond}
	var r *Result
	t.Run("run", func(t *testing.T) { // its end restores the limit
		setFiles(t, openFiles(t)+10)
		r = load(t, context.Background(), cfg)
	})
	n := r.Errors[PhaseConnect][ClassDescriptors]
	if n == 0 || r.Requests+n+r.Errors[PhaseFirstByte][ClassTimeout] != 300 {
		t.Errorf("window %+v, failures %v", r.Window, r.Failures)
	}
	if len(r.Failures) > 0 && !errors.Is(r.Failures[0].Example, unix.EMFILE) {
		t.Errorf("example is %v", r.Failures[0].Example)
	}
}

// In a pipelined batch the answers before the fault count, those after it fail.
func TestFaultInPipeline(t *testing.T) {
	p := newPeer(t, func(c *net.TCPConn) {
		br := bufio.NewReader(c)
		for range 8 {
			if _, err := http.ReadRequest(br); err != nil {
				return
			}
		}
		say(c, hello+hello+hello+"HTTP/1.1 200 OK\r\nContent-Le")
	})
	r := load(t, context.Background(), Config{Target: p.httpTarget(t), Conns: 1, Pipeline: 8, Requests: 80})
	// One connection after the other carries 8: 3 answered, 1 cut, 4 lost.
	if r.Requests != 30 || r.Errors[PhaseRead][ClassEOF] != 10 || r.Errors[PhaseFirstByte][ClassEOF] != 40 {
		t.Errorf("window %+v, failures %v", r.Window, r.Failures)
	}
}

// A server that dies in the middle: no request is lost from the books.
func TestServerKilled(t *testing.T) {
	for _, c := range []Config{{Pipeline: 4}, {Close: true}, {Close: true, Closer: ServerCloses}} {
		p := newPeer(t, answering(polite))
		c.Target, c.Conns, c.Threads, c.Duration = p.httpTarget(t), 8, 2, 150*time.Millisecond
		c.SampleEvery = 5 * time.Millisecond
		killed := false
		c.Sample = func(s Sample) {
			if s.OK > 50 && !killed {
				killed = true
				p.stop()
			}
		}
		r := load(t, context.Background(), c)
		if !killed || r.Requests < 50 || r.Errors[PhaseConnect][ClassRefused] == 0 {
			t.Errorf("killed %v, window %+v, failures %v", killed, r.Window, r.Failures)
		}
		// A dead server is asked at most ten times a second and slot, after
		// the doubling, not as often as the CPU allows.
		if n := r.Errors[PhaseConnect][ClassRefused]; n > 8*12 {
			t.Errorf("%d refused connects", n)
		}
	}
}

// A stalled server's requests are censored at the end with their ages.
func TestServerStalls(t *testing.T) {
	p := newPeer(t, func(c *net.TCPConn) {
		n := 0
		answering(func(c *net.TCPConn, r *http.Request) bool {
			if n++; n > 5 {
				stall(c)
				return false
			}
			return polite(c, r)
		})(c)
	})
	r := load(t, context.Background(), Config{Target: p.httpTarget(t), Conns: 4, Duration: 120 * time.Millisecond})
	if r.Requests != 20 || r.Window.InFlight != 4 || r.Window.Failed != 0 || r.Censored.Min() < int64(50*time.Millisecond) {
		t.Errorf("window %+v, youngest in flight %v", r.Window, time.Duration(r.Censored.Min()))
	}
}

func TestNamesAndHints(t *testing.T) {
	for p := range Phase(NumPhases) {
		if p.String() == "" {
			t.Errorf("phase %d has no name", p)
		}
	}
	for c := range Class(NumClasses) {
		if c.String() == "" || c.Hint() == "" || strings.HasSuffix(c.Hint(), ".") {
			t.Errorf("class %d is %q, hint %q", c, c.String(), c.Hint())
		}
	}
	for f := range fault(len(faultNames)) {
		if f.String() == "" {
			t.Errorf("fault %d has no name", f)
		}
	}
}

// setFiles lowers the limit of open files until the test ends.
func setFiles(t *testing.T, n int) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	lower := old
	lower.Cur = uint64(n)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &lower); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Setrlimit(unix.RLIMIT_NOFILE, &old) })
}

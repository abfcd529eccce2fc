package loadgen

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Closer names the side that is to close a connection first and so keeps its
// TIME_WAIT. It implements the interfaces of command-line flags.
type Closer uint8

// The two sides.
const (
	ClientCloses Closer = iota
	ServerCloses
)

// String returns the flag value, client or server.
func (c Closer) String() string {
	if c == ServerCloses {
		return "server"
	}
	return "client"
}

// Set reads a flag value.
func (c *Closer) Set(s string) error {
	switch s {
	case "client":
		*c = ClientCloses
	case "server":
		*c = ServerCloses
	default:
		return fmt.Errorf("closer %q is neither client nor server", s)
	}
	return nil
}

// Type names the value in a usage text.
func (c *Closer) Type() string { return "side" }

// Config says what to send, over how many connections and for how long. Run
// copies it; slices must not change while Run runs.
type Config struct {
	Target  Target
	Conns   int // connections held open at a time; 0 means 1
	Threads int // threads that share them, at most Conns; 0 means 1

	// The window ends after Duration, or when Requests requests have been sent
	// and accounted for, whichever is first; zero is no bound, and one of the
	// two must be set. A request that fails is one of the Requests, a failed
	// connect included. With Requests set, Warmup ends by letting the requests
	// in flight finish, so that the window contains exactly the bound.
	Duration time.Duration
	Requests uint64
	Warmup   time.Duration // load before the window, not in any figure of it

	// Close opens a connection for each request. RequestsPerConn closes after
	// so many requests; zero is never. Closer says who does it, and with
	// ServerCloses the last request of a connection carries Connection: close
	// (in Echo and Unp the client half-closes, for want of words to ask).
	Close           bool
	RequestsPerConn int
	Closer          Closer

	// Think is how long a connection's user sleeps: after connect, before the
	// first request; after each answer (or batch of them), before the next
	// request, before our close, and, where the server closes, before the next
	// connect. What ends while it sleeps is noticed when it wakes up, but for
	// an idle connection's end. Latency counts from the end of the sleep, in
	// Close mode too; a request that is slept before is not in flight.
	Think time.Duration

	Pipeline  int      // requests a connection sends in one write; 0 means 1
	Method    string   // "" means GET, or POST with a Body
	Headers   []string // "Name: value"
	Body      []byte
	EchoBytes int // size of an Echo message; 0 means 64

	// Sources are local addresses in 127.0.0.0/8 to connect from, in turn.
	// They are bound without a port (IP_BIND_ADDRESS_NO_PORT, ip(7)), so that
	// each has the whole range of ephemeral ports for each server address.
	Sources []netip.Addr
	// Ports narrows the ephemeral ports of each socket, with Sources or without;
	// the zero value is the kernel's range, net.ipv4.ip_local_port_range, within
	// which both bounds must lie: the kernel ignores one that does not. Where
	// NarrowsPorts fails, no connection can be opened with it.
	Ports PortRange

	// Timeout bounds each phase, a connect, a request (or batch) and the wait
	// for the server's FIN, by itself; 0 means 10 s. What exceeds it is an
	// error of ClassTimeout.
	Timeout time.Duration
	CPUs    []int // thread i runs on CPUs[i%len(CPUs)] only; empty is anywhere

	// Opened and Closed are called once each, on the goroutine that called Run,
	// just before the window opens and just after it closes; the threads send
	// on meanwhile. Closed is called if and only if Opened was.
	Opened, Closed func()

	// Sample is called every SampleEvery (0 means 250 ms) of the warm-up, for
	// the opening of the window (after Opened), every SampleEvery after that, and
	// for the end of the window (after Closed), on the goroutine that called Run.
	// It must return quickly, and what it allocates is not collected before Run
	// returns.
	Sample      func(Sample)
	SampleEvery time.Duration

	// schedstat names another file than the kernel's, for tests that want it
	// missing or mute.
	schedstat string
	noWaitNS  bool // as if the kernel had no epoll_pwait2
}

// Limits of a Config. They exist to catch slips of the keyboard and to keep
// preallocation bounded.
const (
	maxThreads  = 1024
	maxConns    = 1 << 20
	maxPipeline = 1024
	maxEcho     = 1 << 20
	maxThink    = time.Hour
	maxTimeout  = 24 * time.Hour // instants are added to it: far from where int64 ends
)

// MaxBody is how many bytes the body of a request may have, and the bodies of a batch
// of Pipeline requests together: a batch is built once and is one write.
const MaxBody = 64 << 20

// withDefaults returns c with the zero values replaced.
func (c Config) withDefaults() Config {
	orOne := func(n *int) {
		if *n == 0 {
			*n = 1
		}
	}
	orOne(&c.Conns)
	orOne(&c.Threads)
	orOne(&c.Pipeline)
	if c.EchoBytes == 0 {
		c.EchoBytes = 64
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	if c.schedstat == "" {
		c.schedstat = schedstatFile
	}
	if c.SampleEvery == 0 {
		c.SampleEvery = 250 * time.Millisecond
	}
	if c.Method == "" {
		c.Method = "GET"
		if len(c.Body) > 0 {
			c.Method = "POST"
		}
	}
	if c.Close && c.RequestsPerConn == 0 {
		c.RequestsPerConn = 1
	}
	return c
}

// Check reports the first problem for which Run would refuse c, whatever the
// machine: nothing is allocated or opened for it.
func (c Config) Check() error {
	c = c.withDefaults()
	return c.check()
}

// check is Check of a Config with defaults in place.
func (c *Config) check() error {
	for _, f := range []func() error{c.checkCounts, c.checkTimes, c.checkClosing, c.checkRequest, c.checkPlaces} {
		if err := f(); err != nil {
			return fmt.Errorf("load: %w", err)
		}
	}
	return nil
}

func (c *Config) checkCounts() error {
	for _, f := range []struct {
		name   string
		n, max int
	}{
		{"connections", c.Conns, maxConns},
		{"threads", c.Threads, maxThreads},
		{"pipeline depth", c.Pipeline, maxPipeline},
		{"echo bytes", c.EchoBytes, maxEcho},
	} {
		if f.n < 1 || f.n > f.max {
			return fmt.Errorf("%s must be in 1..%d, not %d", f.name, f.max, f.n)
		}
	}
	if c.Threads > c.Conns {
		return fmt.Errorf("%d threads have nothing to do with %d connections", c.Threads, c.Conns)
	}
	return nil
}

func (c *Config) checkTimes() error {
	for _, f := range []struct {
		name string
		d    time.Duration
	}{{"duration", c.Duration}, {"warm-up", c.Warmup}} {
		if f.d < 0 {
			return fmt.Errorf("%s must not be negative, but is %v", f.name, f.d)
		}
	}
	if c.Think < 0 || c.Think > maxThink {
		return fmt.Errorf("think time must be in 0..%v, not %v", maxThink, c.Think)
	}
	if c.Timeout < time.Millisecond || c.Timeout > maxTimeout {
		return fmt.Errorf("timeout must be in 1ms..%v, not %v", maxTimeout, c.Timeout)
	}
	if c.SampleEvery < time.Millisecond {
		return fmt.Errorf("the sampling interval must be at least 1ms, not %v", c.SampleEvery)
	}
	if c.Duration == 0 && c.Requests == 0 {
		return errors.New("neither a duration nor a number of requests bounds the run")
	}
	if c.Requests > 1<<62 {
		return fmt.Errorf("%d requests are too many", c.Requests)
	}
	return nil
}

func (c *Config) checkClosing() error {
	switch {
	case c.RequestsPerConn < 0:
		return fmt.Errorf("requests per connection must not be negative, but is %d", c.RequestsPerConn)
	case c.Close && c.RequestsPerConn != 1:
		return fmt.Errorf("a connection per request and %d requests per connection contradict each other", c.RequestsPerConn)
	case c.Close && c.Pipeline > 1:
		return errors.New("a connection per request leaves nothing to pipeline")
	case c.Closer > ServerCloses:
		return fmt.Errorf("closer %d is neither client nor server", c.Closer)
	}
	return nil
}

func (c *Config) checkPlaces() error {
	if !c.Target.Addr.IsValid() || c.Target.Addr.Port() == 0 {
		return errors.New("no target address")
	}
	if err := checkSources(c.Sources); err != nil {
		return fmt.Errorf("sources: %w", err)
	}
	if len(c.Sources) > 0 && !loopback4.Contains(c.Target.Addr.Addr()) {
		return fmt.Errorf("sources in 127.0.0.0/8 cannot reach %v", c.Target.Addr)
	}
	if r := c.Ports; r != (PortRange{}) && (r.First == 0 || r.Last < r.First) {
		return fmt.Errorf("ports %d to %d are no range", r.First, r.Last)
	}
	for _, cpu := range c.CPUs {
		if cpu < 0 || cpu >= 1024 {
			return fmt.Errorf("CPU %d is not in 0..1023", cpu)
		}
	}
	return nil
}

func (c *Config) checkRequest() error {
	if c.Target.Proto > Unp {
		return fmt.Errorf("protocol %d is unknown", c.Target.Proto)
	}
	if c.Target.Proto == Echo && c.EchoBytes > MaxBody/c.Pipeline {
		return fmt.Errorf("a batch of %d messages of %d bytes is more than %d MiB", c.Pipeline, c.EchoBytes, MaxBody>>20)
	}
	if c.Target.Proto != HTTP {
		if len(c.Headers) > 0 || len(c.Body) > 0 || c.Method != "GET" {
			return fmt.Errorf("method, headers and body mean nothing to %v", c.Target.Proto)
		}
		return nil
	}
	if !isToken(c.Method) || c.Method == "CONNECT" {
		return fmt.Errorf("method %q cannot be sent", c.Method)
	}
	for _, h := range c.Headers {
		if err := checkHeader(h); err != nil {
			return err
		}
	}
	return c.checkBatch()
}

// checkBatch bounds what newBatches builds, Pipeline copies of a request: its body,
// and what stands before that. It compares by division: the products may overflow
// where int has 32 bits.
func (c *Config) checkBatch() error {
	head := len(c.Method) + len(c.Target.Path) + len(c.Target.Host)
	for _, h := range c.Headers {
		head += len(h)
	}
	for _, part := range []struct {
		what string
		size int
	}{{"bodies", len(c.Body)}, {"heads", head}} {
		if part.size > MaxBody/c.Pipeline {
			return fmt.Errorf("a batch of %d %s of %d bytes is more than %d MiB", c.Pipeline, part.what, part.size, MaxBody>>20)
		}
	}
	return nil
}

// checkHeader refuses what would break the message's framing, and the headers
// that other fields of Config decide.
func checkHeader(h string) error {
	name, value, ok := strings.Cut(h, ":")
	if !ok || !isToken(name) || strings.ContainsAny(value, "\r\n\x00") {
		return fmt.Errorf("header %q is not of the form \"Name: value\"", h)
	}
	switch strings.ToLower(name) {
	case "connection", "content-length", "transfer-encoding":
		return fmt.Errorf("header %s is decided by the other settings; leave it out", name)
	}
	return nil
}

// isToken reports whether s is a token of RFC 9110, section 5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		if !tokenByte[s[i]] {
			return false
		}
	}
	return s != ""
}

// tokenByte is the table of tchar.
var tokenByte = func() (t [256]bool) {
	for _, b := range []byte("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		t[b] = true
	}
	return t
}()

package loadgen

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/c10kit/c10kit/internal/race"
)

func TestExactCounts(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  Config
	}{
		{"keep-alive", Config{Conns: 7, Requests: 1001}},
		{"two threads", Config{Conns: 5, Threads: 2, Requests: 1003}},
		{"pipelined", Config{Conns: 3, Pipeline: 16, Requests: 1000}},
		{"requests per connection", Config{Conns: 3, RequestsPerConn: 7, Requests: 500}},
		{"pipelined, requests per connection", Config{Conns: 3, Pipeline: 4, RequestsPerConn: 10, Closer: ServerCloses, Requests: 500}},
		{"close", Config{Conns: 8, Threads: 2, Close: true, Requests: 300}},
		{"close by server", Config{Conns: 8, Close: true, Closer: ServerCloses, Requests: 300}},
		{"fewer than connections", Config{Conns: 8, Requests: 3}},
		{"warm-up", Config{Conns: 8, Threads: 2, Warmup: 50 * time.Millisecond, Requests: 500}},
		{"body", Config{Conns: 4, Body: make([]byte, 100_000), Requests: 100}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var served atomic.Uint64
			p := newPeer(t, answering(func(c *net.TCPConn, r *http.Request) bool {
				served.Add(1)
				return polite(c, r)
			}))
			c.cfg.Target = p.httpTarget(t)
			r := load(t, context.Background(), c.cfg)
			if r.Requests != c.cfg.Requests || r.Window.Started != c.cfg.Requests || r.Window.Failed+r.Window.InFlight+r.Window.Carried != 0 {
				t.Errorf("window %+v, want %d requests; failures %v", r.Window, c.cfg.Requests, r.Failures)
			}
			if r.Run.OK != served.Load() || r.Status[2] != c.cfg.Requests {
				t.Errorf("%d answers in the run, %d sent by the server; %d of 2xx in the window", r.Run.OK, served.Load(), r.Status[2])
			}
			if r.Interrupted || r.Overflows != 0 || r.Elapsed <= 0 {
				t.Errorf("interrupted %v, overflows %d, elapsed %v", r.Interrupted, r.Overflows, r.Elapsed)
			}
			if want := uint64(len(hello)) * c.cfg.Requests; r.BytesIn != want {
				t.Errorf("%d bytes in, want %d", r.BytesIn, want)
			}
		})
	}
}

func TestDurationBound(t *testing.T) {
	p := newPeer(t, answering(polite))
	r := load(t, context.Background(), Config{Target: p.httpTarget(t), Conns: 4, Threads: 2, Duration: 100 * time.Millisecond, Warmup: 30 * time.Millisecond})
	if r.Requests == 0 || r.Interrupted || r.Elapsed < 100*time.Millisecond {
		t.Errorf("%d requests in %v, interrupted %v", r.Requests, r.Elapsed, r.Interrupted)
	}
	if r.Window.Carried == 0 || r.Window.InFlight == 0 || r.Run.Started <= r.Window.Started {
		t.Errorf("window %+v in run %+v does not look like one in the middle", r.Window, r.Run)
	}
	if r.AtEnd != 4 || r.Conns != (ConnBook{}) || len(r.Threads) != 2 || r.CPU.Total() <= 0 {
		t.Errorf("%d closed at the end, window %+v, threads %v", r.AtEnd, r.Conns, r.Threads)
	}
}

// TestRest: at which edges of the window nothing is under way.
func TestRest(t *testing.T) {
	p := newPeer(t, answering(polite))
	for _, c := range []struct {
		name string
		cfg  Config
		want [2]bool
	}{
		{"requests", Config{Requests: 50}, [2]bool{true, true}},
		{"requests after a warm-up", Config{Requests: 50, Warmup: 20 * time.Millisecond}, [2]bool{true, true}},
		{"duration", Config{Duration: 30 * time.Millisecond}, [2]bool{true, false}},
		{"duration after a warm-up", Config{Duration: 30 * time.Millisecond, Warmup: 20 * time.Millisecond}, [2]bool{false, false}},
		{"duration before the requests are done", Config{Duration: 30 * time.Millisecond, Requests: 1 << 40}, [2]bool{true, false}},
	} {
		c.cfg.Target, c.cfg.Conns, c.cfg.Threads = p.httpTarget(t), 4, 2
		r := load(t, t.Context(), c.cfg)
		if r.Rest != c.want || r.Closed.Sub(r.Opened) != r.Elapsed || r.Elapsed <= 0 {
			t.Errorf("%s: at rest %v, want %v; from %v to %v, %v long", c.name, r.Rest, c.want, r.Opened, r.Closed, r.Elapsed)
		}
	}
}

// TestAnswered counts what the server answered, whether a client likes it or not.
func TestAnswered(t *testing.T) {
	var n atomic.Uint64
	p := newPeer(t, answering(func(c *net.TCPConn, r *http.Request) bool {
		if n.Add(1)%2 == 0 {
			_, _ = io.WriteString(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
			return true
		}
		return polite(c, r)
	}))
	if r := load(t, t.Context(), Config{Target: p.httpTarget(t), Requests: 40}); r.Answered() != 40 || r.Requests != 20 {
		t.Errorf("%d answers, %d of 2xx; want 40 and 20", r.Answered(), r.Requests)
	}
	if r := (&Result{Requests: 7}); r.Answered() != 7 { // a protocol without a status
		t.Errorf("%d answers, want 7", r.Answered())
	}
}

func TestWarmupExcluded(t *testing.T) {
	var open atomic.Bool
	var after atomic.Int64
	p := newPeer(t, answering(func(c *net.TCPConn, _ *http.Request) bool {
		if open.Load() {
			after.Add(1)
			return polite(c, new(http.Request))
		}
		_, err := io.WriteString(c, "HTTP/1.1 503 Not Yet\r\nContent-Length: 0\r\n\r\n")
		return err == nil
	}))
	opened, closed := 0, 0
	r := load(t, context.Background(), Config{
		Target: p.httpTarget(t), Conns: 6, Threads: 2, Warmup: 50 * time.Millisecond, Requests: 400,
		Opened: func() { opened++; open.Store(true) },
		Closed: func() {
			if closed++; opened != 1 {
				t.Error("Closed before Opened")
			}
		},
	})
	if opened != 1 || closed != 1 {
		t.Errorf("Opened called %d times, Closed %d", opened, closed)
	}
	if r.Status[5] != 0 || r.Requests != 400 || after.Load() != 400 {
		t.Errorf("window %+v, statuses %v, %d served after the opening", r.Window, r.Status, after.Load())
	}
	if r.Run.Failed == 0 {
		t.Error("there was no warm-up")
	}
}

func TestInterrupted(t *testing.T) {
	p := newPeer(t, answering(polite))
	for _, c := range []struct {
		name   string
		cfg    Config
		window bool
	}{
		{"in the window", Config{Duration: time.Hour}, true},
		{"counting", Config{Requests: 1 << 40}, true},
		{"in the warm-up", Config{Duration: time.Hour, Warmup: time.Hour}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			opened, closed := 0, 0
			c.cfg.Target, c.cfg.Conns, c.cfg.Threads = p.httpTarget(t), 4, 2
			c.cfg.Opened, c.cfg.Closed = func() { opened++ }, func() { closed++ }
			c.cfg.SampleEvery = 5 * time.Millisecond
			c.cfg.Sample = func(s Sample) {
				if s.OK > 100 {
					cancel()
				}
			}
			r := load(t, ctx, c.cfg)
			if !r.Interrupted || r.Run.OK < 100 || (r.Requests > 0) != c.window || opened != closed || (opened == 1) != c.window {
				t.Errorf("interrupted %v, run %+v, window %+v, %d opened, %d closed", r.Interrupted, r.Run, r.Window, opened, closed)
			}
		})
	}
	t.Run("before it began", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		r := load(t, ctx, Config{Target: p.httpTarget(t), Duration: time.Hour})
		if !r.Interrupted || r.Run != (Book{}) || r.Elapsed != 0 {
			t.Errorf("interrupted %v, run %+v, elapsed %v", r.Interrupted, r.Run, r.Elapsed)
		}
	})
}

func TestSamples(t *testing.T) {
	p := newPeer(t, answering(polite))
	var list []Sample
	r := load(t, context.Background(), Config{
		Target: p.httpTarget(t), Conns: 4, Warmup: 40 * time.Millisecond, Duration: 80 * time.Millisecond,
		SampleEvery: 10 * time.Millisecond, Sample: func(s Sample) { list = append(list, s) },
	})
	if len(list) < 3 {
		t.Fatalf("%d samples", len(list))
	}
	var inWindow int
	for i, s := range list[1:] {
		if p := list[i]; s.At < p.At || s.OK < p.OK || s.Started < p.Started || s.BytesIn < p.BytesIn {
			t.Errorf("sample %d: %+v after %+v", i+1, s, p)
		}
		if s.Window {
			inWindow++
		}
	}
	if last := list[len(list)-1]; inWindow == 0 || last.Opened != 4 || last.OK > r.Run.OK || last.OK == 0 {
		t.Errorf("%d samples of the window, last %+v, run %+v", inWindow, last, r.Run)
	}
}

func TestSourcesUsed(t *testing.T) {
	var mu sync.Mutex
	seen := map[netip.Addr]int{}
	p := newPeer(t, func(c *net.TCPConn) {
		mu.Lock()
		seen[c.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()]++
		mu.Unlock()
		answering(polite)(c)
	})
	sources, err := ParseSources("127.0.1.0/30,127.3.2.1")
	if err != nil {
		t.Fatal(err)
	}
	load(t, context.Background(), Config{Target: p.httpTarget(t), Conns: 10, Sources: sources, Close: true, Requests: 100})
	mu.Lock()
	defer mu.Unlock()
	for _, a := range sources {
		if seen[a] != 20 {
			t.Errorf("%d connections from %v, want 20", seen[a], a)
		}
	}
	if len(seen) != len(sources) {
		t.Errorf("connections from %v", seen)
	}
}

func TestNeverServed(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { // one connection at a time, to its end
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			answering(polite)(c.(*net.TCPConn))
			_ = c.Close()
		}
	})
	p := &peer{listener: l}
	r := load(t, context.Background(), Config{Target: p.httpTarget(t), Conns: 8, Duration: 100 * time.Millisecond})
	_ = l.Close()
	serving.Wait()
	if r.NeverServed != 7 || r.Requests == 0 || r.Window.InFlight < 7 {
		t.Errorf("%d never served, window %+v", r.NeverServed, r.Window)
	}
	if oldest := r.Censored.Max(); oldest < int64(50*time.Millisecond) {
		t.Errorf("the oldest request in flight is %v old", time.Duration(oldest))
	}
}

// frugal answers without parsing and without allocating.
func frugal(c *net.TCPConn) {
	buf, answer := make([]byte, 4096), []byte(hello)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}

func TestNoAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	p := newPeer(t, frugal)
	for _, cfg := range []Config{{Requests: 100_000}, {Requests: 10_000, Think: 50 * time.Microsecond}} {
		cfg.Target, cfg.Conns, cfg.Warmup = p.httpTarget(t), 16, 100*time.Millisecond
		r := load(t, context.Background(), cfg)
		if r.Requests != cfg.Requests || r.AllocsPer > 0.001 {
			t.Errorf("%d allocations in %d requests, %v each", r.Allocs, r.Requests, r.AllocsPer)
		}
	}
}

// Two Runs at a time turn the collector off once and restore it once, and leave
// no thread that is bound to a CPU.
func TestProcessRestored(t *testing.T) {
	p := newPeer(t, answering(polite))
	old := debug.SetGCPercent(123)
	defer debug.SetGCPercent(old)
	pinned := 0
	var both sync.WaitGroup
	for i := range 2 {
		cfg := Config{Target: p.httpTarget(t), Conns: 2, Requests: 500, Warmup: 20 * time.Millisecond, CPUs: []int{0}}
		if i == 0 {
			cfg.Opened = func() { pinned = pinnedThreads(t) }
		}
		both.Go(func() {
			if _, err := Run(context.Background(), cfg); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if got := debug.SetGCPercent(123); got != 123 {
		t.Errorf("GC percent is %d afterwards", got)
	}
	if runtime.NumCPU() > 1 && pinned == 0 {
		t.Error("no thread was bound")
	}
	for range 100 { // a thread ends some time after its goroutine
		if pinned = pinnedThreads(t); pinned == 0 || runtime.NumCPU() == 1 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("%d threads are still bound", pinned)
}

// pinnedThreads counts the threads of this process that may use one CPU only.
func pinnedThreads(t *testing.T) (n int) {
	list, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		b, err := os.ReadFile("/proc/self/task/" + e.Name() + "/status")
		if err == nil && strings.Contains(string(b), "Cpus_allowed_list:\t0\n") {
			n++
		}
	}
	return n
}

func TestCannotPin(t *testing.T) {
	p := newPeer(t, answering(polite))
	before := openFiles(t)
	_, err := Run(context.Background(), Config{Target: p.httpTarget(t), Conns: 2, Threads: 2, Requests: 1, CPUs: []int{0, 1023}})
	if err == nil || !strings.Contains(err.Error(), "CPU 1023") || !strings.Contains(err.Error(), "sched_setaffinity") {
		t.Errorf("error is %v", err)
	}
	if after := openFiles(t); after != before || p.accepted.Load() != 0 {
		t.Errorf("%d descriptors before, %d after, %d connections", before, after, p.accepted.Load())
	}
}

// TestFewerRequestsThanConns: connections that no request needed are not ones that the
// server left without an answer.
func TestFewerRequestsThanConns(t *testing.T) {
	p := newPeer(t, answering(polite))
	r := load(t, t.Context(), Config{Target: p.httpTarget(t), Conns: 16, Requests: 3})
	if r.Requests != 3 || r.NeverServed != 0 {
		t.Errorf("%d requests, %d connections never served, want 3 and 0", r.Requests, r.NeverServed)
	}
}

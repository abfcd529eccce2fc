package loadgen

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// diary is what a server saw of its clients, who come one after the other.
// Every instant of it is one that the client's think time cannot be shorter
// than the distance of, however late the server's goroutines are woken up: an
// answer is noted before it is written, all else after it has come.
type diary struct {
	answer  func(*net.TCPConn, *http.Request) bool // as of answering
	mu      sync.Mutex                             // guards entries
	entries []entry
}

type entry struct {
	what string // accept, request, answer, end
	at   time.Time
}

func (d *diary) note(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries = append(d.entries, entry{what, time.Now()})
}

// handle answers requests until answer or the client ends it.
func (d *diary) handle(c *net.TCPConn) {
	d.note("accept")
	br := bufio.NewReader(c)
	for {
		r, err := http.ReadRequest(br)
		if err != nil {
			d.note("end")
			return
		}
		d.note("request")
		d.note("answer")
		if !d.answer(c, r) {
			return
		}
	}
}

// gaps returns how long it took from each entry called first to the next one
// called then.
func (d *diary) gaps(first, then string) (list []time.Duration) {
	var from time.Time
	for _, e := range d.entries {
		switch {
		case e.what == first:
			from = e.at
		case e.what == then && !from.IsZero():
			list = append(list, e.at.Sub(from))
			from = time.Time{}
		}
	}
	return list
}

func (d *diary) count(what string) (n int) {
	for _, e := range d.entries {
		if e.what == what {
			n++
		}
	}
	return n
}

func TestThink(t *testing.T) {
	const think = 4 * time.Millisecond
	type gap struct {
		first, then string
		thinks      int // how many must lie between
		n           int
	}
	for _, c := range []struct {
		name  string
		cfg   Config
		conns int
		gaps  []gap
		book  ConnBook
	}{
		// Sleeps after connect and before the close; connects at once.
		{"client closes", Config{Close: true}, 12, []gap{{"answer", "end", 1, 12}, {"answer", "request", 2, 11}}, ConnBook{Opened: 12, TWClient: 12}},
		// Sleeps after connect and before it connects again.
		{"server closes", Config{Close: true, Closer: ServerCloses}, 12, []gap{{"answer", "accept", 1, 11}, {"answer", "request", 2, 11}}, ConnBook{Opened: 12, TWServer: 12}},
		{"keep-alive", Config{}, 1, []gap{{"answer", "request", 1, 11}}, ConnBook{Opened: 1}},
		{"three a connection, client", Config{RequestsPerConn: 3}, 4, []gap{{"answer", "end", 1, 4}, {"answer", "request", 1, 11}}, ConnBook{Opened: 4, TWClient: 4}},
		{"three a connection, server", Config{RequestsPerConn: 3, Closer: ServerCloses}, 4, []gap{{"answer", "accept", 1, 3}, {"answer", "request", 1, 11}}, ConnBook{Opened: 4, TWServer: 4}},
		{"server ends bodies by closing", Config{}, 12, []gap{{"answer", "accept", 1, 11}, {"answer", "request", 2, 11}}, ConnBook{Opened: 12, TWServer: 12}},
		{"two at a time", Config{Pipeline: 2}, 1, []gap{{"answer", "request", 0, 11}}, ConnBook{Opened: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &diary{answer: polite}
			if strings.HasPrefix(c.name, "server ends") {
				d.answer = func(c *net.TCPConn, _ *http.Request) bool {
					say(c, "HTTP/1.1 200 OK\r\n\r\nabc")
					return false
				}
			}
			p := newPeer(t, d.handle)
			c.cfg.Target, c.cfg.Conns, c.cfg.Requests, c.cfg.Think = p.httpTarget(t), 1, 12, think
			r := load(t, context.Background(), c.cfg)
			p.stop()
			if r.Requests != 12 || r.Window.Started != 12 || r.Errors != (Errors{}) || r.Conns != c.book {
				t.Errorf("window %+v, failures %v, connections %+v, want %+v", r.Window, r.Failures, r.Conns, c.book)
			}
			if d.count("accept") != c.conns || d.count("request") != 12 {
				t.Errorf("%d connections, %d requests; want %d, 12", d.count("accept"), d.count("request"), c.conns)
			}
			for _, g := range c.gaps {
				list := d.gaps(g.first, g.then)
				if len(list) != g.n {
					t.Errorf("%d times %s after %s, want %d", len(list), g.then, g.first, g.n)
				}
				if least := slices.Min(list); least < time.Duration(g.thinks)*think {
					t.Errorf("%s %v after %s, want at least %d times %v", g.then, least, g.first, g.thinks, think)
				}
			}
		})
	}
}

// In Echo the close that ServerCloses stands for is our own, and slept before.
func TestThinkEcho(t *testing.T) {
	const think = 4 * time.Millisecond
	var mu sync.Mutex
	var gaps []time.Duration
	p := newPeer(t, func(c *net.TCPConn) {
		buf := make([]byte, 64)
		if _, err := io.ReadFull(c, buf); err != nil {
			return
		}
		answered := time.Now()
		if _, err := c.Write(buf); err != nil {
			return
		}
		if _, err := c.Read(buf); !errors.Is(err, io.EOF) {
			t.Errorf("after the answer: %v", err)
		}
		mu.Lock()
		gaps = append(gaps, time.Since(answered))
		mu.Unlock()
	})
	r := load(t, context.Background(), Config{
		Target: p.target(t, "tcp+echo", ""), Close: true, Closer: ServerCloses, Requests: 10, Conns: 2, Think: think,
	})
	p.stop()
	if r.Requests != 10 || r.Conns.TWClient != 10 || len(gaps) != 10 || slices.Min(gaps) < think {
		t.Errorf("window %+v, connections %+v, ends after %v", r.Window, r.Conns, gaps)
	}
}

// Latency begins where the think time ends, and is measured to the answer.
func TestThinkIsNotLatency(t *testing.T) {
	const think, answer = 80 * time.Millisecond, 10 * time.Millisecond
	for name, cfg := range map[string]Config{"close": {Close: true}, "keep-alive": {}, "no epoll_pwait2": {}} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, answering(func(c *net.TCPConn, r *http.Request) bool {
				time.Sleep(answer)
				return polite(c, r)
			}))
			cfg.Target, cfg.Conns, cfg.Requests, cfg.Think = p.httpTarget(t), 4, 8, think
			cfg.noWaitNS = name == "no epoll_pwait2"
			r := load(t, context.Background(), cfg)
			// Half of the requests are a connection's second: of these too
			// one must have been fast.
			least, most := time.Duration(r.Total.Min()), time.Duration(r.Total.ValueAtQuantile(60))
			if r.Requests != 8 || least < answer || most > think {
				t.Errorf("%d answers, the fastest after %v, the fifth after %v", r.Requests, least, most)
			}
		})
	}
}

// A window that opens and ends while all connections think: nothing is in
// flight, nothing censored, and no request is missing.
func TestWindowInThink(t *testing.T) {
	p := newPeer(t, answering(polite))
	t.Run("ends after connect", func(t *testing.T) {
		r := load(t, context.Background(), Config{Target: p.httpTarget(t), Conns: 3, Duration: 100 * time.Millisecond, Think: time.Hour})
		if r.Window != (Book{Started: 3, Thinking: 3}) || r.Run != r.Window || r.AtEnd != 3 || r.NeverServed != 3 {
			t.Errorf("window %+v, run %+v, %d at the end, %d never served", r.Window, r.Run, r.AtEnd, r.NeverServed)
		}
	})
	t.Run("opens after connect", func(t *testing.T) {
		r := load(t, context.Background(), Config{
			Target: p.httpTarget(t), Conns: 3, Warmup: 100 * time.Millisecond, Duration: 50 * time.Millisecond, Think: time.Hour,
		})
		if r.Window != (Book{Carried: 3, Thinking: 3}) || r.Conns != (ConnBook{}) {
			t.Errorf("window %+v, connections %+v", r.Window, r.Conns)
		}
	})
	for name, closer := range map[string]Closer{"client": ClientCloses, "server": ServerCloses} {
		t.Run("ends after the answer, "+name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			r := load(t, ctx, Config{
				Target: p.httpTarget(t), Conns: 3, Close: true, Closer: closer, Duration: time.Hour, Think: 200 * time.Millisecond,
				SampleEvery: 5 * time.Millisecond, Sample: func(s Sample) {
					if s.OK == 3 && (closer == ClientCloses || s.Ended == 3) {
						cancel()
					}
				},
			})
			want := ConnBook{Opened: 3, TWServer: 3}
			if closer == ClientCloses {
				want.TWServer = 0
			}
			if r.Window != (Book{Started: 3, OK: 3}) || r.Conns != want || r.AtEnd+want.TWServer != 3 {
				t.Errorf("window %+v, connections %+v, %d at the end", r.Window, r.Conns, r.AtEnd)
			}
		})
	}
	t.Run("requests after a warm-up", func(t *testing.T) {
		r := load(t, context.Background(), Config{
			Target: p.httpTarget(t), Conns: 8, Threads: 2, Close: true, Warmup: 20 * time.Millisecond, Requests: 100, Think: 2 * time.Millisecond,
		})
		if r.Window != (Book{Started: 100, OK: 100}) || r.Run.OK <= 100 {
			t.Errorf("window %+v, run %+v", r.Window, r.Run)
		}
	})
}

// What happens to a connection that thinks before its first request is found
// when that is to be sent, by what came first.
func TestFaultsInThink(t *testing.T) {
	for _, f := range []struct {
		name   string
		phase  Phase
		class  Class
		handle func(*net.TCPConn)
		book   ConnBook
	}{
		{"closed", PhaseWrite, ClassEOF, func(*net.TCPConn) {}, ConnBook{Opened: 10, TWServer: 10}},
		{"reset", PhaseWrite, ClassReset, func(c *net.TCPConn) {
			time.Sleep(30 * time.Millisecond) // the client has seen the connection by then
			reset(c)
		}, ConnBook{Opened: 10, Reset: 10}},
		{"answered early", PhaseRead, ClassStatus, func(c *net.TCPConn) {
			say(c, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		}, ConnBook{Opened: 10, TWServer: 10}},
		{"greeted", PhaseRead, ClassProtocol, func(c *net.TCPConn) { say(c, "220 mail.example ESMTP\r\n"); stall(c) }, ConnBook{Opened: 10, TWClient: 10}},
		{"half an answer", PhaseRead, ClassEOF, func(c *net.TCPConn) { say(c, "HTTP/1.1 503 Busy\r\n") }, ConnBook{Opened: 10, TWServer: 10}},
	} {
		t.Run(f.name, func(t *testing.T) {
			p := newPeer(t, f.handle)
			r := load(t, context.Background(), Config{Target: p.httpTarget(t), Conns: 2, Requests: 10, Think: 120 * time.Millisecond})
			var want Errors
			want[f.phase][f.class] = 10
			if r.Errors != want || r.Conns != f.book {
				t.Errorf("failures %v, want 10 of %v %v; connections %+v, want %+v", r.Failures, f.phase, f.class, r.Conns, f.book)
			}
		})
	}
	// A refused connect backs off as ever, and is not slept after.
	p := newPeer(t, stall)
	p.stop()
	checkFault(t, Config{Target: p.httpTarget(t), Think: time.Minute}, PhaseConnect, ClassRefused, unix.ECONNREFUSED)
}

// A server that closes idle connections finds them thinking: no error, and the
// next request has a connection of its own.
func TestIdleCloseInThink(t *testing.T) {
	p := newPeer(t, answering(func(c *net.TCPConn, r *http.Request) bool {
		polite(c, r)
		time.Sleep(2 * time.Millisecond) // the FIN comes apart from the answer
		return false
	}))
	r := load(t, context.Background(), Config{Target: p.httpTarget(t), Conns: 2, Requests: 10, Think: 100 * time.Millisecond})
	if r.Window != (Book{Started: 10, OK: 10}) || r.Errors != (Errors{}) || r.Conns.TWServer < 8 {
		t.Errorf("window %+v, failures %v, connections %+v", r.Window, r.Failures, r.Conns)
	}
}

// whimsical returns a server that does one of many things with each request and
// with some connections before any.
func whimsical(seed uint64) func(*net.TCPConn) {
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(seed, 0))
	roll := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return rng.IntN(n)
	}
	return func(c *net.TCPConn) {
		switch roll(20) {
		case 0:
			return
		case 1:
			reset(c)
			return
		case 2:
			say(c, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			return
		}
		answering(func(c *net.TCPConn, r *http.Request) bool {
			switch roll(25) {
			case 0:
				return false
			case 1:
				reset(c)
				return false
			case 2:
				say(c, "HTTP/1.1 200 OK\r\n\r\nto the end")
				return false
			case 3:
				say(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
				return false
			case 4:
				time.Sleep(time.Duration(roll(3)) * time.Millisecond)
			case 5:
				say(c, hello+"and more")
				return true
			case 6:
				polite(c, r)
				return false
			}
			return polite(c, r)
		})(c)
	}
}

// Whatever the server does and whenever the window begins and ends, the books of
// a run with think time balance; load checks them.
func TestThinkBooks(t *testing.T) {
	for seed := range uint64(16) {
		rng := rand.New(rand.NewPCG(seed, 1))
		cfg := Config{
			Conns: 1 + rng.IntN(12), Think: time.Duration(rng.Int64N(int64(3*time.Millisecond))) + 1,
			RequestsPerConn: rng.IntN(4), Closer: Closer(rng.IntN(2)), Pipeline: 1 + rng.IntN(4),
		}
		cfg.Threads = 1 + rng.IntN(min(cfg.Conns, 2))
		if rng.IntN(2) == 0 {
			cfg.Warmup = time.Duration(rng.Int64N(int64(20 * time.Millisecond)))
		}
		if cfg.Requests = uint64(rng.IntN(150)); cfg.Requests%2 == 0 {
			cfg.Requests, cfg.Duration = 0, time.Duration(5+rng.IntN(40))*time.Millisecond
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			p := newPeer(t, whimsical(seed))
			cfg.Target = p.httpTarget(t)
			r := load(t, context.Background(), cfg)
			if cfg.Requests > 0 && (r.Window.Started != cfg.Requests || r.Window.InFlight+r.Window.Thinking+r.Window.Carried != 0) {
				t.Errorf("%+v: window %+v of %d requests", cfg, r.Window, cfg.Requests)
			}
			if t.Failed() {
				t.Logf("%+v: failures %v", cfg, r.Failures)
			}
		})
	}
}

// The ring against a slice.
func TestThinkersQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 9).Draw(t, "slots")
		q, want := thinkers{ring: make([]int32, size)}, []int32{}
		for _, push := range rapid.SliceOf(rapid.Bool()).Draw(t, "pushes") {
			switch {
			case push && len(want) < size:
				slot := int32(rapid.IntRange(0, 100).Draw(t, "slot"))
				q.push(slot)
				want = append(want, slot)
			case !push && len(want) > 0:
				if got := q.first(); got != want[0] {
					t.Fatalf("first is %d, want %d", got, want[0])
				}
				q.pop()
				want = want[1:]
			}
			if q.n != len(want) {
				t.Fatalf("%d queued, want %d", q.n, len(want))
			}
		}
	})
}

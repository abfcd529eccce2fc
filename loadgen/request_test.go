package loadgen

import (
	"bufio"
	"bytes"
	"io"
	"math"
	"net/http"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// Every batch, plain or closing, is what net/http reads as that many requests.
func TestBatches(t *testing.T) {
	target, err := ParseTarget("http://127.0.0.1:81/a?b=c")
	if err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]Config{
		"GET":          {},
		"POST":         {Body: []byte("some body")},
		"empty PUT":    {Method: "PUT"},
		"headers":      {Headers: []string{"X-A:  b ", "Accept: */*"}},
		"host of ours": {Headers: []string{"host: example.com"}},
	} {
		cfg.Target, cfg.Pipeline, cfg.Requests = target, 3, 1
		cfg = cfg.withDefaults()
		if err := cfg.check(); err != nil {
			t.Fatal(err)
		}
		b := newBatches(&cfg)
		for n := 1; n <= cfg.Pipeline; n++ {
			for _, closing := range []bool{false, true} {
				checkBatch(t, name, &cfg, b.of(n, closing), n, closing)
			}
		}
	}
}

func checkBatch(t *testing.T, name string, cfg *Config, batch []byte, n int, closing bool) {
	t.Helper()
	rest := bytes.NewReader(batch)
	br := bufio.NewReader(rest)
	for i := range n {
		r, err := http.ReadRequest(br)
		if err != nil {
			t.Fatalf("%s: request %d of %d: %v", name, i, n, err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Equal(body, cfg.Body) || r.Method != cfg.Method || r.RequestURI != "/a?b=c" {
			t.Errorf("%s: %s %s with %q, %v", name, r.Method, r.RequestURI, body, err)
		}
		if r.Close != (closing && i == n-1) {
			t.Errorf("%s: request %d of %d: close is %v", name, i, n, r.Close)
		}
		switch want := map[bool]string{true: "example.com", false: "127.0.0.1:81"}[hasHeader(cfg.Headers, "Host")]; {
		case r.Host != want:
			t.Errorf("%s: host %q", name, r.Host)
		case name == "headers" && (r.Header.Get("X-A") != "b" || r.Header.Get("Accept") != "*/*"):
			t.Errorf("%s: %v", name, r.Header)
		}
	}
	if rest.Len()+br.Buffered() != 0 {
		t.Errorf("%s: %d bytes behind request %d", name, rest.Len()+br.Buffered(), n)
	}
}

func TestEchoMessageHasNoPeriod(t *testing.T) {
	m := echoMessage(4096)
	for shift := 1; shift < 2048; shift++ {
		if bytes.Equal(m[:64], m[shift:shift+64]) {
			t.Errorf("the message repeats after %d bytes", shift)
		}
	}
}

// Threads that draw in any order grant exactly the budget, and know the end.
func TestClosedLoopBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(1, 2000).Draw(t, "budget")
		threads := rapid.IntRange(1, 5).Draw(t, "threads")
		var budget atomic.Int64
		budget.Store(total)
		list := make([]*closedLoop, threads)
		for i := range list {
			list[i] = &closedLoop{budget: &budget, threads: int64(threads)}
			if n, _ := list[i].take(0, 1); n != 0 {
				t.Fatal("granted while on hold")
			}
			list[i].turn(stageWarm)
			if n, due := list[i].take(0, 7); n != 7 || due != 0 {
				t.Fatalf("granted %d of 7 in the warm-up, due %d", n, due)
			}
			list[i].turn(stageQuiesce)
			if n, _ := list[i].take(0, 1); n != 0 || !list[i].spent() {
				t.Fatal("granted while quiescing")
			}
			list[i].turn(stageOpen)
		}
		granted, idle := int64(0), 0
		for idle < threads {
			p := list[rapid.IntRange(0, threads-1).Draw(t, "thread")]
			want := rapid.IntRange(1, 20).Draw(t, "want")
			n, _ := p.take(0, want)
			if n > want || (n == 0) != p.spent() && n == 0 {
				t.Fatalf("granted %d of %d, spent %v", n, want, p.spent())
			}
			granted += int64(n)
			idle = 0
			for _, p := range list {
				if p.spent() {
					idle++
				}
			}
		}
		if granted != total {
			t.Fatalf("granted %d of %d", granted, total)
		}
	})
}

func TestClosedLoopUnbounded(t *testing.T) {
	p := &closedLoop{threads: 1}
	p.turn(stageWarm)
	p.turn(stageQuiesce) // passed through on the way to open
	p.turn(stageOpen)
	for range 1000 {
		if n, _ := p.take(0, 16); n != 16 {
			t.Fatalf("granted %d", n)
		}
	}
	if p.spent() || p.again() != math.MaxInt64 {
		t.Error("an unbounded loop ends")
	}
}

// The waiter looks every time while that finds something, and at most once in
// sixteen times, then less, while it does not.
func TestWaiter(t *testing.T) {
	var w waiter
	looks := func(n, events int) (k int) {
		for range n {
			if w.spin() {
				w.found(events)
				k++
			}
		}
		return k
	}
	if k := looks(1000, 5); k != 1000 {
		t.Errorf("busy: %d looks in 1000 waits", k)
	}
	if k := looks(10_000, 0); k > 50 {
		t.Errorf("idle: %d looks in 10000 waits", k)
	}
	looks(2*mostSkips, 1)
	if k := looks(1000, 1); k != 1000 {
		t.Errorf("busy again: %d looks in 1000 waits", k)
	}
}

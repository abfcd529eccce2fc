package loadgen

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// checkSamples holds the samples of a run that opened its window against the
// contract of Sample. It returns those of the window.
func checkSamples(t *testing.T, cfg Config, list []Sample, r *Result) []Sample {
	t.Helper()
	open := slices.IndexFunc(list, func(s Sample) bool { return s.Window })
	if open < 0 || len(list) < open+2 {
		t.Fatalf("no opening and end in %+v", list)
	}
	for i, s := range list {
		if s.Window != (i >= open) || s.Last != (i == len(list)-1) {
			t.Errorf("sample %d of %d, the window's from %d: %+v", i, len(list), open, s)
		}
		if s.Started < s.OK+s.Failed || s.Open != s.Opened-s.Ended || s.Open > uint64(cfg.Conns) || len(s.Latencies) != LatencyBuckets {
			t.Errorf("sample %d is of no one instant: %+v", i, s)
		}
		if i > 0 && (s.At < list[i-1].At || s.Started < list[i-1].Started || s.OK < list[i-1].OK || s.BytesOut < list[i-1].BytesOut) {
			t.Errorf("sample %d: %+v after %+v", i, s, list[i-1])
		}
	}
	window := list[open:]
	first, last := window[0], window[len(window)-1]
	w := r.Window
	if last.Started-first.Started != w.Started || last.OK-first.OK != w.OK || last.Failed-first.Failed != w.Failed {
		t.Errorf("from %+v\nto %+v,\nbut the result has %+v", first, last, w)
	}
	if last.At-first.At != r.Elapsed || last.Opened-first.Opened != r.Conns.Opened ||
		last.Ended-first.Ended != r.Conns.TWServer+r.Conns.TWClient+r.Conns.Reset ||
		last.BytesIn-first.BytesIn != r.BytesIn || last.BytesOut-first.BytesOut != r.BytesOut {
		t.Errorf("from %+v\nto %+v,\nbut the result is %v %+v, %d bytes in, %d out", first, last, r.Elapsed, r.Conns, r.BytesIn, r.BytesOut)
	}
	if sum(first.Latencies) != 0 || !slices.Equal(last.Latencies, rebucket(r.Total)) {
		t.Errorf("latencies from %v to %v", first.Latencies, last.Latencies)
	}
	checkPeriod(t, cfg, window)
	return window
}

// checkPeriod checks when the samples of a window were taken, as far as a clock
// that others may stop for a while allows.
func checkPeriod(t *testing.T, cfg Config, window []Sample) {
	t.Helper()
	first := window[0]
	for k, s := range window[1 : len(window)-1] {
		since := s.At - first.At
		if since < time.Duration(k+1)*cfg.SampleEvery {
			t.Errorf("sample %d came %v after the opening, not at a multiple of %v", k+1, since, cfg.SampleEvery)
		}
		if s.At-window[k].At < cfg.SampleEvery/2 {
			t.Errorf("sample %d came %v after the one before", k+1, s.At-window[k].At)
		}
		if cfg.Duration > 0 && cfg.Duration-since < cfg.SampleEvery/2 {
			t.Errorf("sample %d came %v after the opening of a window of %v", k+1, since, cfg.Duration)
		}
	}
}

// The samples of a window begin with its opening, end with its end, and are
// together what the result says.
func TestSamplesAreTheWindow(t *testing.T) {
	p := newPeer(t, answering(polite))
	const ms = time.Millisecond
	for name, cfg := range map[string]Config{
		"duration":             {Duration: 130 * ms, SampleEvery: 20 * ms},
		"warm-up":              {Warmup: 30 * ms, Duration: 130 * ms, SampleEvery: 50 * ms},
		"a whole number":       {Duration: 80 * ms, SampleEvery: 20 * ms},
		"requests":             {Requests: 2000, SampleEvery: 5 * ms},
		"warm-up and requests": {Warmup: 20 * ms, Requests: 2000, SampleEvery: 5 * ms},
		"few requests":         {Requests: 3, SampleEvery: 5 * ms},
		"close":                {Warmup: 20 * ms, Duration: 60 * ms, Close: true, SampleEvery: 10 * ms},
		"pipelined":            {Warmup: 20 * ms, Duration: 60 * ms, Pipeline: 8, SampleEvery: 10 * ms},
		"think":                {Warmup: 20 * ms, Duration: 60 * ms, Think: 3 * ms, Close: true, Closer: ServerCloses, SampleEvery: 10 * ms},
		"no period":            {Warmup: 10 * ms, Duration: 40 * ms, SampleEvery: time.Hour},
		"no time":              {Duration: 1, SampleEvery: ms},
	} {
		t.Run(name, func(t *testing.T) {
			var list []Sample
			opened, closed, window := 0, 0, 0
			cfg.Target, cfg.Conns, cfg.Threads = p.httpTarget(t), 6, 2
			cfg.Opened, cfg.Closed = func() { opened++ }, func() { closed++ }
			cfg.Sample = func(s Sample) {
				list = append(list, s)
				if s.Window {
					window++ // the opening is told even if it is seen no earlier than the end
				}
				if (s.Window && opened == 0) || (s.Last && closed == 0) || (!s.Last && closed > 0 && window > 1) {
					t.Errorf("after %d calls of Opened and %d of Closed: %+v", opened, closed, s)
				}
			}
			r := load(t, context.Background(), cfg)
			checkSamples(t, cfg, list, r)
			if cfg.SampleEvery == time.Hour && len(list) != 2 {
				t.Errorf("%d samples, want the edges", len(list))
			}
		})
	}
}

// A window that is interrupted has its edges all the same; a warm-up has none.
func TestSamplesInterrupted(t *testing.T) {
	p := newPeer(t, answering(polite))
	for name, warmup := range map[string]time.Duration{"window": 0, "warm-up": time.Hour} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var list []Sample
			cfg := Config{Target: p.httpTarget(t), Conns: 4, Threads: 2, Warmup: warmup, Duration: time.Hour, SampleEvery: 5 * time.Millisecond}
			cfg.Sample = func(s Sample) {
				if list = append(list, s); s.OK > 100 {
					cancel()
				}
			}
			r := load(t, ctx, cfg)
			if warmup == 0 {
				checkSamples(t, cfg, list, r)
				return
			}
			for _, s := range list {
				if s.Window || s.Last {
					t.Errorf("a sample of a window that was never opened: %+v", s)
				}
			}
		})
	}
}

// starved is a pacer that takes its thread off the CPU, as a scheduler may, and
// keeps what the thread had done by then.
type starved struct {
	closedLoop
	t     *thread
	ran   time.Duration // how long it runs before it is stopped
	goOn  func(before word) bool
	back  int64 // when it went on
	off   []pause
	times atomic.Int32 // len(off), for others
}

type pause struct {
	from, to time.Duration // since the run began
	ok       uint64        // answers until then
}

func (p *starved) take(now int64, want int) (n int, due int64) {
	if now-p.back >= int64(p.ran) {
		before := word(p.t.run.word.Load())
		for !p.goOn(before) {
			time.Sleep(100 * time.Microsecond)
		}
		p.back = p.t.clock()
		p.off = append(p.off, pause{time.Duration(now), time.Duration(p.back), p.t.counts[ctrOK]})
		p.times.Add(1)
	}
	return p.closedLoop.take(now, want)
}

// loadStarved is Run with thread i's pacer replaced.
func loadStarved(t *testing.T, ctx context.Context, cfg Config, i int, p *starved) *Result {
	t.Helper()
	r := newRun(cfg.withDefaults())
	defer r.release()
	if err := r.prepare(); err != nil {
		t.Fatal(err)
	}
	p.t = r.threads[i]
	p.t.pace = p
	if err := r.start(); err != nil {
		t.Fatal(err)
	}
	r.control(ctx)
	r.stop()
	return r.result()
}

// A thread that runs between any two samples, and at none of them, is behind in
// none: each says what the thread had done when it lost its CPU.
func TestStarvedThread(t *testing.T) {
	p := newPeer(t, answering(polite))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var list []Sample
	pacer := &starved{ran: 15 * time.Millisecond}
	cfg := Config{Target: p.httpTarget(t), Conns: 1, Duration: 10 * time.Second, SampleEvery: 40 * time.Millisecond}
	cfg.Sample = func(s Sample) {
		if list = append(list, s); pacer.times.Load() >= 5 {
			cancel()
		}
	}
	pacer.goOn = func(before word) bool { return word(pacer.t.run.word.Load()) != before }
	r := loadStarved(t, ctx, cfg, 0, pacer)
	checkSamples(t, cfg, list, r)
	hit := 0
	for _, s := range list {
		for _, off := range pacer.off {
			if s.At < off.from || s.At > off.to {
				continue
			}
			if hit++; s.OK != off.ok {
				t.Errorf("the sample of %v has %d answers, the thread had %d from %v to %v", s.At, s.OK, off.ok, off.from, off.to)
			}
		}
	}
	if hit < 2 || r.Requests == 0 {
		t.Errorf("%d samples while the thread stood still, %d requests", hit, r.Requests)
	}
}

// A thread that sees neither edge of the window in time delays the samples, and
// changes nothing in them; the other thread goes on.
func TestStarvedAtEdges(t *testing.T) {
	p := newPeer(t, answering(polite))
	for name, until := range map[string]stage{"opening": stageOpen, "both": stageShut} {
		t.Run(name, func(t *testing.T) {
			var list []Sample
			cfg := Config{
				Target: p.httpTarget(t), Conns: 4, Threads: 2, Warmup: 20 * time.Millisecond, Duration: 60 * time.Millisecond,
				SampleEvery: 5 * time.Millisecond, Sample: func(s Sample) { list = append(list, s) },
			}
			pacer := &starved{}
			pacer.goOn = func(word) bool { return word(pacer.t.run.word.Load()).stage() >= until }
			r := loadStarved(t, context.Background(), cfg, 1, pacer)
			window := checkSamples(t, cfg, list, r)
			if until == stageShut && len(window) != 2 {
				t.Errorf("%d samples of a window that a thread never saw: %+v", len(window), window)
			}
			if len(pacer.off) == 0 || r.Requests == 0 {
				t.Errorf("stood still %d times, %d requests", len(pacer.off), r.Requests)
			}
		})
	}
}

// Threads that sleep because the server stalls are woken to answer.
func TestSamplesOfIdleThreads(t *testing.T) {
	served := 0
	p := newPeer(t, answering(func(c *net.TCPConn, r *http.Request) bool {
		if served++; served > 3 {
			stall(c)
			return false
		}
		return polite(c, r)
	}))
	var list []Sample
	cfg := Config{Target: p.httpTarget(t), Conns: 1, Duration: 100 * time.Millisecond, SampleEvery: 10 * time.Millisecond}
	cfg.Sample = func(s Sample) { list = append(list, s) }
	r := load(t, context.Background(), cfg)
	checkSamples(t, cfg, list, r)
	if s := list[len(list)-1]; s.OK != 3 || s.Started != 4 || s.Open != 1 {
		t.Errorf("last sample %+v", s)
	}
}

// The word keeps its parts apart.
func TestWord(t *testing.T) {
	for s := range stageStop + 1 {
		for _, n := range []uint64{0, 1, 255, 256, 1<<56 - 1} {
			if w := newWord(s, n); w.stage() != s || w.asked() != n {
				t.Errorf("stage %d, question %d: %x is %d, %d", s, n, uint64(w), w.stage(), w.asked())
			}
		}
	}
}

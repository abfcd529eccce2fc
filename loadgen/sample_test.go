package loadgen

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"
)

// The buckets leave no gap, have four to an octave, and cover the Recorder's
// range, none of whose own buckets they cut.
func TestLatencyBucket(t *testing.T) {
	var last time.Duration
	for k := range LatencyBuckets {
		from, to := LatencyBucket(k)
		if from != last || to <= from {
			t.Errorf("bucket %d is %v to %v, after one to %v", k, from, to, last)
		}
		if k >= 5 {
			if a, _ := LatencyBucket(k - 4); from != 2*a {
				t.Errorf("bucket %d begins at %v, four before it at %v", k, from, a)
			}
		}
		last = to
	}
	if last <= time.Duration(highestNS) {
		t.Errorf("the last bucket ends at %v", last)
	}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(rapid.Int64Range(0, highestNS), rapid.Int64Range(0, 1<<20)).Draw(t, "ns")
		r := NewRecorder()
		r.Record(v)
		sums := r.coarse()
		k := slices.Index(sums[:], 1)
		from, to := LatencyBucket(k)
		for _, bar := range r.Histogram().Distribution() {
			if bar.Count > 0 && (int64(from) > bar.From || int64(to) <= bar.To || bar.From > v || v > bar.To) {
				t.Fatalf("%d, known as %d to %d, is in bucket %d, %v to %v", v, bar.From, bar.To, k, from, to)
			}
		}
	})
}

// rebucket sums a histogram up in the buckets of a sample.
func rebucket(h *hdrhistogram.Histogram) []uint64 {
	sums := make([]uint64, LatencyBuckets)
	for _, bar := range h.Distribution() {
		for k := range sums {
			if from, to := LatencyBucket(k); bar.From >= int64(from) && bar.From < int64(to) {
				sums[k] += uint64(bar.Count)
			}
		}
	}
	return sums
}

func sum(list []uint64) (n uint64) {
	for _, v := range list {
		n += v
	}
	return n
}

// What the samples say about latencies only grows, is nothing before the window,
// and ends as the histogram of the result.
func TestSampleLatencies(t *testing.T) {
	p := newPeer(t, answering(func(c *net.TCPConn, r *http.Request) bool {
		time.Sleep(time.Duration(r.ContentLength%7) * time.Millisecond)
		return polite(c, r)
	}))
	for name, cfg := range map[string]Config{
		"duration": {Warmup: 30 * time.Millisecond, Duration: 120 * time.Millisecond},
		"requests": {Warmup: 30 * time.Millisecond, Requests: 400},
		"think":    {Duration: 100 * time.Millisecond, Think: time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			var list []Sample
			cfg.Target, cfg.Conns, cfg.Threads, cfg.Body = p.httpTarget(t), 8, 2, []byte("12345")
			cfg.SampleEvery, cfg.Sample = 15*time.Millisecond, func(s Sample) { list = append(list, s) }
			r := load(t, context.Background(), cfg)
			for i, s := range list {
				if len(s.Latencies) != LatencyBuckets || (!s.Window && i < len(list)-1 && sum(s.Latencies) > 0) {
					t.Errorf("sample %d: %+v", i, s)
				}
				for k, n := range s.Latencies {
					if i > 0 && n < list[i-1].Latencies[k] {
						t.Errorf("sample %d: bucket %d has %d after %d", i, k, n, list[i-1].Latencies[k])
					}
				}
			}
			last := list[len(list)-1]
			if want := rebucket(r.Total); !slices.Equal(last.Latencies, want) || sum(want) != r.Requests {
				t.Errorf("the last sample has %v,\nthe result %v", last.Latencies, want)
			}
			if before := r.Run.OK - last.OK; last.OK < r.Requests || before > uint64(8*100) {
				t.Errorf("the last sample has %d answers, the window %d, the run %d", last.OK, r.Requests, r.Run.OK)
			}
			if before := list[:len(list)-1]; len(before) > 1 && before[len(before)-2].Window && sum(before[len(before)-1].Latencies) == 0 {
				t.Error("no latency was published before the end")
			}
		})
	}
}

// The last sample is of the end of the window, though load and Closed go on.
func TestLastSample(t *testing.T) {
	p := newPeer(t, answering(polite))
	var last Sample
	closed := false
	r := load(t, context.Background(), Config{
		Target: p.httpTarget(t), Conns: 4, Threads: 2, Duration: 50 * time.Millisecond,
		Closed: func() { closed = true; time.Sleep(30 * time.Millisecond) },
		Sample: func(s Sample) { last = s },
	})
	if !closed || last.OK != r.Requests || last.Started != r.Window.Started || last.BytesIn != r.BytesIn || r.Run.OK <= r.Requests {
		t.Errorf("last sample %+v, window %+v, run %+v", last, r.Window, r.Run)
	}
	if last.Open != 4 || last.Opened != 4 || !last.Window || !last.Last {
		t.Errorf("last sample %+v", last)
	}
}

// Open follows the connections up and down.
func TestSampleOpen(t *testing.T) {
	var seen atomic.Uint64
	p := newPeer(t, answering(polite))
	r := load(t, context.Background(), Config{
		Target: p.httpTarget(t), Conns: 5, Close: true, Closer: ServerCloses, Requests: 15, Think: 40 * time.Millisecond,
		SampleEvery: 5 * time.Millisecond, Sample: func(s Sample) {
			if s.Open == 5 {
				seen.Or(1)
			}
			if s.Open == 0 && s.Opened > 0 {
				seen.Or(2)
			}
			if s.Open > 5 || s.Open != s.Opened-s.Ended {
				t.Errorf("sample %+v", s)
			}
		},
	})
	if seen.Load() != 3 || r.Requests != 15 {
		t.Errorf("saw %b of all and none, window %+v", seen.Load(), r.Window)
	}
}

func TestParseWaited(t *testing.T) {
	for line, want := range map[string]int64{
		"123 456 7\n": 456, "1 0 1\n": 0,
		"0 0 0\n": -1, "": -1, "1\n": -1, "1 2\n": -1, "1 2 ": -1, "1 x 3\n": -1, "x 2 3\n": -1, "1 -2 3\n": -1,
	} {
		ns, ok := parseWaited([]byte(line))
		if ok != (want >= 0) || (ok && ns != uint64(want)) {
			t.Errorf("%q: %d, %v; want %d", line, ns, ok, want)
		}
	}
}

// Two busy threads on one CPU wait for each other, and the kernel tells.
func TestWaited(t *testing.T) {
	line, err := os.ReadFile(schedstatFile)
	if _, ok := parseWaited(line); err != nil || !ok {
		t.Skipf("this kernel does not tell: %q, %v", line, err)
	}
	p := newPeer(t, frugal)
	r := load(t, context.Background(), Config{
		Target: p.httpTarget(t), Conns: 32, Threads: 2, Duration: 200 * time.Millisecond, CPUs: []int{0},
	})
	if a, b := r.Threads[0].Waited, r.Threads[1].Waited; a <= 0 || b <= 0 || r.CPU.Waited != a+b {
		t.Errorf("waited %v and %v, together %v", a, b, r.CPU.Waited)
	}
	if r.CPU.Waited > 2*r.Elapsed+time.Second {
		t.Errorf("waited %v in %v", r.CPU.Waited, r.Elapsed)
	}
}

// A kernel that does not tell is not one under which nobody waited.
func TestWaitedUnknown(t *testing.T) {
	p := newPeer(t, answering(polite))
	dir := t.TempDir()
	zeros := filepath.Join(dir, "zeros")
	if err := os.WriteFile(zeros, []byte("0 0 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{filepath.Join(dir, "none"), zeros, dir} {
		r := load(t, context.Background(), Config{Target: p.httpTarget(t), Conns: 2, Threads: 2, Requests: 10, schedstat: file})
		if r.CPU.Waited != -1 || r.Threads[0].Waited != -1 || r.Threads[1].Waited != -1 {
			t.Errorf("%s: %+v, %+v", file, r.CPU, r.Threads)
		}
	}
}

// A connection whose SYN was dropped and sent again is counted, and no other.
func TestSlowConnects(t *testing.T) {
	target, listener, queued := fullBacklog(t)
	var serving sync.WaitGroup
	serving.Go(func() {
		for range 500 { // until a SYN has been dropped: it comes again a second later
			time.Sleep(20 * time.Millisecond)
			if _, n := sockets(t, target.Addr, synSent); n > 0 {
				break
			}
		}
		for _, c := range queued {
			_ = c.Close()
		}
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			answering(polite)(c.(*net.TCPConn))
			_ = c.Close()
		}
	})
	r := load(t, context.Background(), Config{Target: target, Conns: 1, Requests: 20, Close: true, Closer: ServerCloses})
	_ = listener.Close()
	serving.Wait()
	if r.Requests != 20 || r.SlowConnects != 1 {
		t.Errorf("%d answers, %d slow connects, failures %v", r.Requests, r.SlowConnects, r.Failures)
	}
	var slow int64
	for _, bar := range r.Connect.Distribution() {
		if bar.To >= int64(time.Second) {
			slow += bar.Count
		}
	}
	if uint64(slow) != r.SlowConnects {
		t.Errorf("%d connects of a second in the histogram, %d counted", slow, r.SlowConnects)
	}
}

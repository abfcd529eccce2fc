package loadgen

import "time"

// LatencyBuckets is the number of buckets of Sample.Latencies.
const LatencyBuckets = 100

// Bucket k > 0 begins at (4 + (k-1)%4) << (coarseShift + (k-1)/4) nanoseconds:
// four to an octave from 2^11 ns. From there on the edges are edges of the
// Recorder's buckets too, which below are 512 ns wide.
const coarseShift = unitBits

// LatencyBucket returns the bounds of bucket k of Sample.Latencies, 0 <= k <
// LatencyBuckets: it counts latencies from <= d < to. Bucket 0 is all below
// 2.048 µs; from there each octave has four buckets of equal width, up to
// 60.13 s. What took longer than 60 s counts as 60 s, in the last.
func LatencyBucket(k int) (from, to time.Duration) { return coarseEdge(k), coarseEdge(k + 1) }

func coarseEdge(k int) time.Duration {
	if k <= 0 {
		return 0
	}
	octave, quarter := (k-1)/4, (k-1)%4
	return time.Duration(4+quarter) << (coarseShift + octave)
}

// coarseEnds are the first buckets of a Recorder beyond each coarse one.
var coarseEnds = func() (ends [LatencyBuckets]int) {
	for k := range ends {
		ends[k] = min(bucket(int64(coarseEdge(k+1))), bucket(highestNS)+1)
	}
	return ends
}()

// Sample is the state of a run at one instant: counts since its beginning,
// warm-up included. They are as of each thread's last wake-up, at most some
// 10 ms ago, and taken without stopping it. The last sample is of the end of
// the window, and exact; Window is false in it.
type Sample struct {
	At                time.Duration // since the run began
	Window            bool          // the measured window is open
	Started           uint64
	OK                uint64
	Failed            uint64
	Opened            uint64 // connections
	Ended             uint64 // connections closed by either side, or reset
	Open              uint64 // connections established now
	BytesIn, BytesOut uint64
	// Latencies is the latencies of Result.Total so far, those of the window
	// only, in LatencyBuckets buckets whose bounds LatencyBucket gives. The
	// difference between two samples is what was answered between them. It
	// belongs to the receiver.
	Latencies []uint64
}

// sampler calls Config.Sample now and then.
type sampler struct {
	run    *run
	ticker *time.Ticker // nil without a Config.Sample
	begun  int64
}

func newSampler(r *run) *sampler {
	s := &sampler{run: r}
	if r.cfg.Sample != nil {
		s.begun = int64(time.Since(r.base))
		s.ticker = time.NewTicker(r.cfg.SampleEvery)
		s.announce()
	}
	return s
}

// announce tells the threads when the next sample is due.
func (s *sampler) announce() {
	every := int64(s.run.cfg.SampleEvery)
	past := (int64(time.Since(s.run.base)) - s.begun) / every
	s.run.sampleAt.Store(s.begun + (past+1)*every)
}

func (s *sampler) tick() <-chan time.Time {
	if s.ticker == nil {
		return nil
	}
	return s.ticker.C
}

func (s *sampler) stop() {
	if s.ticker != nil {
		s.ticker.Stop()
	}
}

// sample adds up what the threads have published and hands it over. They
// publish one counter after the other, so a request may be seen as answered and
// not yet as started; nothing is made up to hide it.
func (s *sampler) sample() {
	if s.ticker == nil {
		return
	}
	var c counters
	latencies := make([]uint64, LatencyBuckets)
	for _, t := range s.run.threads {
		t.published.load(&c, latencies)
	}
	s.hand(&c, latencies, time.Since(s.run.base))
	s.announce()
}

// last waits until every thread has left the window, and hands over what they
// found at its end. It comes after Config.Closed, which must not wait for it.
func (s *sampler) last() {
	if s.ticker == nil {
		return
	}
	for reached := range s.run.finished {
		if reached == stageShut {
			break
		}
	}
	var c counters
	latencies := make([]uint64, LatencyBuckets)
	for _, t := range s.run.threads {
		c.add(&t.atShut)
		for k, n := range t.rec.total.coarse() { // nothing is recorded after the window
			latencies[k] += n
		}
	}
	s.hand(&c, latencies, s.run.shut.Sub(s.run.base))
}

func (s *sampler) hand(c *counters, latencies []uint64, at time.Duration) {
	s.run.cfg.Sample(Sample{
		At:      at,
		Window:  stage(s.run.stage.Load()) == stageOpen,
		Started: c[ctrStarted], OK: c[ctrOK], Failed: c[ctrFailed],
		Opened: c[ctrOpened], Ended: c[ctrServerFirst] + c[ctrClientFirst] + c[ctrReset], Open: c.open(),
		BytesIn: c[ctrBytesIn], BytesOut: c[ctrBytesOut],
		Latencies: latencies,
	})
}

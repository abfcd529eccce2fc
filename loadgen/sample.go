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

// Sample is the state of a run: counts since its beginning, warm-up included.
//
// At an instant At every thread is asked for its counts, and gives them when it
// next looks: they are never older than At, and what it did between At and that
// look, at most one turn of its loop, may be in them. A thread that has no CPU at
// At gives them when it has one again; until then it does nothing that would
// belong to a later sample. The sample is handed over when the last thread has
// answered, or not at all if the window opens or ends before. What a thread says
// is of one instant, so that Started >= OK + Failed and Open == Opened - Ended.
//
// The samples with Window begin with one of the window's opening and end with
// one of its end, in which Last is set. Both are exact, taken by each thread
// where its own window begins and ends: from the first of them to the Last, the
// counts, Latencies and At grow by exactly what Result says of the window.
// Between them come those of each SampleEvery after the opening. The instants of
// two samples of the window are at least half of SampleEvery apart, for which a
// periodic one is left out if a thread is late to answer the one before, or if
// Duration ends too soon; only the Last may be closer to the one before it if
// the end could not be foreseen (Requests, an interrupted context). If a thread
// sees the opening no earlier than the end, both edges are told after the end.
//
// A run interrupted in its warm-up has no sample with Window and no Last.
type Sample struct {
	At                time.Duration // since the run began
	Window            bool          // of the measured window, its edges included
	Last              bool          // of the window's end; no sample follows
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

// sampler asks the threads for their counts and hands the sums to
// Config.Sample. It belongs to the controlling goroutine. Threads that publish
// unasked, just before a sample is due, were rejected: one that has no CPU in
// that moment says nothing, and its server seems to stand still.
type sampler struct {
	run     *run
	ticker  *time.Ticker // nil without a Config.Sample
	at      time.Time    // when the threads were asked last
	pending bool         // not all have answered that
	window  bool         // the window has been opened
	begun   bool         // and the sample of its opening handed over
}

func newSampler(r *run) *sampler {
	s := &sampler{run: r}
	if r.cfg.Sample != nil {
		s.ticker = time.NewTicker(r.cfg.SampleEvery)
	}
	return s
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

// ask makes the next word of the run a question for the counts of instant at.
// The answers to one that is still pending are not waited for.
func (s *sampler) ask(at time.Time) {
	if s.ticker != nil {
		s.run.asked++
		s.at, s.pending = at, true
	}
}

// open asks for the counts at the window's opening, and lets the periodic
// samples begin there.
func (s *sampler) open(at time.Time) {
	s.window = true
	if s.ticker != nil {
		s.ticker.Reset(s.run.cfg.SampleEvery) // no older tick is received after it
	}
	s.ask(at)
}

// periodic asks for a sample, unless it would be too close to its neighbours: a
// rate over a short interval is noise.
func (s *sampler) periodic() {
	now, apart := time.Now(), s.run.cfg.SampleEvery/2
	if s.pending || now.Sub(s.at) < apart {
		return
	}
	if d := s.run.cfg.Duration; s.window && d > 0 && s.run.opened.Add(d).Sub(now) < apart {
		return
	}
	s.ask(now)
	s.run.tell()
}

// complete reports whether every thread has answered what was asked last. What
// they have published is then the sampler's to read until it asks again.
func (s *sampler) complete() bool {
	for _, t := range s.run.threads {
		if t.published.answered.Load() != s.run.asked {
			return false
		}
	}
	return true
}

// answered hands over what was asked for, if the answer that came is the last.
func (s *sampler) answered() {
	if !s.pending || !s.complete() {
		return
	}
	s.pending = false
	if s.window && !s.begun {
		s.handOpening()
		return
	}
	s.handPublished(Sample{Window: s.window})
}

// last waits until every thread has left the window, and hands over what they
// found at its end. It comes after Config.Closed, which must not wait for it.
func (s *sampler) last() {
	if s.ticker == nil {
		return
	}
	for !s.complete() {
		<-s.run.answers
	}
	if !s.begun { // a thread saw the opening no earlier than the end
		s.handOpening()
	}
	s.handPublished(Sample{Window: true, Last: true})
}

// handOpening hands over what the threads found at the opening of the window,
// which all of them have entered. There are no latencies before it.
func (s *sampler) handOpening() {
	var c counters
	for _, t := range s.run.threads {
		c.add(&t.atOpen)
	}
	s.begun = true
	s.hand(Sample{Window: true, Latencies: make([]uint64, LatencyBuckets)}, &c, s.run.opened)
}

func (s *sampler) handPublished(to Sample) {
	var c counters
	to.Latencies = make([]uint64, LatencyBuckets)
	for _, t := range s.run.threads {
		t.published.add(&c, to.Latencies)
	}
	s.hand(to, &c, s.at)
}

func (s *sampler) hand(to Sample, c *counters, at time.Time) {
	to.At = at.Sub(s.run.base)
	to.Started, to.OK, to.Failed = c[ctrStarted], c[ctrOK], c[ctrFailed]
	to.Opened, to.Ended = c[ctrOpened], c[ctrServerFirst]+c[ctrClientFirst]+c[ctrReset]
	to.Open = to.Opened - to.Ended
	to.BytesIn, to.BytesOut = c[ctrBytesIn], c[ctrBytesOut]
	s.run.cfg.Sample(to)
}

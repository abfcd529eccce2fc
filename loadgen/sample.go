package loadgen

import "time"

// Sample is the state of a run at one instant: counts since its beginning,
// warm-up included. They are as of each thread's last wake-up, at most some
// 10 ms ago, and taken without stopping it.
type Sample struct {
	At                time.Duration // since the run began
	Window            bool          // the measured window is open
	Started           uint64
	OK                uint64
	Failed            uint64
	Opened            uint64 // connections
	Ended             uint64 // connections closed by either side, or reset
	BytesIn, BytesOut uint64
}

// sampler calls Config.Sample now and then.
type sampler struct {
	run    *run
	ticker *time.Ticker // nil without a Config.Sample
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

// sample adds up what the threads have published and hands it over.
func (s *sampler) sample() {
	if s.ticker == nil {
		return
	}
	var n [numPublished]uint64
	for _, t := range s.run.threads {
		for i := range n {
			n[i] += t.published.counters[i].Load()
		}
	}
	s.run.cfg.Sample(Sample{
		At:     time.Since(s.run.base),
		Window: stage(s.run.stage.Load()) == stageOpen,
		// Published one after the other, so a request may be seen as answered
		// and not yet as started; nothing is made up to hide it.
		Started: n[ctrStarted], OK: n[ctrOK], Failed: n[ctrFailed],
		Opened: n[ctrOpened], Ended: n[ctrServerFirst] + n[ctrClientFirst] + n[ctrReset],
		BytesIn: n[ctrBytesIn], BytesOut: n[ctrBytesOut],
	})
}

package dashboard

import (
	"cmp"
	"maps"
	"slices"

	"github.com/c10kit/c10kit/results"
)

// thin halves samples by making one of two neighbours. The load and the probe sample in
// turn, and neither knows what the other does: neighbours are those of one source.
func thin(samples []results.Sample) []results.Sample {
	kept := make([]results.Sample, 0, len(samples)/2+2)
	var waits [2]*results.Sample // the earlier of two, by source
	for i := range samples {
		s := &samples[i]
		earlier := &waits[source(s)]
		if *earlier == nil {
			*earlier = s
			continue
		}
		kept = append(kept, join(*earlier, s))
		*earlier = nil
	}
	for _, s := range waits {
		if s != nil {
			kept = append(kept, *s)
		}
	}
	slices.SortStableFunc(kept, func(a, b results.Sample) int { return cmp.Compare(a.T, b.T) })
	return kept
}

// source tells samples of the load (1), which all have req/s, from those of the probe (0).
func source(s *results.Sample) int {
	if _, ok := s.Values[results.ReqPerSec]; ok {
		return 1
	}
	return 0
}

// join is what was seen by b, the later of two samples, and counted by both. Neither is
// written to: the recording has them too.
func join(a, b *results.Sample) results.Sample {
	s := results.Sample{Cell: b.Cell, T: b.T, Values: maps.Clone(a.Values), PerWorker: b.PerWorker}
	if s.Values == nil {
		s.Values = map[results.Metric]float64{}
	}
	maps.Copy(s.Values, b.Values)
	// Errors, unlike other figures, are a count since the sample before.
	before, okA := a.Values[results.Errors]
	after, okB := b.Values[results.Errors]
	if okA && okB {
		s.Values[results.Errors] = before + after
	}
	if s.PerWorker == nil {
		s.PerWorker = a.PerWorker
	}
	s.Latencies = slices.Clone(a.Latencies)
	for i, n := range b.Latencies {
		if i < len(s.Latencies) {
			s.Latencies[i] += n
		} else {
			s.Latencies = append(s.Latencies, n)
		}
	}
	return s
}

package results

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Sample is what a cell looked like at one moment of its window, or did since the
// sample before. Its JSON is one flat object, {"cell": ID, "t": seconds, METRIC:
// value, ..., "per-worker": [...], "latencies": [...]}; what could not be counted is
// absent.
type Sample struct {
	Cell   string             // the cell's ID
	T      float64            // seconds since the window opened
	Values map[Metric]float64 // any metric
	// PerWorker is how many connections each worker has had in the window so far, as in
	// Result. Nil if it is not known.
	PerWorker []uint64
	// Latencies counts the requests answered since the sample before by latency, in the
	// buckets of LatencyBucket, as far as the last one that is not 0. Nil if not known.
	Latencies []uint64
}

// Keys of a sample's JSON that are no metrics.
const (
	keyCell      = "cell"
	keyT         = "t"
	keyPerWorker = "per-worker"
	keyLatencies = "latencies"
)

// MarshalJSON writes s on one line.
func (s Sample) MarshalJSON() ([]byte, error) {
	flat := make(map[Metric]any, len(s.Values)+4)
	for m, v := range s.Values {
		switch m {
		case keyCell, keyT, keyPerWorker, keyLatencies, "":
			return nil, fmt.Errorf("sample of %s: %q cannot be a metric", s.Cell, m)
		}
		flat[m] = v
	}
	flat[keyCell], flat[keyT] = s.Cell, s.T
	if s.PerWorker != nil {
		flat[keyPerWorker] = s.PerWorker
	}
	if s.Latencies != nil {
		flat[keyLatencies] = s.Latencies
	}
	data, err := json.Marshal(flat) // refuses NaN and infinities
	if err != nil {
		return nil, fmt.Errorf("sample of %s: %w", s.Cell, err)
	}
	return data, nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Sample) UnmarshalJSON(data []byte) error {
	var flat map[Metric]json.RawMessage
	if err := json.Unmarshal(data, &flat); err != nil {
		return err
	}
	read := Sample{}
	for _, f := range []struct {
		key      Metric
		into     any
		optional bool
	}{
		{keyCell, &read.Cell, false},
		{keyT, &read.T, false},
		{keyPerWorker, &read.PerWorker, true},
		{keyLatencies, &read.Latencies, true},
	} {
		switch {
		case flat[f.key] == nil && f.optional:
			continue
		case flat[f.key] == nil:
			return fmt.Errorf("sample has no %q", f.key)
		}
		if err := json.Unmarshal(flat[f.key], f.into); err != nil {
			return fmt.Errorf("sample: %q: %w", f.key, err)
		}
		delete(flat, f.key)
	}
	for m, raw := range flat {
		var v *float64
		if err := json.Unmarshal(raw, &v); err != nil || v == nil || m == "" {
			return errors.Join(fmt.Errorf("sample: %q: %s is not a metric's value", m, raw), err)
		}
		if read.Values == nil {
			read.Values = make(map[Metric]float64, len(flat))
		}
		read.Values[m] = *v
	}
	*s = read
	return nil
}

func parseSeries(data []byte, warn warner) []Sample {
	var samples []Sample
	for n, line := range lines(data, warn) {
		var s Sample
		if err := json.Unmarshal(line, &s); err != nil {
			warn(n, "%v", err)
			continue
		}
		samples = append(samples, s)
	}
	return samples
}

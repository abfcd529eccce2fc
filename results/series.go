package results

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Sample is what a cell looked like at one moment of its window. Its JSON is
// one flat object, {"cell": ID, "t": seconds, METRIC: value, …}; what could not
// be counted is absent.
type Sample struct {
	Cell   string             // the cell's ID
	T      float64            // seconds since the window opened
	Values map[Metric]float64 // any metric but "cell" and "t"
}

// MarshalJSON writes s on one line.
func (s Sample) MarshalJSON() ([]byte, error) {
	flat := make(map[Metric]any, len(s.Values)+2)
	for m, v := range s.Values {
		if m == "cell" || m == "t" || m == "" {
			return nil, fmt.Errorf("sample of %s: %q cannot be a metric", s.Cell, m)
		}
		flat[m] = v
	}
	flat["cell"], flat["t"] = s.Cell, s.T
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
	for key, into := range map[Metric]any{"cell": &read.Cell, "t": &read.T} {
		if flat[key] == nil {
			return fmt.Errorf("sample has no %q", key)
		}
		if err := json.Unmarshal(flat[key], into); err != nil {
			return fmt.Errorf("sample: %q: %w", key, err)
		}
		delete(flat, key)
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

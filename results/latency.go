package results

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Kind is which latency of a request a histogram holds.
type Kind string

// The kinds. The log's tag is the cell's ID for Total, and ID#kind for the
// others: a comma would end the tag, and '#' is in no ID.
const (
	Total     Kind = "total"      // intended start of the request to the last byte of the answer
	Connect   Kind = "connect"    // connect(2) to the connection being established
	FirstByte Kind = "first-byte" // write of the request to the first byte of the answer
)

var kinds = []Kind{Total, Connect, FirstByte}

// Latency is one interval histogram, in nanoseconds.
type Latency struct {
	Cell       string // the cell's ID
	Kind       Kind
	Start, End time.Time
	Histogram  *hdrhistogram.Histogram
}

func latencyHeader(start time.Time) []byte {
	var b bytes.Buffer
	w := hdrhistogram.NewHistogramLogWriter(&b)
	// Writing into memory cannot fail.
	_ = w.OutputComment("[latencies in nanoseconds; Interval_Max in milliseconds; Tag=CELL, CELL#connect, CELL#first-byte]")
	_ = w.OutputLogFormatVersion()
	_ = w.OutputStartTime(start.UnixMilli())
	_ = w.OutputLegend()
	return b.Bytes()
}

func encodeLatency(l Latency) ([]byte, error) {
	if !slices.Contains(kinds, l.Kind) {
		return nil, fmt.Errorf("latency of %s: kind is %q, must be one of %v", l.Cell, l.Kind, kinds)
	}
	if l.Cell == "" || strings.ContainsAny(l.Cell, ", \t\r\n#") {
		return nil, fmt.Errorf("latency: %q is not a cell's id", l.Cell)
	}
	if l.Histogram == nil {
		return nil, fmt.Errorf("latency of %s: no histogram", l.Cell)
	}
	if l.End.Before(l.Start) || l.Start.UnixMicro() <= 0 {
		return nil, fmt.Errorf("latency of %s: interval from %v to %v", l.Cell, l.Start, l.End)
	}
	tag := l.Cell
	if l.Kind != Total {
		tag += "#" + string(l.Kind)
	}
	payload, err := l.Histogram.EncodeV2()
	if err != nil {
		return nil, fmt.Errorf("latency of %s: %w", tag, err)
	}
	// The library's log writer would need the tag set on the caller's
	// histogram, and keeps times to the millisecond only.
	micros := l.Start.UnixMicro()
	return fmt.Appendf(nil, "Tag=%s,%s,%s,%.6f,%s\n", tag, seconds(micros),
		seconds(l.End.UnixMicro()-micros), float64(l.Histogram.Max())/1e6, payload), nil
}

// seconds writes microseconds exactly, which %f of a float64 would not.
func seconds(micros int64) string { return fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6) }

func parseLatency(data []byte, warn warner) []Latency {
	var all []Latency
	for n, line := range lines(data, warn) {
		if line[0] == '#' || line[0] == '"' {
			continue
		}
		l, err := parseInterval(string(line))
		if err != nil {
			warn(n, "%v", err)
			continue
		}
		all = append(all, l)
	}
	return all
}

func parseInterval(line string) (Latency, error) {
	f := strings.SplitN(line, ",", 5)
	tag, ok := strings.CutPrefix(f[0], "Tag=")
	if !ok || len(f) != 5 {
		return Latency{}, errors.New("not a tagged interval histogram")
	}
	start, err1 := strconv.ParseFloat(f[1], 64)
	length, err2 := strconv.ParseFloat(f[2], 64)
	if err := errors.Join(err1, err2); err != nil {
		return Latency{}, err
	}
	// Bounds that UnixMicro keeps: beyond them the conversion is undefined.
	if !(start >= 0 && start < 1e10 && length >= 0 && length < 1e10) {
		return Latency{}, fmt.Errorf("interval of %v s from %v", length, start)
	}
	h, err := hdrhistogram.Decode([]byte(f[4]))
	if err != nil {
		return Latency{}, err
	}
	l := Latency{Cell: tag, Kind: Total, Histogram: h}
	if cell, kind, ok := strings.Cut(tag, "#"); ok {
		l.Cell, l.Kind = cell, Kind(kind)
	}
	micros := int64(math.Round(start * 1e6))
	l.Start = time.UnixMicro(micros).UTC()
	l.End = time.UnixMicro(micros + int64(math.Round(length*1e6))).UTC()
	return l, nil
}

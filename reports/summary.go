package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/c10kit/c10kit/results"
	"github.com/montanaflynn/stats"
)

// Row is a cell over all its rounds.
type Row struct {
	results.Cell                           // of all rounds: Round is 0
	Rounds       int                       `json:"rounds"`
	Requests     uint64                    `json:"requests"` // of all rounds together
	Stats        map[results.Metric]Stat   `json:"stats"`
	Missing      map[results.Metric]string `json:"missing,omitempty"`    // why, for metrics that some round lacks
	Verdicts     []Verdict                 `json:"verdicts"`             // the most frequent first
	Errors       map[string]uint64         `json:"errors,omitempty"`     // of all rounds together
	NeverServed  int                       `json:"never-served"`         // in the worst round
	PerWorker    []Shares                  `json:"per-worker,omitempty"` // one a round that knows, in order
	Notes        []string                  `json:"notes,omitempty"`      // each once
}

// Stat is one metric over the rounds that counted it. Q1, Median and Q3 are
// equal where N is 1.
type Stat struct {
	N      int     `json:"n"` // rounds that counted it, at least 1
	Min    float64 `json:"min"`
	Q1     float64 `json:"q1"`
	Median float64 `json:"median"`
	Q3     float64 `json:"q3"`
	Max    float64 `json:"max"`
	Sum    float64 `json:"sum"` // for what a median would hide, such as the errors of one bad round
}

// Verdict is a verdict with the number of rounds that ended in it; the
// evidence is that of the first.
type Verdict struct {
	results.Verdict
	Rounds int `json:"rounds"`
}

// Summarise puts the rounds of each cell into one row, in the order in which
// cells first appear. A metric that some rounds lack is summarised over the
// others and keeps the reason; one that all lack has the reason only, and so has
// a percentile that any measured round lacks.
func Summarise(all []results.Result) []Row {
	var order []results.Cell
	rounds := make(map[results.Cell][]results.Result)
	for _, r := range all {
		cell := r.Cell.AllRounds()
		if rounds[cell] == nil {
			order = append(order, cell)
		}
		rounds[cell] = append(rounds[cell], r)
	}
	rows := make([]Row, len(order))
	for i, cell := range order {
		rows[i] = summarise(cell, rounds[cell])
	}
	return rows
}

func summarise(cell results.Cell, rounds []results.Result) Row {
	row := Row{Cell: cell, Rounds: len(rounds), Stats: make(map[results.Metric]Stat)}
	samples := make(map[results.Metric][]float64)
	missing := make(map[results.Metric][]string)
	for _, r := range rounds {
		row.Requests += r.Requests
		row.NeverServed = max(row.NeverServed, r.NeverServed)
		row.addVerdict(r.Verdict)
		row.addShares(r)
		for m, v := range r.Values {
			samples[m] = append(samples[m], v)
		}
		for m, reason := range r.Missing {
			missing[m] = append(missing[m], reason)
		}
		for class, n := range r.Errors {
			if row.Errors == nil {
				row.Errors = make(map[string]uint64)
			}
			row.Errors[class] += n
		}
		for _, note := range endedFirst(r) {
			if !slices.Contains(row.Notes, note) {
				row.Notes = append(row.Notes, note)
			}
		}
	}
	slices.SortStableFunc(row.Verdicts, func(a, b Verdict) int { return b.Rounds - a.Rounds })
	for m, v := range samples {
		row.Stats[m] = newStat(v)
	}
	row.comparable(rounds)
	for m, reasons := range missing {
		if row.Missing == nil {
			row.Missing = make(map[results.Metric]string)
		}
		row.Missing[m] = joinReasons(reasons, len(rounds))
	}
	return row
}

// endedFirst are the notes of a round, the first that its server ended.
func endedFirst(r results.Result) []string {
	if r.Ended == "" {
		return r.Notes
	}
	return append([]string{r.Failed()}, r.Notes...)
}

// percentiles are the figures that not every round of a cell can tell.
var percentiles = []results.Metric{results.P50, results.P90, results.P99, results.P999}

// comparable takes out each percentile that not all measured rounds have. Medians of p50
// and p99 over the same rounds are in the order of the two, whatever the rounds are; over
// different ones a p99 may come out below its p50.
func (r *Row) comparable(rounds []results.Result) {
	measured := 0
	for _, x := range rounds {
		if _, ok := x.Values[results.ReqPerSec]; ok { // its window was opened
			measured++
		}
	}
	for _, m := range percentiles {
		if r.Stats[m].N < measured {
			delete(r.Stats, m)
		}
	}
}

// joinReasons names each reason once, and the rounds where not all lack the
// metric.
func joinReasons(reasons []string, rounds int) string {
	n := len(reasons)
	slices.Sort(reasons)
	text := strings.Join(slices.Compact(reasons), "; ")
	if n < rounds {
		return fmt.Sprintf("in %d of %d rounds: %s", n, rounds, text)
	}
	return text
}

func (r *Row) addVerdict(v results.Verdict) {
	for i := range r.Verdicts {
		if r.Verdicts[i].Name == v.Name {
			r.Verdicts[i].Rounds++
			return
		}
	}
	r.Verdicts = append(r.Verdicts, Verdict{v, 1})
}

// newStat summarises at least one sample. stats returns errors for empty input
// and, for quartiles, for a single one; neither reaches it.
func newStat(v []float64) Stat {
	slices.Sort(v)
	s := Stat{N: len(v), Min: v[0], Max: v[len(v)-1]}
	s.Median, _ = stats.Median(v)
	s.Sum, _ = stats.Sum(v)
	s.Q1, s.Q3 = s.Median, s.Median
	if q, err := stats.Quartile(v); err == nil {
		s.Q1, s.Q3 = q.Q1, q.Q3
	}
	return s
}

// FailedRequests is the number of requests that failed in all rounds together;
// counted is false where no round knows.
func (r Row) FailedRequests() (n float64, counted bool) {
	if s, ok := r.Stats[results.Errors]; ok {
		return s.Sum, true
	}
	for v := range maps.Values(r.Errors) {
		n += float64(v)
	}
	return n, len(r.Errors) > 0
}

package dashboard

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
)

// row is one cell over its rounds.
type row struct {
	cell    results.Cell // of all rounds
	spec    string
	series  int // which marker and colour: the place of spec among the run's models
	results []results.Result
	sum     reports.Row // of results; empty while there is none
	rounds  []round     // samples, in the order in which rounds were measured
	running bool
	total   *hdrhistogram.Histogram // merged over rounds, nil while there is none
	curve   []percentile            // of total
	trend   []float64               // req/s, sample by sample over all rounds
}

// round is the series of one round of a cell.
type round struct {
	number  int
	samples []results.Sample
}

// percentile is one point of the curve: at quantile q the latency is at most ns.
type percentile struct{ q, ns float64 }

// maxSamples is how many samples of a round are kept. Beyond it neighbours become one: a
// chart has some hundred columns, and a run may go on for days.
const maxSamples = 4096

const maxTrend = 256

func newRow(c results.Cell) *row {
	return &row{cell: c, spec: clean(c.Spec())}
}

func (r *row) begin(number int) {
	r.running = true
	r.round(number)
}

// round returns the series of a round, which is the latest from now on.
func (r *row) round(number int) *round {
	for i := range r.rounds {
		if r.rounds[i].number == number {
			return &r.rounds[i]
		}
	}
	r.rounds = append(r.rounds, round{number: number})
	return &r.rounds[len(r.rounds)-1]
}

func (r *row) sample(number int, s results.Sample) {
	in := r.round(number)
	in.samples = append(in.samples, s)
	if len(in.samples) > maxSamples {
		in.samples = thin(in.samples)
	}
	if v, ok := s.Values[results.ReqPerSec]; ok {
		r.trend = append(r.trend, v)
		if len(r.trend) > 2*maxTrend {
			r.trend = slices.Delete(r.trend, 0, maxTrend)
		}
	}
}

func (r *row) result(x results.Result, latencies []results.Latency) {
	r.running = false
	if i := slices.IndexFunc(r.results, func(y results.Result) bool { return y.ID == x.ID }); i >= 0 {
		return // told twice: the first counts, a histogram cannot be taken out again
	}
	r.results = append(r.results, x)
	r.sum = reports.Summarise(r.results)[0]
	for _, l := range latencies {
		if l.Kind != results.Total {
			continue
		}
		r.close(x, l.End.Sub(l.Start))
		// Answers of which none was good say how fast the server refuses, not how fast it is.
		if l.Histogram != nil && x.Requests > 0 {
			r.merge(l.Histogram)
		}
	}
}

// close adds the closing edge of the window to the samples of the round: TIME_WAITs are
// counted there, and in a short window nowhere else.
func (r *row) close(x results.Result, window time.Duration) {
	edge := results.Sample{Cell: x.ID, T: window.Seconds(), Values: map[results.Metric]float64{}}
	for _, m := range []results.Metric{results.TimeWaitStandingServer, results.TimeWaitStandingClient} {
		if v, ok := x.Values[m]; ok {
			edge.Values[m] = v
		}
	}
	in := r.round(x.Round)
	for _, s := range slices.Backward(in.samples) {
		if _, counted := standing(s); counted && s.T > edge.T-nearEdge {
			return // the probe was just there
		}
	}
	if len(edge.Values) > 0 {
		in.samples = append(in.samples, edge)
	}
}

// nearEdge is how many seconds before the closing edge a sample serves as well.
const nearEdge = 0.1

// merge adds a round's histogram to that of all rounds. Percentiles of several rounds can
// only be had this way: a mean of p99s is the p99 of nothing.
func (r *row) merge(h *hdrhistogram.Histogram) {
	if r.total == nil {
		r.total = hdrhistogram.New(h.LowestTrackableValue(), h.HighestTrackableValue(), int(h.SignificantFigures()))
	}
	r.total.Merge(h)
	r.curve = r.curve[:0]
	if r.total.TotalCount() == 0 {
		return
	}
	for _, q := range quantiles {
		if !results.Enough(q, uint64(r.total.TotalCount())) {
			continue
		}
		r.curve = append(r.curve, percentile{q, float64(r.total.ValueAtQuantile(100 * q))})
	}
}

// quantiles are where the curve is drawn: each step halves what is left, so that they are
// as far from each other on the axis 1/(1-q).
var quantiles = []float64{0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999, 0.9995, 0.9999, 1}

// latest returns the samples of the round that was measured last, or is.
func (r *row) latest() []results.Sample {
	for i := len(r.rounds) - 1; i >= 0; i-- {
		if len(r.rounds[i].samples) > 0 || i == len(r.rounds)-1 && r.running {
			return r.rounds[i].samples
		}
	}
	return nil
}

// live is the latest value of a metric of a cell that is being measured. The load and the
// probe sample each at its own pace, so the latest sample alone knows half of it.
func (r *row) live(m results.Metric) (float64, bool) {
	if !r.running {
		return 0, false
	}
	for _, s := range slices.Backward(r.latest()) {
		if v, ok := s.Values[m]; ok {
			return v, true
		}
	}
	return 0, false
}

// figure is what is known of one metric of a row.
type figure struct {
	value  float64
	known  bool
	live   bool   // of the latest sample: no round is done yet
	reason string // why it is not known
}

// figure returns the median over the rounds that are done; while there is none, the
// latest sample's value.
func (r *row) figure(m results.Metric) figure {
	if len(r.results) > 0 {
		if r.sum.Requests == 0 && latency(m) {
			return figure{reason: noSuccess} // those of errors are no figure of the server
		}
		if s, ok := r.sum.Stats[m]; ok {
			return figure{value: s.Median, known: true}
		}
		if reason, ok := r.sum.Missing[m]; ok {
			return figure{reason: clean(reason)}
		}
		return figure{reason: "does not apply to this model"}
	}
	if v, ok := r.live(m); ok {
		return figure{value: v, known: true, live: true}
	}
	if r.running {
		return figure{reason: notDone}
	}
	return figure{reason: "not measured yet"}
}

const (
	noSuccess = "no request succeeded"
	notDone   = "known when the round is done"
)

func latency(m results.Metric) bool {
	return slices.Contains([]results.Metric{
		results.P50, results.P90, results.P99, results.P999, results.MaxLatency,
	}, m)
}

// ofTree reports whether m of r is of the whole process tree though it is of workers in other
// rows.
func (r *row) ofTree(m results.Metric) bool {
	return r.cell.Workers == results.WorkersTree && (m == results.CswVoluntary || m == results.CswInvoluntary)
}

// errors is the sum over the rounds, as a median would hide a bad one; of the first round, while
// it goes on, that of its samples, each of which counts those since the one before.
func (r *row) errors() figure {
	f := r.figure(results.Errors)
	if n, counted := r.sum.FailedRequests(); len(r.results) > 0 && counted {
		return figure{value: n, known: true}
	}
	if f.live {
		f.value = 0
		for _, s := range r.latest() {
			f.value += s.Values[results.Errors]
		}
	}
	return f
}

// workers returns the connections of each worker, of the moment while the cell is
// measured and of its latest round otherwise; nil if they are not told apart.
func (r *row) workers() []uint64 {
	if n := len(r.results); n > 0 && !r.running && r.results[n-1].PerWorker != nil {
		return r.results[n-1].PerWorker // samples end before the window does
	}
	for _, s := range slices.Backward(r.latest()) {
		if s.PerWorker != nil {
			return s.PerWorker
		}
	}
	return nil
}

// clean makes text of a run folder safe to show: a folder may come from elsewhere, and an
// escape sequence in a note would reach the terminal.
func clean(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t' || c == '\r':
			return ' '
		case !unicode.IsPrint(c):
			return '?'
		}
		return c
	}, s)
}

package dashboard

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"golang.org/x/perf/benchmath"

	"github.com/c10kit/c10kit/dashboard/screen"
	"github.com/c10kit/c10kit/results"
)

// difference holds two rows against each other as benchstat does: medians, and the
// Mann-Whitney U-test of the rounds for whether they differ at all. Quartiles that do not
// overlap are no such test: of two equal servers a third looks different by them in two
// rounds, a tenth in three.
type difference struct {
	percent      float64 // of the medians
	p            float64 // chance of rounds so far apart, were both the same
	rounds, base benchmath.Summary
	n, nBase     int
}

const (
	alpha      = 0.05 // a difference is claimed below it
	enough     = 4    // rounds on each side from which p can be below alpha: 2 of 70 orders
	confidence = 0.95 // of the intervals of medians
)

// compare holds the rounds of r against base's. ok is false where one has no value of m,
// or the base's is 0.
func (r *row) compare(base *row, m results.Metric) (x difference, ok bool) {
	if base == nil {
		return x, false
	}
	a, b := sample(r, m), sample(base, m)
	if len(a.Values) == 0 || len(b.Values) == 0 {
		return x, false
	}
	x.rounds, x.base = benchmath.AssumeNothing.Summary(a, confidence), benchmath.AssumeNothing.Summary(b, confidence)
	x.n, x.nBase = len(a.Values), len(b.Values)
	x.p = benchmath.AssumeNothing.Compare(a, b).P
	x.percent = 100 * (x.rounds.Center - x.base.Center) / x.base.Center
	return x, x.base.Center != 0
}

func sample(r *row, m results.Metric) *benchmath.Sample {
	return benchmath.NewSample(roundValues(r, m), &benchmath.DefaultThresholds)
}

// pairing is what a difference depends on: rounds are only ever added.
type pairing struct {
	r, base   *row
	m         results.Metric
	n, ofBase int
}

// maxPairings bounds what is kept of rows that a rewound replay has no more.
const maxPairings = 1000

// versus is compare, which is not done anew for each frame: the exact test of 20 rounds with
// ties takes 2.7 ms.
func (d *dash) versus(r, base *row) (x difference, ok bool) {
	if base == nil {
		return x, false
	}
	k := pairing{r, base, d.compared(), len(r.results), len(base.results)}
	if x, ok = d.pairings[k]; ok {
		return x, true
	}
	if x, ok = r.compare(base, k.m); ok {
		if d.pairings == nil || len(d.pairings) >= maxPairings {
			d.pairings = map[pairing]difference{}
		}
		d.pairings[k] = x
	}
	return x, ok
}

func (x difference) claimed() bool { return x.p < alpha }

// short is the difference as a column has it: "+12%", and "~+12%" where it is not claimed.
func (x difference) short() string {
	if x.claimed() {
		return percentText(x.percent)
	}
	return "~" + percentText(x.percent)
}

// long adds what the claim rests on: "+12% p=0.029 n=4".
func (x difference) long() string {
	n := strconv.Itoa(x.n)
	if x.nBase != x.n {
		n += "+" + strconv.Itoa(x.nBase)
	}
	return fmt.Sprintf("%s p=%.3f n=%s", x.short(), x.p, n)
}

// sentence is the whole of it, with a metric's figures.
func (x difference) sentence(m results.Metric, base string) string {
	text := fmt.Sprintf("%s %s, %s %s: %s", m, interval(m, x.rounds), base, interval(m, x.base), x.long())
	switch {
	case x.claimed():
		return text
	case min(x.n, x.nBase) < enough:
		return text + fmt.Sprintf(", not claimed: %d rounds are needed", enough)
	}
	return text + ", not claimed: the rounds do not tell them apart"
}

// interval is a median, with its 95% interval where there are rounds enough for one.
func interval(m results.Metric, s benchmath.Summary) string {
	text := compact(m, s.Center)
	if math.IsInf(s.Lo, 0) || math.IsInf(s.Hi, 0) {
		return text
	}
	return text + " [" + compact(m, s.Lo) + ", " + compact(m, s.Hi) + "]"
}

func percentText(p float64) string {
	p = math.Round(p) + 0 // no -0
	text := strconv.FormatFloat(p, 'f', 0, 64)
	if p >= 0 {
		text = "+" + text
	}
	return text + "%"
}

// style is bold and coloured for what is claimed only.
func (x difference) style(m results.Metric) screen.Style {
	info, _ := m.Info()
	switch {
	case !x.claimed():
		return screen.Dim
	case (x.percent > 0) == (info.Better == results.Higher):
		return screen.Good | screen.Strong
	}
	return screen.Bad | screen.Strong
}

// compared is the metric that differences are of: that of the column by which the table is
// sorted, else req/s.
func (d *dash) compared() results.Metric {
	if d.sort >= 0 && columns[d.sort].metric != "" {
		return columns[d.sort].metric
	}
	return results.ReqPerSec
}

// differenceText is a cell of the column diff.
func (d *dash) differenceText(r *row) (string, screen.Style) {
	base, m := d.baseOf(r), d.compared()
	if base == r {
		return "base", screen.Dim
	}
	x, ok := d.versus(r, base)
	if !ok {
		return noValue, screen.Dim
	}
	return x.short(), x.style(m)
}

// chanceText is a cell of the column p, of the difference beside it.
func (d *dash) chanceText(r *row) (string, screen.Style) {
	base := d.baseOf(r)
	x, ok := d.versus(r, base)
	if !ok || base == r {
		return noValue, screen.Dim
	}
	return strconv.FormatFloat(x.p, 'f', 3, 64), screen.Dim
}

// comparing reports whether the table has the column of differences.
func (d *dash) comparing() bool {
	return slices.ContainsFunc(d.placed, func(c *column) bool { return c.name == "diff" })
}

// differenceLine is what the column says of the selected row in a sentence; none where
// there is no column, or nothing to compare.
func (d *dash) differenceLine(r *row) []screen.Span {
	base, m := d.baseOf(r), d.compared()
	x, ok := d.versus(r, base)
	if !ok || base == r || !d.comparing() {
		return nil
	}
	style := screen.Normal
	if !x.claimed() {
		style = screen.Dim
	}
	return []screen.Span{{Text: clean(x.sentence(m, d.baseName())), Style: style}}
}

// otherText is the metric of the same cell in the other run.
func (d *dash) otherText(r *row) (string, screen.Style) {
	if d.other == nil {
		return noValue, screen.Dim
	}
	b := d.other.find(r.cell)
	if b == nil {
		return noValue, screen.Dim
	}
	m := d.compared()
	return figureText(m, b.figure(m))
}

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
	column       *column // whose figures these are
	figure, base float64 // as the column has them
	percent      float64
	p            float64 // chance of rounds so far apart, were both the same
	rounds       benchmath.Summary
	baseRounds   benchmath.Summary
	n, nBase     int
	reason       string // why there is none; of the rest only the column is set then
}

const (
	alpha      = 0.05 // a difference is claimed below it
	enough     = 4    // rounds on each side from which p can be below alpha: 2 of 70 orders
	confidence = 0.95 // of the intervals of medians
)

// compare holds a column's figure of r against base's, which may be nil.
func (c *column) compare(r, base *row) difference {
	none := func(reason string) difference { return difference{column: c, reason: reason} }
	if base == nil {
		return none("there is nothing to compare with")
	}
	a, b := c.value(r), c.value(base)
	switch {
	case !a.known:
		return none(a.reason)
	case !b.known:
		return none("the base: " + b.reason)
	case a.live || b.live:
		return none(notDone)
	case r.ofTree(c.metric) != base.ofTree(c.metric):
		return none("switches of a whole process tree are not those of workers")
	case b.value == 0:
		return none("the base's is 0")
	}
	rounds, ofBase := c.rounds(r), c.rounds(base)
	if c.sum && len(rounds) != len(ofBase) {
		return none(fmt.Sprintf("sums of %d and of %d rounds", len(rounds), len(ofBase)))
	}
	x := difference{column: c, figure: a.value, base: b.value, n: len(rounds), nBase: len(ofBase)}
	x.percent = 100 * (x.figure - x.base) / x.base
	own, other := benchmath.NewSample(rounds, &benchmath.DefaultThresholds), benchmath.NewSample(ofBase, &benchmath.DefaultThresholds)
	x.rounds, x.baseRounds = benchmath.AssumeNothing.Summary(own, confidence), benchmath.AssumeNothing.Summary(other, confidence)
	x.p = benchmath.AssumeNothing.Compare(own, other).P
	return x
}

// pairing is what a difference depends on: rounds are only ever added.
type pairing struct {
	r, base   *row
	c         *column
	n, ofBase int
}

// maxPairings bounds what is kept of rows that a rewound replay has no more.
const maxPairings = 1000

// versus is compare of the row with its base, which is not done anew for each frame: the exact
// test of 20 rounds with ties takes 2.7 ms.
func (d *dash) versus(r *row) difference {
	base, c := d.baseOf(r), d.compared()
	if base == nil && d.toOther() {
		return difference{column: c, reason: d.other.lacks(r.cell)}
	}
	if base == nil || len(r.results) == 0 || len(base.results) == 0 {
		return c.compare(r, base)
	}
	k := pairing{r, base, c, len(r.results), len(base.results)}
	x, ok := d.pairings[k]
	if !ok {
		x = c.compare(r, base)
		if d.pairings == nil || len(d.pairings) >= maxPairings {
			d.pairings = map[pairing]difference{}
		}
		d.pairings[k] = x
	}
	return x
}

func (x difference) known() bool { return x.reason == "" }

func (x difference) claimed() bool { return x.known() && x.p < alpha }

// short is the difference as a column has it: "+12%", and "~+12%" where it is not claimed.
func (x difference) short() string {
	switch {
	case !x.known():
		return noValue
	case x.claimed():
		return percentText(x.percent)
	}
	return "~" + percentText(x.percent)
}

// long adds what the claim rests on: "+12% p=0.029 n=4".
func (x difference) long() string {
	if !x.known() {
		return noValue
	}
	n := strconv.Itoa(x.n)
	if x.nBase != x.n {
		n += "+" + strconv.Itoa(x.nBase)
	}
	return fmt.Sprintf("%s p=%.3f n=%s", x.short(), x.p, n)
}

// sentence is the whole of it, with the figures, or why there is no difference.
func (x difference) sentence(base string) string {
	c := x.column
	if !x.known() {
		return fmt.Sprintf("%s: no difference to %s: %s", c.quantity(), base, x.reason)
	}
	text := fmt.Sprintf("%s %s, %s %s: %s", c.quantity(), x.interval(x.figure, x.rounds), base, x.interval(x.base, x.baseRounds), x.long())
	switch {
	case x.claimed():
		return text
	case min(x.n, x.nBase) < enough:
		return text + fmt.Sprintf(", not claimed: %d rounds are needed", enough)
	}
	return text + ", not claimed: the rounds do not tell them apart"
}

// interval is a figure, with the 95% interval of a median where there are rounds enough for one.
func (x difference) interval(figure float64, s benchmath.Summary) string {
	m := x.column.metric
	text := compact(m, figure)
	if x.column.sum || math.IsInf(s.Lo, 0) || math.IsInf(s.Hi, 0) {
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
func (x difference) style() screen.Style {
	info, _ := x.column.metric.Info()
	switch {
	case !x.claimed():
		return screen.Dim
	case (x.percent > 0) == (info.Better == results.Higher):
		return screen.Good | screen.Strong
	}
	return screen.Bad | screen.Strong
}

// compared is the column that differences are of: that by which the table is sorted, else req/s.
func (d *dash) compared() *column {
	if d.sort >= 0 {
		return &columns[d.sort]
	}
	return columnOf(results.ReqPerSec)
}

// differenceText is a cell of the column diff.
func (d *dash) differenceText(r *row) (string, screen.Style) {
	if d.baseOf(r) == r {
		return "base", screen.Dim
	}
	x := d.versus(r)
	return x.short(), x.style()
}

// chanceText is a cell of the column p, of the difference beside it.
func (d *dash) chanceText(r *row) (string, screen.Style) {
	x := d.versus(r)
	if !x.known() || d.baseOf(r) == r {
		return noValue, screen.Dim
	}
	return strconv.FormatFloat(x.p, 'f', 3, 64), screen.Dim
}

// comparing reports whether the table has the column of differences.
func (d *dash) comparing() bool {
	return slices.ContainsFunc(d.placed, func(c *column) bool { return c.name == "diff" })
}

// differenceLine is what the column says of the selected row in a sentence; none where
// there is no column, or nothing was measured.
func (d *dash) differenceLine(r *row) []screen.Span {
	if d.baseOf(r) == r || !d.comparing() || len(r.results) == 0 {
		return nil
	}
	x, style := d.versus(r), screen.Normal
	if !x.claimed() {
		style = screen.Dim
	}
	return []screen.Span{{Text: clean(x.sentence(d.baseName())), Style: style}}
}

// otherText is the column's figure of the same cell in the other run.
func (d *dash) otherText(r *row) (string, screen.Style) {
	if d.other == nil {
		return noValue, screen.Dim
	}
	b := d.other.find(r.cell)
	if b == nil {
		return noValue, screen.Dim
	}
	c := d.compared()
	return figureText(c.metric, c.value(b))
}

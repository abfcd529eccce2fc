package dashboard

import (
	"slices"
	"strconv"
	"strings"

	"github.com/c10kit/c10kit/dashboard/screen"
	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
)

// column is one column of figures of the table. Columns stand in a fixed order; where
// there is no room, those of the highest rank go first.
type column struct {
	name   string
	rank   rank
	metric results.Metric
	// value is what rows are sorted by, and what the text is made of; nil for a column
	// that is no figure of its own.
	value func(*row) figure
	// per is what value divides the metric by; nil for 1.
	per   func(*row) float64
	sum   bool // value is that of the rounds, not their median
	text  func(*dash, *row) (string, screen.Style)
	ofTwo bool // shown only where there is another run to compare with
}

// rank is how soon a column is placed.
type rank uint8

const (
	rankSorted rank = iota // what the table is sorted by must be seen
	rankAlways
	rankAsked
	rankFirst
	rankSecond
	rankThird
	rankFourth
	rankFifth
	rankNever
)

func of(m results.Metric) func(*row) figure {
	return func(r *row) figure { return r.figure(m) }
}

// metricColumn shows a metric's median.
func metricColumn(name string, at rank, m results.Metric) column {
	return column{
		name: name, rank: at, metric: m, value: of(m),
		text: func(_ *dash, r *row) (string, screen.Style) { return figureText(m, r.figure(m)) },
	}
}

// perConnColumn shows a metric's median for each connection of the load.
func perConnColumn(name string, at rank, m results.Metric) column {
	conns := func(r *row) float64 { return float64(max(r.cell.Conns, 1)) }
	value := func(r *row) figure {
		f := r.figure(m)
		f.value /= conns(r)
		return f
	}
	return column{
		name: name, rank: at, metric: m, value: value, per: conns,
		text: func(_ *dash, r *row) (string, screen.Style) { return figureText(m, value(r)) },
	}
}

// rounds are the column's figures round by round, of those that have one.
func (c *column) rounds(r *row) []float64 {
	all := roundValues(r, c.metric)
	if c.per != nil {
		for i := range all {
			all[i] /= c.per(r)
		}
	}
	return all
}

// quantity names what the figures are.
func (c *column) quantity() string {
	if c.per != nil {
		return string(c.metric) + " a connection"
	}
	return string(c.metric)
}

// columnOf is the column that shows m.
func columnOf(m results.Metric) *column {
	return &columns[slices.IndexFunc(columns, func(c column) bool { return c.metric == m && c.value != nil })]
}

// switchColumn marks the switches of rows that have no workers to name.
func switchColumn(name string, m results.Metric) column {
	c := metricColumn(name, rankAlways, m)
	c.text = func(_ *dash, r *row) (string, screen.Style) { return switchText(m, r) }
	return c
}

// columns are all there are, from left to right. They are set by init as the texts of some
// depend on which column the table is sorted by.
var columns []column

func init() {
	columns = []column{
		metricColumn("req/s", rankAlways, results.ReqPerSec),
		{name: "±", rank: rankFirst, text: (*dash).spreadText},
		{name: "other", rank: rankSecond, ofTwo: true, text: (*dash).otherText},
		{name: "diff", rank: rankThird, text: (*dash).differenceText},
		{name: "p", rank: rankFifth, text: (*dash).chanceText},
		metricColumn("conn/s", rankFifth, results.ConnPerSec),
		metricColumn("p50", rankFirst, results.P50),
		metricColumn("p99", rankAlways, results.P99),
		metricColumn("p99.9", rankSecond, results.P999),
		switchColumn("vol/r", results.CswVoluntary),
		switchColumn("inv/r", results.CswInvoluntary),
		metricColumn("tw-srv", rankFirst, results.TimeWaitServer),
		metricColumn("tw-cli", rankSecond, results.TimeWaitClient),
		perConnColumn("mem/c", rankThird, results.PSS),
		metricColumn("thr", rankFourth, results.Threads),
		metricColumn("proc", rankFourth, results.Procs),
		metricColumn("cpu/r", rankThird, results.CPUPerReq),
		{
			name: "err", rank: rankAlways, metric: results.Errors, value: (*row).errors, sum: true,
			text: errorsText,
		},
	}
}

// noValue stands for what is not known; the row's details say why.
const noValue = "–"

// figureText writes a figure as results does, without the blank before its unit.
func figureText(m results.Metric, f figure) (string, screen.Style) {
	switch {
	case !f.known:
		return noValue, screen.Dim
	case f.live:
		return compact(m, f.value), screen.Dim
	}
	return compact(m, f.value), screen.Normal
}

// switchText is figureText of switches, with the mark of those of a whole tree.
func switchText(m results.Metric, r *row) (string, screen.Style) {
	f := r.figure(m)
	text, style := figureText(m, f)
	if f.known && r.ofTree(m) {
		text += reports.TreeMark
	}
	return text, style
}

func compact(m results.Metric, v float64) string {
	return strings.ReplaceAll(m.Format(v), " ", "")
}

func errorsText(_ *dash, r *row) (string, screen.Style) {
	f := r.errors()
	text, style := figureText(results.Errors, f)
	if f.known && f.value > 0 {
		style = screen.Bad
	}
	return text, style
}

// spreadText shows the quartiles of req/s: half their distance in percent of the median,
// or both where there is room.
func (d *dash) spreadText(r *row) (string, screen.Style) {
	s := r.sum.Stats[results.ReqPerSec]
	switch {
	case s.N < 2 || s.Median == 0:
		return noValue, screen.Dim
	case d.grid.Width() >= wideQuartiles:
		return "[" + results.ReqPerSec.Format(s.Q1) + "–" + results.ReqPerSec.Format(s.Q3) + "]", screen.Dim
	}
	half := 100 * (s.Q3 - s.Q1) / 2 / s.Median
	return "±" + strconv.FormatFloat(half, 'f', 0, 64) + "%", screen.Dim
}

// wideQuartiles is the width of a screen from which both quartiles are shown.
const wideQuartiles = 150

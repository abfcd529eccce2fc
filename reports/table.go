package reports

import (
	"math"
	"strconv"
	"strings"

	"github.com/c10kit/c10kit/results"
)

// A table is laid out in the first of these that fits the width.
type layout struct {
	ranges  bool // quartiles as [q1–q3], else as ± percent
	extra   bool // columns that there is not always room for
	short   bool // short headers where the long ones do not fit
	compact bool // 1.24ms
}

var mainLayouts = []layout{{ranges: true}, {}, {short: true, compact: true}}

// column is one column of a table, filled for all groups, so that the tables
// of a run line up.
type column struct {
	header string
	short  string // printed instead where room is scarce; empty if there is none
	left   bool   // aligned left, else right
	tight  bool   // one blank before it: it belongs to the column before
	glued  bool   // no blank before it: marks behind the figures of the column before
	cells  []cell // one a row, over all groups
}

// title is the header as it is printed.
func (c column) title() string {
	if c.short != "" {
		return c.short
	}
	return c.header
}

const noValue = "–"

// columns fills the main table's columns for rows; base[i] is the row that
// rows[i] is held against.
func columns(rows, base []Row, l layout) []column {
	quartiles := "±"
	if l.ranges {
		quartiles = "[q1–q3]"
	}
	cols := []column{
		{header: "model", left: true},
		{header: "workers", short: "wrk"},
		{header: "req/s"},
		{header: quartiles, tight: true},
		{header: "ratio"},
		{header: "p50"},
		{header: "p99"},
		{header: "cpu/req", short: "cpu"},
		{header: "errors", short: "err"},
		{header: "verdict", left: true},
	}
	for i, r := range rows {
		for j, c := range []cell{
			{text: r.Spec()},
			workersCell(r),
			statCell(r, results.ReqPerSec, l),
			spreadCell(r, l),
			ratioCell(r, base[i]),
			statCell(r, results.P50, l),
			statCell(r, results.P99, l),
			statCell(r, results.CPUPerReq, l),
			errorsCell(r),
			verdictCell(r),
		} {
			cols[j].cells = append(cols[j].cells, c)
		}
	}
	return cols
}

func workersCell(r Row) cell {
	switch r.Workers {
	case results.WorkersTree:
		return cell{text: "tree"}
	case 0:
		return cell{noValue, dim}
	}
	return cell{text: strconv.Itoa(r.Workers)}
}

func statCell(r Row, m results.Metric, l layout) cell {
	s, ok := r.Stats[m]
	if !ok {
		return cell{noValue, dim}
	}
	text := m.Format(s.Median)
	if l.compact {
		text = strings.ReplaceAll(text, " ", "")
	}
	return cell{text: text}
}

// spreadCell shows the quartiles of req/s; one round has none.
func spreadCell(r Row, l layout) cell {
	s := r.Stats[results.ReqPerSec]
	switch {
	case s.N < 2:
		return cell{}
	case l.ranges:
		return cell{"[" + results.ReqPerSec.Format(s.Q1) + "–" + results.ReqPerSec.Format(s.Q3) + "]", dim}
	case s.Median == 0:
		return cell{}
	}
	half := 100 * (s.Q3 - s.Q1) / 2 / s.Median
	return cell{"±" + strconv.FormatFloat(half, 'f', 0, 64) + "%", dim}
}

// Ratio is m of r over that of base, of their medians; spread is how far off it is by half the
// distances between the quartiles of both, 0 where one round each has none. ok is false where
// one has no such figure, or the base's is 0.
func (r Row) Ratio(base Row, m results.Metric) (ratio, spread float64, ok bool) {
	s, b := r.Stats[m], base.Stats[m]
	if s.N == 0 || b.N == 0 || b.Median == 0 {
		return 0, 0, false
	}
	ratio = s.Median / b.Median
	// Errors of a quotient: d(x/y) = sqrt((dx/y)² + (x/y·dy/y)²).
	return ratio, math.Hypot((s.Q3-s.Q1)/2/b.Median, ratio*(b.Q3-b.Q1)/2/b.Median), true
}

// ratioCell is r's req/s over the base's, marked "~" instead of "×" where
// their quartiles overlap.
func ratioCell(r, base Row) cell {
	ratio, _, ok := r.Ratio(base, results.ReqPerSec)
	if !ok {
		return cell{noValue, dim}
	}
	s, b := r.Stats[results.ReqPerSec], base.Stats[results.ReqPerSec]
	mark := "×"
	if r.ID != base.ID && s.N > 1 && b.N > 1 && s.Q1 <= b.Q3 && b.Q1 <= s.Q3 {
		mark = "~"
	}
	return cell{text: mark + FormatRatio(ratio)}
}

// FormatRatio writes a ratio with two digits behind the point, more or fewer where it is far
// from 1.
func FormatRatio(v float64) string {
	switch {
	case v >= 99.95:
		return results.ScaleCount.Format(math.Round(v))
	case v >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case v >= 0.00995 || v == 0:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'g', 1, 64)
}

// errorsCell is the sum over the rounds: a median would hide a bad one.
func errorsCell(r Row) cell {
	n, counted := r.FailedRequests()
	switch {
	case !counted:
		return cell{noValue, dim}
	case n == 0:
		return cell{text: "0"}
	}
	return cell{results.Errors.Format(n), red}
}

var verdictStyles = map[string]style{
	results.VerdictServerCPU: green, // what a comparison of servers wants to see
	results.VerdictClient:    red,   // the figures are the generator's
	results.VerdictNone:      plain,
}

func verdictCell(r Row) cell {
	if len(r.Verdicts) == 0 || r.Verdicts[0].Name == "" {
		return cell{noValue, dim}
	}
	name := r.Verdicts[0].Name
	s, ok := verdictStyles[name]
	if !ok {
		s = yellow
	}
	return cell{name, s}
}

package reports

import (
	"slices"
	"strconv"

	"github.com/c10kit/c10kit/results"
)

// counterLayouts are those of the table of counters. Its headers are short in
// all: what was given back their length reads as well.
var counterLayouts = []layout{{extra: true, short: true}, {short: true}, {short: true, compact: true}}

// counted are the metrics of the table of counters; a run in which no row has
// any of them is printed without it.
var counted = []results.Metric{
	results.CswVoluntary, results.CswInvoluntary, results.CswRuntime, results.WakeUps, results.EAGAINs,
	results.TimeWaitServer, results.TimeWaitClient, results.PSS, results.Threads, results.Procs,
}

func hasCounters(rows []Row) bool {
	return slices.ContainsFunc(rows, func(r Row) bool {
		return slices.ContainsFunc(counted, func(m results.Metric) bool {
			_, ok := r.Stats[m]
			return ok
		})
	})
}

// The marks of switches, which the legend explains where they stand.
const (
	TreeMark  = "*" // the figure is of the whole tree
	ErrorMark = "±" // how far off the figure before it may be
)

// counterColumns fills the columns of the table of counters. model is that of
// the main table as it was laid out, so that the two line up; the workers are
// there only where the model alone does not name a row (manyWorkers).
func counterColumns(rows []Row, model column, manyWorkers bool, l layout) []column {
	model.header, model.cells = "counters", slices.Clone(model.cells)
	cols := []column{
		model,
		{header: "workers", short: "wrk"},
		{header: "csw-vol", short: "vol"},
		{left: true, glued: true},
		{header: "csw-invol", short: "inv"},
		{left: true, glued: true},
		{header: "csw-runtime", short: "run"},
		{header: "wake-ups", short: "wake"},
		{header: "EAGAINs", short: "eagn"},
		{header: "tw-server", short: "tw-s"},
		{header: "tw-client", short: "tw-c"},
		{header: "standing"},
		{header: "pss"},
		{header: "pss/conn"},
		{header: "threads", short: "thr"},
		{header: "procs", short: "prc"},
	}
	for _, r := range rows {
		wrk, standing, perConn := cell{}, cell{}, cell{}
		if manyWorkers {
			wrk = workersCell(r)
		}
		if l.extra {
			standing, perConn = standingCell(r), perConnCell(r)
		}
		for j, c := range []cell{
			wrk,
			rateCell(r, results.CswVoluntary),
			{switchMarks(r), dim},
			rateCell(r, results.CswInvoluntary),
			{involuntaryMark(r), dim},
			rateCell(r, results.CswRuntime),
			rateCell(r, results.WakeUps), rateCell(r, results.EAGAINs),
			statCell(r, results.TimeWaitServer, l), statCell(r, results.TimeWaitClient, l), standing,
			statCell(r, results.PSS, l), perConn,
			statCell(r, results.Threads, l), statCell(r, results.Procs, l),
		} {
			cols[j+1].cells = append(cols[j+1].cells, c)
		}
	}
	return cols
}

// rateCell is a count per request.
func rateCell(r Row, m results.Metric) cell {
	s, ok := r.Stats[m]
	if !ok {
		return cell{noValue, dim}
	}
	return cell{text: formatPerReq(s.Median)}
}

// least is the smallest count per request that formatPerReq tells from nothing.
const least = 0.005

// formatPerReq writes a count per request with two decimals: a column of them
// is compared down, and a hundredth of a switch explains no difference. What
// would be rounded to 0.00 and is not 0 says so.
func formatPerReq(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < least:
		return "<.01"
	case v < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return results.ScaleCount.Format(v)
}

// OfTree reports whether the switches of r are those of its whole process tree, as no worker
// can be named: another quantity than those of workers.
func (r Row) OfTree() bool { return r.Workers == results.WorkersTree }

// SwitchError is how far off the voluntary and involuntary switches of r may be together, a
// request; matters is false where that is less than a hundredth of them, or rounds to nothing.
func (r Row) SwitchError() (off float64, matters bool) {
	off = r.Stats[results.CswError].Median
	both := r.Stats[results.CswVoluntary].Median + r.Stats[results.CswInvoluntary].Median
	return off, off >= least && off >= both/100
}

// switchMarks are what stands behind the voluntary switches of r: that they are
// of the whole tree, and how far off they and the involuntary ones may be, where
// that matters.
func switchMarks(r Row) string {
	if _, ok := r.Stats[results.CswVoluntary]; !ok {
		return ""
	}
	marks := ""
	if r.OfTree() {
		marks = TreeMark
	}
	if off, matters := r.SwitchError(); matters {
		marks += ErrorMark + formatPerReq(off)
	}
	return marks
}

// involuntaryMark is what stands behind the involuntary switches of r; the
// voluntary ones beside have the error of both.
func involuntaryMark(r Row) string {
	if _, ok := r.Stats[results.CswInvoluntary]; ok && r.OfTree() {
		return TreeMark
	}
	return ""
}

// standingCell is the TIME_WAITs at the end, of the server's and the client's
// side: "1.2k/0".
func standingCell(r Row) cell {
	server := statCell(r, results.TimeWaitStandingServer, layout{})
	client := statCell(r, results.TimeWaitStandingClient, layout{})
	if server.text == noValue && client.text == noValue {
		return server
	}
	return cell{text: server.text + "/" + client.text}
}

// perConnCell is all of the tree's memory over the connections, its base
// included.
func perConnCell(r Row) cell {
	s, ok := r.Stats[results.PSS]
	if !ok || r.Conns < 1 {
		return cell{noValue, dim}
	}
	return cell{text: results.PSS.Format(s.Median / float64(r.Conns))}
}

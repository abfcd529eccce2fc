package dashboard

import (
	"fmt"
	"math"
	"strconv"

	"github.com/c10kit/c10kit/dashboard/chart"
	"github.com/c10kit/c10kit/dashboard/screen"
	"github.com/c10kit/c10kit/results"
)

// pane is one of the pictures beside the table.
type pane int

// The panes, in the order in which Tab visits them.
const (
	paneCurve pane = iota
	paneTime
	paneSwitches
	paneTimeWait
	paneWorkers
	paneHeat
	paneVerdicts
	paneLog
	paneCount
)

// charts are the panes of the grid; the others are text.
const charts = paneVerdicts

// text reports whether the pane is lines to scroll.
func (p pane) text() bool { return p >= charts }

// scaled reports whether the pane can be logarithmic or linear.
func (p pane) scaled() bool { return p == paneCurve || p == paneTime || p == paneTimeWait }

var tabs = [paneCount]string{
	"percentiles", "time", "switches", "TIME_WAIT", "workers", "heat map", "verdicts", "log",
}

var shortTabs = [paneCount]string{"pct", "time", "csw", "TW", "wrk", "heat", "verd", "log"}

// title is what the pane's frame says: what it shows now, and of which row.
func (d *dash) title(p pane) string {
	switch p {
	case paneCurve:
		return "percentiles of latency, " + d.scaleName(p)
	case paneTime:
		return string(d.metric) + " over time, " + d.scaleName(p)
	case paneSwitches:
		return "switches per request"
	case paneTimeWait:
		return d.timeWaitTitle()
	case paneWorkers:
		return "connections per worker" + d.ofRow()
	case paneHeat:
		return "latency heat map" + d.ofRow()
	case paneVerdicts:
		return "verdict" + d.ofRow()
	}
	return "event log"
}

func (d *dash) scaleName(p pane) string {
	if d.logs[p] {
		return "log"
	}
	return "linear"
}

func (d *dash) ofRow() string {
	if r := d.row(); r != nil {
		return " of " + d.name(r)
	}
	return ""
}

// caption is what the lower border says; empty for nothing.
func (d *dash) caption(p pane) string {
	switch p {
	case paneCurve:
		return "x = 1/(1-q); merged over rounds"
	case paneTime:
		return "s of each model's latest round"
	case paneSwitches:
		return "full: voluntary  half-tone: involuntary"
	case paneTimeWait:
		return d.timeWaitCaption()
	case paneWorkers:
		return d.imbalance()
	case paneHeat:
		return "denser: more requests"
	}
	return ""
}

func (d *dash) drawPane(a screen.Area, p pane) {
	switch p {
	case paneCurve:
		d.drawCurve(a)
	case paneTime:
		d.drawTime(a)
	case paneSwitches:
		d.drawSwitches(a)
	case paneTimeWait:
		d.drawTimeWait(a)
	case paneWorkers:
		d.drawWorkers(a)
	case paneHeat:
		d.drawHeat(a)
	case paneVerdicts:
		d.drawText(a, d.details(), p)
	case paneLog:
		d.drawText(a, d.logLines(), p)
	}
}

// newSeries is a row as charts name it.
func (d *dash) newSeries(r *row) chart.Series {
	return chart.Series{
		Marker: screen.Marker(r.series), Style: screen.Series(r.series), Focused: r == d.row(),
	}
}

func (d *dash) axis(p pane, m results.Metric) chart.Axis {
	y := chart.Axis{Format: chart.Number}
	if info, _ := m.Info(); info.Scale == results.ScaleTime {
		y.Format = chart.Nanoseconds
	} else if info.Scale == results.ScaleBytes {
		y.Format = info.Scale.Format
	}
	if d.logs[p] {
		y.Scale = chart.Log
	}
	return y
}

func (d *dash) drawCurve(a screen.Area) {
	var all []chart.Series
	for _, r := range d.drawn() {
		s := d.newSeries(r)
		for _, p := range r.curve {
			s.X, s.Y = append(s.X, p.q), append(s.Y, p.ns)
		}
		all = append(all, s)
	}
	chart.Plot{
		Series: all, X: chart.Axis{Scale: chart.Percentile, Unit: "%"}, Y: d.axis(paneCurve, results.P50),
		Mode: chart.Joined, Empty: d.nothing(d.noLatencies()),
	}.Draw(a)
}

// noLatencies says why there is no curve.
func (d *dash) noLatencies() string {
	for _, r := range d.drawn() {
		if len(r.results) > 0 && r.sum.Requests == 0 {
			return noSuccess + ": there are no latencies of answers"
		}
	}
	return "latencies come with the first round that is done"
}

// nothing is what an empty picture says: why, unless the user switched all models off.
func (d *dash) nothing(why string) string {
	if len(d.drawn()) == 0 && len(d.rows()) > 0 {
		return "no model is shown: 1 to 9 show them"
	}
	return why
}

func (d *dash) drawTime(a screen.Area) {
	empty := "no samples of " + string(d.metric) + " yet"
	if d.logs[paneTime] {
		empty = "no samples of " + string(d.metric) + " above 0 yet; l: linear"
	}
	chart.Plot{
		Series: d.overTime(func(s results.Sample) (float64, bool) { v, ok := s.Values[d.metric]; return v, ok }),
		X:      d.timeAxis(), Y: d.axis(paneTime, d.metric), Mode: chart.Traced, Empty: d.nothing(empty),
	}.Draw(a)
}

// overTime is a value of the samples of each row's latest round, of those that have it: the
// load and the probe sample each at its own pace.
func (d *dash) overTime(value func(results.Sample) (float64, bool)) []chart.Series {
	var all []chart.Series
	for _, r := range d.drawn() {
		s := d.newSeries(r)
		for _, x := range r.latest() {
			if v, ok := value(x); ok {
				s.X, s.Y = append(s.X, x.T), append(s.Y, v)
			}
		}
		all = append(all, s)
	}
	return all
}

func (d *dash) timeAxis() chart.Axis {
	x := chart.Axis{Unit: "s", To: d.longest().Seconds()}
	if d.span > 0 {
		x.From = max(x.To-d.span.Seconds(), 0)
	}
	return x
}

func (d *dash) drawSwitches(a screen.Area) {
	var bars chart.Bars
	for _, r := range d.drawn() {
		bars.Bars = append(bars.Bars, d.switchBar(r))
	}
	bars.Empty = d.nothing("no cell of this group is measured yet")
	bars.Draw(a)
}

// switchBar is voluntary and involuntary switches as two parts of a bar, and all three as
// text: those of the runtime have no bar, they are not the model's.
func (d *dash) switchBar(r *row) chart.Bar {
	v, i, rt := r.figure(results.CswVoluntary), r.figure(results.CswInvoluntary), r.figure(results.CswRuntime)
	bar := chart.Bar{Label: string(screen.Marker(r.series)) + " " + d.name(r), Style: screen.Series(r.series)}
	if !v.known && !i.known && !rt.known {
		bar.Value, bar.Text = math.NaN(), noValue
		return bar
	}
	bar.Value, bar.More = orZero(v), orZero(i)
	text := func(m results.Metric) string {
		t, _ := switchText(m, r)
		return t
	}
	bar.Text = text(results.CswVoluntary) + "+" + text(results.CswInvoluntary) + " rt " + text(results.CswRuntime)
	return bar
}

// orZero is the length of a bar's part; what is not known has none, and its text says so.
func orZero(f figure) float64 {
	if !f.known {
		return 0
	}
	return f.value
}

// drawWorkers draws a bar for each worker, in several columns where they have no room below
// each other.
func (d *dash) drawWorkers(a screen.Area) {
	r := d.row()
	if r == nil || len(r.workers()) == 0 {
		chart.Bars{Empty: "connections per worker are not told apart here"}.Draw(a)
		return
	}
	var all []chart.Bar
	most := 0.0
	for i, n := range r.workers() {
		all = append(all, chart.Bar{
			Label: "w" + strconv.Itoa(i), Style: screen.Series(r.series), Value: float64(n), Text: strconv.FormatUint(n, 10),
		})
		most = max(most, float64(n))
	}
	columns := max(min((len(all)+a.Height()-1)/max(a.Height(), 1), a.Width()/workerWidth), 1)
	per := (len(all) + columns - 1) / columns
	for i := range columns {
		from := min(i*per, len(all))
		column := a.Column(i, columns)
		if i < columns-1 {
			column = column.Sub(0, 0, column.Width()-1, column.Height()) // the next begins with a name
		}
		chart.Bars{Bars: all[from:min(from+per, len(all))], Max: most, Empty: " "}.Draw(column)
	}
}

// workerWidth is the narrowest that a column of workers is.
const workerWidth = 18

// imbalance compares the busiest worker with the idlest.
func (d *dash) imbalance() string {
	r := d.row()
	if r == nil {
		return ""
	}
	w := r.workers()
	if len(w) < 2 {
		return ""
	}
	least, most := w[0], w[0]
	for _, n := range w {
		least, most = min(least, n), max(most, n)
	}
	if least == 0 {
		return fmt.Sprintf("max %d, min 0", most)
	}
	return fmt.Sprintf("max/min %.1f:1", float64(most)/float64(least))
}

func (d *dash) drawHeat(a screen.Area) {
	h := chart.HeatMap{
		X: d.timeAxis(), Y: chart.Axis{Format: chart.Nanoseconds}, Empty: "no samples of latency yet",
		Bucket: func(i int) (from, to float64) {
			lo, hi := results.LatencyBucket(i)
			return float64(lo), float64(hi)
		},
	}
	if r := d.row(); r != nil {
		before := 0.0
		for _, x := range r.latest() {
			if x.Latencies != nil {
				h.Times, h.Counts = append(h.Times, before), append(h.Counts, x.Latencies)
				before = x.T
			}
		}
	}
	h.Draw(a)
}

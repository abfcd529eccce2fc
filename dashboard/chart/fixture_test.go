package chart

import (
	"math"

	"github.com/c10kit/c10kit/dashboard/screen"
)

// The charts of a comparison, with figures made by formulas.

var names = []string{"ppc", "tpc", "prefork", "prethread", "reactor", "hybrid"}

func series(i int, x, y []float64) Series {
	return Series{Marker: screen.Marker(i), Style: screen.Series(i), X: x, Y: y}
}

func curve() Plot {
	p := Plot{X: Axis{Scale: Percentile, Unit: "%"}, Y: Axis{Scale: Log, Format: Nanoseconds}, Mode: Joined}
	for i := range names {
		var x, y []float64
		for _, t := range percentiles {
			x = append(x, t.q)
			y = append(y, 3e6/math.Pow(float64(i+1), 1.5)*math.Pow(1.3+0.1*float64(i), percentileStep(t.q)))
		}
		p.Series = append(p.Series, series(i, x, y))
	}
	p.Series[2].Focused = true
	return p
}

func timeSeries() Plot {
	p := Plot{X: Axis{Unit: "s"}, Mode: Traced}
	for i := range names {
		var x, y []float64
		for t := range 120 {
			x = append(x, float64(t)/4)
			v := 2000*float64(i+1) + 400*math.Sin(float64(t+9*i)/7)
			if t > 50 && t < 62 {
				v = math.NaN()
			}
			y = append(y, v)
		}
		p.Series = append(p.Series, series(i, x, y))
	}
	return p
}

func timeWait() Plot {
	p := Plot{X: Axis{Unit: "s"}, Mode: Traced, Ceiling: Limit{28232, "28,232 ports"}}
	for i := range 3 {
		var x, y []float64
		for t := range 60 {
			x = append(x, float64(t))
			y = append(y, min(float64(t*t)*10*float64(i+1), 28200))
		}
		p.Series = append(p.Series, series(i, x, y))
	}
	return p
}

func switches() Bars {
	b := Bars{}
	for i, v := range []float64{3, 2.9, 2, 2, 0.4, 0.6} {
		b.Bars = append(b.Bars, Bar{Label: string(screen.Marker(i)) + " " + names[i], Style: screen.Series(i), Value: v, More: float64(5-i) / 4})
	}
	b.Bars[4].Value, b.Bars[4].More = math.NaN(), 0
	return b
}

func workers() Bars {
	b := Bars{}
	for i, v := range []float64{961, 558, 899, 403, 682, 0, 1, 744} {
		b.Bars = append(b.Bars, Bar{Label: "w" + Number(float64(i)), Style: screen.Series(5), Value: v})
	}
	return b
}

func latencies() HeatMap {
	h := HeatMap{X: Axis{Unit: "s"}, Y: Axis{Format: Nanoseconds}, Bucket: octaves}
	for t := range 160 {
		if t > 90 && t < 100 {
			continue
		}
		counts := make([]uint64, 26)
		for b := range counts {
			centre := 12 + 4*math.Sin(float64(t)/17)
			counts[b] = uint64(4000 * math.Exp(-math.Pow(float64(b)-centre, 2)/5))
		}
		if t%40 == 20 {
			counts[25] = 3
		}
		h.Times = append(h.Times, float64(t)/4)
		h.Counts = append(h.Counts, counts)
	}
	return h
}

// octaves are two buckets an octave from 1 µs on, as in a run folder.
func octaves(i int) (from, to float64) {
	if i > 0 {
		from = 1000 * math.Pow(2, float64(i-1)/2)
	}
	return from, 1000 * math.Pow(2, float64(i)/2)
}

// drawer is what all charts are.
type drawer interface{ Draw(a screen.Area) }

// panes are six charts with their titles.
func panes() []pane {
	return []pane{
		{"1 percentile curve (log-log)", curve()},
		{"2 req/s over time", timeSeries()},
		{"3 context switches per request", switches()},
		{"4 TIME_WAIT over time", timeWait()},
		{"5 connections per worker", workers()},
		{"6 latency heat map", latencies()},
	}
}

type pane struct {
	title string
	chart drawer
}

// paint draws the panes in rows of columns.
func paint(a screen.Area, panes []pane, columns int) {
	rows := (len(panes) + columns - 1) / columns
	for i, p := range panes {
		area := a.Band(i/columns, rows).Column(i%columns, columns)
		p.chart.Draw(area.Panel(screen.Panel{Title: p.title, Focused: i == 0}))
	}
}

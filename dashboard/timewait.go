package dashboard

import (
	"fmt"
	"math"

	"github.com/c10kit/c10kit/dashboard/chart"
	"github.com/c10kit/c10kit/dashboard/screen"
	"github.com/c10kit/c10kit/results"
)

// The TIME_WAIT pane shows one quantity: sockets that stood, of both sides together, as they
// share the ports of a source address. They are counted once a second and at the closing
// edge of the window, so short windows have no line; what stood at the end is bars then.

// drawTimeWait draws lines where one row has two counts, else bars.
func (d *dash) drawTimeWait(a screen.Area) {
	lines := d.overTime(standing)
	if !drawable(lines) {
		d.drawStanding(a)
		return
	}
	chart.Plot{
		Series: lines,
		X:      d.timeAxis(), Y: d.axis(paneTimeWait, results.TimeWaitStandingServer), Mode: chart.Traced,
		Ceiling: chart.Limit{Value: d.story.ports(), Label: chart.Number(d.story.ports()) + " ports"},
		Empty:   d.nothing("no sample above 0 has counted TIME_WAIT yet; l: linear"),
	}.Draw(a)
}

func drawable(lines []chart.Series) bool {
	for _, l := range lines {
		if len(l.X) > 1 {
			return true
		}
	}
	return false
}

// standing is how many TIME_WAITs stood at a sample, on both sides.
func standing(s results.Sample) (n float64, counted bool) {
	a, okA := s.Values[results.TimeWaitStandingServer]
	b, okB := s.Values[results.TimeWaitStandingClient]
	return a + b, okA || okB
}

// drawStanding draws what stood at the end of the window against the ports.
func (d *dash) drawStanding(a screen.Area) {
	bars := chart.Bars{Empty: d.nothing("TIME_WAITs are counted at the end of a window"), Max: d.story.ports()}
	any := false
	for _, r := range d.drawn() {
		server, client := r.figure(results.TimeWaitStandingServer), r.figure(results.TimeWaitStandingClient)
		b := chart.Bar{Label: string(screen.Marker(r.series)) + " " + d.name(r), Style: screen.Series(r.series)}
		if server.known || client.known {
			any = true
			b.Value, b.More = orZero(server), orZero(client)
			b.Text = fmt.Sprintf("%s %.0f%%", chart.Number(b.Value+b.More), 100*(b.Value+b.More)/d.story.ports())
			bars.Max = max(bars.Max, b.Value+b.More)
		} else {
			b.Value, b.Text = math.NaN(), noValue
		}
		bars.Bars = append(bars.Bars, b)
	}
	if !any {
		bars.Bars = nil
	}
	bars.Draw(a)
}

// timeWaitTitle names the quantity and its form.
func (d *dash) timeWaitTitle() string {
	if drawable(d.overTime(standing)) {
		return "TIME_WAIT standing over time, " + d.scaleName(paneTimeWait)
	}
	return "TIME_WAIT standing at the end"
}

func (d *dash) timeWaitCaption() string {
	text := chart.Number(d.story.ports()) + " ports a source address"
	if !drawable(d.overTime(standing)) {
		text = "server full, client half-tone; % of " + chart.Number(d.story.ports()) + " ports"
	}
	return text
}

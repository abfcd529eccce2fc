package dashboard

import (
	"fmt"
	"math"

	"github.com/c10kit/c10kit/dashboard/chart"
	"github.com/c10kit/c10kit/dashboard/screen"
	"github.com/c10kit/c10kit/results"
)

// The TIME_WAIT pane shows one quantity: sockets that stood, of both sides together, as they
// share the pairs of source address and port. They are counted once a second and at the
// closing edge of the window, so short windows have no line; what stood at the end is bars
// then.

// ceiling is how many TIME_WAITs a cell can have standing, and what sets that.
type ceiling struct {
	sockets float64
	label   string
	whole   bool // more cannot stand; not so where a cell may use more sources than are known
}

// ceiling is that of the cells of a group: the pairs of source address and port that each
// has, or the kernel's table where that is smaller.
func (s *story) ceiling(group results.Cell) ceiling {
	m, ports := s.Manifest, s.ports()
	c := ceiling{ports, chart.Number(ports) + " ports of one source", true}
	switch {
	case group.Mode != results.ModeClose: // connects from one address
	case m.Sources == 0:
		c = ceiling{ports, chart.Number(ports) + " ports a source", false}
	default:
		c = ceiling{ports * float64(m.Sources), fmt.Sprintf("%s ports x %d sources", chart.Number(ports), m.Sources), true}
	}
	if group.Mode == results.ModeClose && group.Closer == results.CloserServer && m.Pairs > 0 {
		pairs := float64(max(m.Pairs, results.PairsPerConn*group.Conns))
		if pairs < c.sockets || !c.whole {
			c = ceiling{pairs, chart.Number(pairs) + " pairs", true}
		}
	}
	var buckets float64
	if _, err := fmt.Sscan(m.Sysctls["net.ipv4.tcp_max_tw_buckets"], &buckets); err == nil && c.whole && buckets < c.sockets {
		c = ceiling{buckets, chart.Number(buckets) + " buckets", true}
	}
	return c
}

// ports is how many local ports a source address has, by the manifest's range; 28,232 by
// the kernel's default where it is not recorded (ip-sysctl: ip_local_port_range).
func (s *story) ports() float64 {
	var from, to int
	_, err := fmt.Sscan(s.Manifest.Sysctls["net.ipv4.ip_local_port_range"], &from, &to)
	if err != nil || from > to {
		from, to = 32768, 60999
	}
	return float64(to - from + 1)
}

// drawTimeWait draws lines where one row has two counts, else bars.
func (d *dash) drawTimeWait(a screen.Area) {
	lines := d.overTime(standing)
	if !drawable(lines) {
		d.drawStanding(a)
		return
	}
	most := d.story.ceiling(d.groupNow().keys)
	chart.Plot{
		Series: lines,
		X:      d.timeAxis(), Y: d.axis(paneTimeWait, results.TimeWaitStandingServer), Mode: chart.Traced,
		Ceiling: chart.Limit{Value: most.sockets, Label: most.label},
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

// drawStanding draws what stood at the end of the window, against the ceiling if that is one.
func (d *dash) drawStanding(a screen.Area) {
	most := d.story.ceiling(d.groupNow().keys)
	bars := chart.Bars{Empty: d.nothing("TIME_WAITs are counted at the end of a window"), Max: most.sockets}
	any := false
	for _, r := range d.drawn() {
		server, client := r.figure(results.TimeWaitStandingServer), r.figure(results.TimeWaitStandingClient)
		b := chart.Bar{Label: string(screen.Marker(r.series)) + " " + d.name(r), Style: screen.Series(r.series)}
		if server.known || client.known {
			any = true
			b.Value, b.More = orZero(server), orZero(client)
			n := b.Value + b.More
			b.Text = chart.Number(n)
			if most.whole && n <= most.sockets {
				b.Text += fmt.Sprintf(" %.0f%%", 100*n/most.sockets)
			}
			bars.Max = max(bars.Max, n)
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

// timeWaitCaption says what bars and lines are held against.
func (d *dash) timeWaitCaption() string {
	most := d.story.ceiling(d.groupNow().keys)
	switch {
	case drawable(d.overTime(standing)):
		return most.label
	case most.whole:
		return "server full, client half-tone; % of " + most.label
	}
	return "server full, client half-tone; " + most.label
}

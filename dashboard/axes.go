package dashboard

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/c10kit/c10kit/results"
)

// What keys do to the axes of panes: their metric, scale and length.

// aFew samples hold all that any of them has.
const aFew = 16

// metrics are those that samples of the run have, req/s first.
func (d *dash) metrics() []results.Metric {
	seen := map[results.Metric]bool{}
	for _, r := range d.story.rows {
		s := r.latest()
		for _, x := range s[max(len(s)-aFew, 0):] {
			for m := range x.Values {
				seen[m] = true
			}
		}
	}
	all := []results.Metric{results.ReqPerSec}
	for _, i := range results.Metrics() {
		if seen[i.Metric] && i.Metric != results.ReqPerSec {
			all = append(all, i.Metric)
		}
	}
	// Samples have csw/s, which results have not, and what a newer version counts.
	for _, m := range slices.Sorted(maps.Keys(seen)) {
		if !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all
}

func (d *dash) nextMetric() {
	all := d.metrics()
	i := slices.Index(all, d.metric)
	d.metric = all[(i+1)%len(all)]
	d.say("over time: " + string(d.metric))
}

func (d *dash) toggleLog() {
	if !d.focus.scaled() {
		d.say("this pane has one scale only: Tab to another")
		return
	}
	d.logs[d.focus] = !d.logs[d.focus]
	d.say("linear")
	if d.logs[d.focus] {
		d.say("logarithmic")
	}
}

// minSpan is the shortest time axis.
const minSpan = time.Second

// scale is speed in a replay and the length of the time axes in a live run.
func (d *dash) scale(up bool) {
	if d.player != nil {
		d.player.faster(up)
		d.say(fmt.Sprintf("speed %dx", d.player.speed))
		return
	}
	whole := d.longest()
	switch {
	case up && d.span == 0:
		d.span = whole / 2
	case up:
		d.span /= 2
	default:
		d.span *= 2
	}
	d.span = max(d.span, minSpan)
	if !up && d.span >= whole || whole <= minSpan {
		d.span = 0
	}
	d.say("time axis: all of the window")
	if d.span > 0 {
		d.say(fmt.Sprintf("time axis: the last %v", d.span.Round(100*time.Millisecond)))
	}
}

// longest is the time of the latest sample of the group.
func (d *dash) longest() time.Duration {
	t := 0.0
	for _, r := range d.groupNow().rows {
		if s := r.latest(); len(s) > 0 {
			t = max(t, s[len(s)-1].T)
		}
	}
	return time.Duration(t * float64(time.Second))
}

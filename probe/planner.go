package probe

import (
	"cmp"
	"slices"
	"time"
)

// planner decides at each tick which sources are read. It knows no clock.
//
// The budget of a tick is Share x Interval. Sources take from it in the order of
// their cost, each at most an equal part of what those before have left: one that
// costs less than its part is read at every tick, one that costs more at every
// cost/part'th. So the cheap are never kept waiting by the dear, and each of the
// dear gets its turn.
type planner struct {
	interval time.Duration
	share    float64
	sources  []plan
	overhead time.Duration // of a tick, beside the sources
}

// plan is what a planner knows of one source.
type plan struct {
	cost   time.Duration // expected of the next read
	weight float64       // 0 stands for 1
	every  time.Duration // at least so far apart
	last   time.Duration // when its last read was due, since the start
	reads  int
}

func (s *plan) parts() float64 { return max(s.weight, 1) }

// margin is the part of the budget that is planned with: costs are estimates.
const margin = 0.9

// learn moves an estimate towards what was seen: up at once, down by a quarter, so
// that a source whose cost swings is spaced by its dearer days.
func learn(estimate, seen time.Duration) time.Duration {
	if seen >= estimate {
		return seen
	}
	return estimate - (estimate-seen)/4
}

// due returns the indices of the sources to read at the given time since the
// start, when spent is the CPU time that all has cost so far; the cheapest first.
//
// A dear source also waits until its read fits into what may have been spent by
// now, so the first one is put off and an estimate that was too low is paid back.
// A source of unknown cost counts as cheap: it is read once to learn.
func (p *planner) due(now, spent time.Duration) []int {
	p.space()
	allowed := time.Duration(p.share * margin * float64(now+p.interval))
	var due []int
	for _, i := range p.cheapest() {
		s := &p.sources[i]
		if s.every <= p.interval {
			spent += s.cost
			due = append(due, i)
			continue
		}
		// Half an interval early is on time: ticks jitter. The first read of those with a
		// weight is due at once.
		if (s.reads == 0 && s.weight > 1 || now-s.last+p.interval/2 >= s.every) && spent+s.cost <= allowed {
			spent += s.cost
			due = append(due, i)
		}
	}
	return due
}

// space computes how far apart each source is read.
func (p *planner) space() {
	left := max(time.Duration(p.share*margin*float64(p.interval))-p.overhead, time.Microsecond)
	parts := 0.0
	for i := range p.sources {
		parts += p.sources[i].parts()
	}
	order := p.cheapest()
	slices.SortStableFunc(order, func(a, b int) int { // who is likeliest to leave something
		x, y := &p.sources[a], &p.sources[b]
		return cmp.Compare(float64(x.cost)/x.parts(), float64(y.cost)/y.parts())
	})
	for _, i := range order {
		s := &p.sources[i]
		part := max(time.Duration(float64(left)*s.parts()/parts), 1)
		parts -= s.parts()
		if s.cost <= part {
			s.every = p.interval
			left -= s.cost
			continue
		}
		s.every = time.Duration(float64(p.interval) * float64(s.cost) / float64(part))
		left -= part
	}
}

func (p *planner) cheapest() []int {
	order := make([]int, len(p.sources))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(p.sources[a].cost - p.sources[b].cost) })
	return order
}

// read books a read at the given time.
func (p *planner) read(i int, now, cost time.Duration) {
	s := &p.sources[i]
	// The next one counts from when this one was due. Counted from the tick, which may be
	// half an interval before that, a source would be read the more often for it.
	s.last = min(max(s.last+s.every, now-p.interval/2), now+p.interval/2)
	s.cost = learn(s.cost, cost)
	if s.reads == 0 {
		s.cost, s.last = cost, now
	}
	s.reads++
}

// tick books what a tick has cost beside its sources.
func (p *planner) tick(overhead time.Duration) { p.overhead = learn(p.overhead, overhead) }

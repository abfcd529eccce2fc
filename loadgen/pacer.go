package loadgen

import (
	"math"
	"sync/atomic"
)

// pacer decides when requests are sent. Each thread has one and calls it from
// that thread only. It knows nothing of connections: a connection that is free
// asks, one that is refused waits until the thread asks again for it.
//
// The closed loop grants whenever its budget lasts. A rate schedule would grant
// what is due at now, return that instant, and name the next one in again.
type pacer interface {
	// take asks at instant now for up to want sends (want >= 1). It returns
	// how many are granted and when they were due; 0 if there is no schedule
	// and their latency counts from what the connection does with the grant.
	take(now int64, want int) (n int, due int64)
	// again returns when connections that were refused should ask again, or
	// never.
	again() int64
	// turn tells the pacer the stage that the run has entered.
	turn(s stage)
	// spent reports whether no send will be granted before the next stage.
	spent() bool
}

// never is later than any instant.
const never = math.MaxInt64

// closedLoop grants at once, within a budget of requests that all threads
// share. A thread draws from the shared budget in small portions, so that the
// line of the shared counter is not written with every request.
type closedLoop struct {
	local   int64
	budget  *atomic.Int64 // nil: the window is not bounded by a count
	threads int64
	drawing bool // refill from budget
}

var _ pacer = (*closedLoop)(nil)

func (p *closedLoop) take(_ int64, want int) (n int, due int64) {
	if p.local < int64(want) {
		p.refill(int64(want))
	}
	n = int(min(int64(want), p.local))
	p.local -= int64(n)
	return n, 0
}

// refill draws a portion: at most 64, and towards the end so little that the
// threads finish together.
func (p *closedLoop) refill(want int64) {
	for p.drawing {
		left := p.budget.Load()
		n := min(left, max(want, min(64, left/(4*p.threads))))
		if n == 0 {
			p.drawing = false
			return
		}
		if p.budget.CompareAndSwap(left, left-n) {
			p.local += n
			return
		}
	}
}

func (p *closedLoop) again() int64 { return never }

func (p *closedLoop) turn(s stage) {
	switch s {
	case stageWarm:
		p.local = math.MaxInt64 / 2
	case stageQuiesce:
		p.local = 0
	case stageOpen:
		p.local, p.drawing = math.MaxInt64/2, false
		if p.budget != nil {
			p.local, p.drawing = 0, true
		}
	}
}

func (p *closedLoop) spent() bool {
	return p.local == 0 && (!p.drawing || p.budget.Load() == 0)
}

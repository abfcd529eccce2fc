package probe

import (
	"cmp"
	"slices"
	"testing"
	"time"
)

func TestThreadTimes(t *testing.T) {
	const ms = time.Millisecond
	first := delays{1: {pid: 1, ran: 900 * ms, delay: 5 * ms}, 2: {pid: 1, ran: 10 * ms}, 4: {pid: 4, ran: 400 * ms}, 7: {pid: 1, ran: ms}}
	last := delays{
		1: {pid: 1, ran: 950 * ms, delay: 5 * ms},  // 50 ms
		2: {pid: 1, ran: 80 * ms, delay: 20 * ms},  // 70 ms
		3: {pid: 1, ran: 60 * ms},                  // a new one
		4: {pid: 9, ran: 65 * ms, delay: 300 * ms}, // a new one of another process
		5: {pid: 1, ran: 9000 * ms, delay: ms},     // one that was overlooked
	}
	got := last.since(first, 500*ms)
	slices.SortFunc(got, func(a, b ThreadTime) int { return cmp.Compare(a.Ran, b.Ran) })
	if want := []ThreadTime{{50 * ms, 0}, {60 * ms, 0}, {65 * ms, 300 * ms}, {70 * ms, 20 * ms}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	e1, e2 := &Reading{At: time.Unix(1, 0), delays: first}, &Reading{At: time.Unix(1, 0).Add(490 * ms), Took: 10 * ms, delays: last}
	e1.cpuErr, e1.switchesErr = ErrGone, ErrGone // of which this is no test
	if w := e2.Sub(e1); w.Busiest != (ThreadTime{70 * ms, 20 * ms}) || w.Delay != 320*ms {
		t.Errorf("the busiest %+v, all waited %v", w.Busiest, w.Delay)
	}
}

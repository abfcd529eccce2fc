package probe

import "time"

// ThreadTime is what one thread did with a window: it ran, or was runnable and had no
// processor; the rest of the time it waited for something to do.
type ThreadTime struct {
	Ran, Delay time.Duration
}

// busiest returns the thread that has run most since first, of those that are there now. A
// thread that has run less than its namesake is a new one.
func (d delays) busiest(first delays) (most ThreadTime) {
	for tid, now := range d {
		if old := first[tid]; old.pid == now.pid && old.ran <= now.ran && old.delay <= now.delay {
			now.ran, now.delay = now.ran-old.ran, now.delay-old.delay
		}
		if now.ran > most.Ran {
			most = ThreadTime{now.ran, now.delay}
		}
	}
	return most
}

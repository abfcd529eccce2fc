package probe

import "time"

// ThreadTime is what one thread did with a window: it ran, or was runnable and had no
// processor; the rest of the time it waited for something to do.
type ThreadTime struct {
	Ran, Delay time.Duration
}

// since returns what each thread that is there now has done since first, a reading that
// began longest ago. What a thread did that has ended by now is not in it. One that has run
// or waited less than its namesake is a new one; a new one that did more than there was time
// for was overlooked at first, and is left out.
func (d delays) since(first delays, longest time.Duration) []ThreadTime {
	var threads []ThreadTime
	for tid, now := range d {
		t := ThreadTime{now.ran, now.delay}
		switch old := first[tid]; {
		case old.pid == now.pid && old.ran <= now.ran && old.delay <= now.delay:
			t.Ran, t.Delay = now.ran-old.ran, now.delay-old.delay
		case t.Ran+t.Delay > longest:
			continue
		}
		threads = append(threads, t)
	}
	return threads
}

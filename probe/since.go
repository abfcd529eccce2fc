package probe

import "fmt"

// difference is Switches with its signs.
type difference struct {
	voluntary, involuntary, rest int64
	gone                         [2]int64 // voluntary and involuntary ones that were taken off rest
	missed                       int      // threads that the first reading should have seen
}

// since is what happened between two readings. The error is that of difference.counted.
func (x *switching) since(first *switching) (Switches, error) {
	w := Switches{Tree: x.tree, Uncertain: x.uncertain + first.uncertain + x.ended.Uncertain - first.ended.Uncertain}
	if blind := x.blind + first.blind; blind > 0 {
		w.Uncertain += blind * max(x.most(), first.most(), 1)
	}
	before := map[int]task{}
	for _, t := range first.rest {
		before[t.tid] = t
	}
	others := x.others(before, first.began) // leaves in before who is not there any more
	w.Lost = others.missed
	d := difference{rest: others.voluntary + others.involuntary}
	if x.tree {
		d = others
	} else {
		w.RestVoluntary, w.RestInvoluntary = uint64(others.voluntary), uint64(others.involuntary)
		v, i := x.totals(before)
		v1, i1 := first.totals(nil)
		d.voluntary, d.involuntary = v-v1, i-i1
		d.rest += int64(x.ended.Rest - first.ended.Rest)
	}
	for _, t := range before {
		switch {
		case first.booked[t.pid] && !x.processes[t.pid]:
			d.rest -= int64(t.switches()) // all of it is in Ended.Rest by now
			d.gone[0] += int64(t.voluntary)
			d.gone[1] += int64(t.involuntary)
		case x.booked[t.pid]:
			// A thread of a process whose threads are workers became one and has ended: a
			// runtime ends none of its own. What it had done before is in Ended as well.
			d.voluntary -= int64(t.voluntary)
			d.involuntary -= int64(t.involuntary)
		default:
			w.Lost++
		}
	}
	ended := x.ended.Workers - first.ended.Workers
	if x.threads && x.self == nil {
		w.Unasked = ended
	}
	if x.self != nil && first.self != nil {
		d.voluntary = int64(x.self.voluntary-first.self.voluntary) - others.voluntary + int64(ended)
		d.involuntary = int64(x.self.involuntary-first.self.involuntary) - others.involuntary
	}
	threads := len(x.workers) + len(x.rest) + len(first.workers) + len(first.rest)
	booked := int64(x.ended.Uncertain - first.ended.Uncertain)
	return w, d.counted(&w, booked, int64(4*ended)+int64(threads))
}

// others sums what threads did that are no workers, and takes those that are still there
// out of before. Of one that is older than the first reading, which should have seen it, it
// takes nothing: how much of its life was the window's, nobody knows.
func (x *switching) others(before map[int]task, began uint64) (d difference) {
	for _, t := range x.rest {
		old, ok := before[t.tid]
		switch {
		case ok && old.start == t.start && old.voluntary <= t.voluntary && old.involuntary <= t.involuntary:
			delete(before, t.tid)
			t.voluntary -= old.voluntary
			t.involuntary -= old.involuntary
		case older(t.start, began):
			d.missed++
			continue
		}
		d.voluntary += int64(t.voluntary)
		d.involuntary += int64(t.involuntary)
	}
	return d
}

// older reports whether what began at start was there before a reading that began at
// reading: by more than a tick, which both are cut down to. 0 is not known.
func older(start, reading uint64) bool { return start > 0 && start+1 < reading }

// counted stores the difference in w. No count goes back, so what is below 0 was booked
// somewhere else, and where decides what is done about it:
//
//   - The rest owes to the workers what a killed process of several threads had done with
//     its other threads before the window, if they could not be told apart: all was booked
//     with the workers (Ended.Uncertain, of which this is what the window added). As much
//     is moved back, which leaves with the workers only what these threads did in the
//     window: nearer to the truth by all that can be known. The sum stays what it was, and
//     so does Uncertain.
//   - noise is what may be off by the order of reading: a thread's last switches (up to
//     four for each worker that ended), and one for each thread. That becomes 0.
//   - More is an error, for the three belong together: what is missing in one of them is
//     in another, or the readings are not of the same server. A clamp to 0 would publish
//     the other one, which is as wrong and does not look it.
func (d difference) counted(w *Switches, booked, noise int64) error {
	noise += int64(w.Uncertain)
	if owed := min(-d.rest, booked, d.voluntary+d.involuntary); owed > 0 {
		d.rest += owed
		voluntary := owed * d.gone[0] / max(d.gone[0]+d.gone[1], 1)
		voluntary = max(min(voluntary, d.voluntary), owed-d.involuntary)
		d.voluntary -= voluntary
		d.involuntary -= owed - voluntary
	}
	for _, n := range []struct {
		is   int64
		what string
	}{
		{d.voluntary, "voluntary ones of the workers"},
		{d.involuntary, "involuntary ones of the workers"},
		{d.rest, "ones of the other threads"},
	} {
		if n.is < -noise {
			return fmt.Errorf("context switches: the %s went back by %d in the window, and by %d may be explained: "+
				"a process of the server was booked in the wrong place, or its scoreboard is another's", n.what, -n.is, noise)
		}
	}
	w.Voluntary, w.Involuntary, w.Rest = uint64(max(d.voluntary, 0)), uint64(max(d.involuntary, 0)), uint64(max(d.rest, 0))
	return nil
}

// most is what one worker may have that came to be while it was read: what those that
// ended had on average or, if none has, what the busiest has.
func (x *switching) most() uint64 {
	if n := x.ended.Workers; n > 0 {
		return (x.ended.Voluntary+x.ended.Involuntary)/n + 1
	}
	var most uint64
	for i := range x.workers {
		most = max(most, x.workers[i].switches())
	}
	return most
}

// totals sums the workers, the ended and the live. One that was among the rest at
// the first edge, not having introduced itself, is taken out of before; what it had
// done by then does not belong to the window.
func (x *switching) totals(before map[int]task) (voluntary, involuntary int64) {
	voluntary, involuntary = int64(x.ended.Voluntary), int64(x.ended.Involuntary)
	for _, t := range x.workers {
		voluntary += int64(t.voluntary)
		involuntary += int64(t.involuntary)
		if old, ok := before[t.tid]; ok && old.voluntary <= t.voluntary && old.involuntary <= t.involuntary {
			delete(before, t.tid)
			voluntary -= int64(old.voluntary)
			involuntary -= int64(old.involuntary)
		}
	}
	return voluntary, involuntary
}

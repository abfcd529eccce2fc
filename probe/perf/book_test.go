package perf

import (
	"cmp"
	"maps"
	"slices"
	"testing"

	diff "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// world is a machine that makes happenings and knows the truth about them. It has so few ids that they are used again
// and again, though not before the second look at /proc: freed ids become free with recycle.
type world struct {
	clock  int64
	free   []int32
	freed  []int32
	alive  []*citizen
	all    []*citizen
	events []happening
}

type citizen struct {
	Thread
	born    int64
	inside  bool
	creator int32 // pid of its process's parent for /proc; 1 after the parent's end
}

const initPid, rootPid = 1, 2

func newWorld() *world {
	w := &world{}
	for id := int32(5); id < 21; id++ {
		w.free = append(w.free, id)
	}
	w.settle(initPid, initPid, 0, false)
	w.settle(rootPid, rootPid, initPid, true)
	w.settle(3, rootPid, initPid, true) // a thread of the root
	w.settle(4, rootPid, initPid, true)
	return w
}

func (w *world) settle(tid, pid, parent int32, inside bool) *citizen {
	c := &citizen{Thread: Thread{Tid: int(tid), Tgid: int(pid), Parent: int(parent)}, born: w.clock, inside: inside, creator: parent}
	w.alive, w.all = append(w.alive, c), append(w.all, c)
	return c
}

func (w *world) happen(h happening) {
	w.clock++
	h.time = w.clock
	w.events = append(w.events, h)
}

func (w *world) step(t *rapid.T) {
	c := rapid.SampledFrom(w.alive).Draw(t, "who")
	switch rapid.SampledFrom([]string{"switch", "switch", "preempt", "thread", "fork", "end", "end"}).Draw(t, "what") {
	case "switch":
		c.Voluntary++
		w.happen(happening{kind: switched, tid: int32(c.Tid), pid: int32(c.Tgid), state: 1})
	case "preempt":
		c.Involuntary++
		w.happen(happening{kind: switched, tid: int32(c.Tid), pid: int32(c.Tgid), state: preempted})
	case "thread":
		if id, ok := w.id(); ok {
			w.birth(c, id, int32(c.Tgid), c.creator)
		}
	case "fork":
		if id, ok := w.id(); ok {
			w.birth(c, id, id, int32(c.Tgid))
		}
	case "end":
		w.end(c, rapid.IntRange(0, 2).Draw(t, "preempted while it ends"))
	}
}

func (w *world) id() (id int32, ok bool) {
	if len(w.free) == 0 {
		return 0, false
	}
	id, w.free = w.free[0], w.free[1:]
	return id, true
}

func (w *world) birth(by *citizen, tid, pid, parent int32) {
	w.happen(happening{kind: forked, tid: tid, pid: pid, parent: int32(by.Tgid)})
	c := w.settle(tid, pid, parent, by.inside)
	c.Started = true
	if tid != pid { // the books tell who created the process, not who reaps it
		c.Parent = by.Parent
	}
}

// end of a thread; the main thread goes last, init and the root's main thread stay.
func (w *world) end(c *citizen, preemptions int) {
	last := !slices.ContainsFunc(w.alive, func(o *citizen) bool { return o.Tgid == c.Tgid && o != c })
	if c.Tid == initPid || c.Tid == rootPid || (c.Tid == c.Tgid && !last) {
		return
	}
	w.happen(happening{kind: exited, tid: int32(c.Tid), pid: int32(c.Tgid), parent: c.creator})
	c.Exited = true
	for range preemptions {
		c.Involuntary++
		c.Ending++
		w.happen(happening{kind: switched, tid: int32(c.Tid), pid: int32(c.Tgid), state: preempted})
	}
	c.Voluntary++
	c.Ending++
	w.happen(happening{kind: switched, tid: int32(c.Tid), state: 0x10}) // reaped already: its process is not known
	w.alive = slices.DeleteFunc(w.alive, func(o *citizen) bool { return o == c })
	if c.Tid == c.Tgid {
		for _, orphan := range w.alive {
			if orphan.creator == int32(c.Tid) {
				orphan.creator = initPid
			}
		}
	}
	w.freed = append(w.freed, int32(c.Tid))
}

func (w *world) recycle() { w.free, w.freed = append(w.free, w.freed...), nil }

// proc is what /proc shows now.
func (w *world) proc() *snapshot {
	s := &snapshot{parents: map[int32]int32{}, comms: map[int32][commLen]byte{}, inTree: map[int32]bool{rootPid: true}, threads: map[int32]int32{}}
	for _, c := range w.alive {
		s.parents[int32(c.Tgid)] = c.creator
	}
	for pid := range s.parents {
		s.mark(pid)
	}
	for _, c := range w.alive {
		if s.inTree[int32(c.Tgid)] {
			s.threads[int32(c.Tid)] = int32(c.Tgid)
		}
	}
	return s
}

func (w *world) truth() (inside []Thread, outside Switches) {
	slices.SortStableFunc(w.all, func(a, b *citizen) int { return cmp.Or(cmp.Compare(a.Tid, b.Tid), cmp.Compare(a.born, b.born)) })
	for _, c := range w.all {
		if c.inside {
			inside = append(inside, c.Thread)
		} else {
			outside = outside.Plus(c.Switches)
		}
	}
	return inside, outside
}

// TestBook: whatever happens, in whichever ring it is found, the account is the truth: each switch booked once, with the
// right one of all who had the id, inside or outside of the tree by descent.
func TestBook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		trace := &Trace{book: newBook()}
		before := w.proc()
		trace.book.seed(before, w.clock)
		for range rapid.IntRange(0, 100).Draw(t, "steps before the second look") {
			w.step(t)
		}
		after := w.proc()
		trace.book.seed(after, w.clock)
		trace.book.forget(before, after)
		for range rapid.IntRange(0, 100).Draw(t, "steps after it") {
			w.recycle()
			w.step(t)
		}
		deliver(t, trace, w.events)

		inside, outside := w.truth()
		got := trace.book.close(false)
		if d := diff.Diff(inside, got.Threads); d != "" {
			t.Fatalf("%s\nof %+v", d, w.events)
		}
		if got.Other != outside || got.Unplaced.Total() != 0 {
			t.Fatalf("other %+v, want %+v; unplaced %+v", got.Other, outside, got.Unplaced)
		}
	})
}

// deliver gives the events to the trace through three rings, each in the order of time, drained one after the other at
// random instants.
func deliver(t *rapid.T, trace *Trace, events []happening) {
	rings := make([][]happening, 3)
	for i, h := range events {
		r := rapid.IntRange(0, len(rings)-1).Draw(t, "ring")
		rings[r] = append(rings[r], h)
		if rapid.IntRange(0, 9).Draw(t, "drain") > 0 {
			continue
		}
		for r := range rings {
			trace.decoder.pending = append(trace.decoder.pending, rings[r]...)
			rings[r] = rings[r][:0]
		}
		trace.enter(events[i].time - rapid.Int64Range(0, 5).Draw(t, "not due yet"))
	}
	for _, ring := range rings {
		trace.decoder.pending = append(trace.decoder.pending, ring...)
	}
	trace.enter(1<<63 - 1)
}

// TestBookUnplaced: a process that is in neither look at /proc, and whose birth was before the window, is placed by who
// reaps it, or not at all; never silently outside.
func TestBookUnplaced(t *testing.T) {
	for name, c := range map[string]struct {
		exit *happening
		want Counts
	}{
		"reaped by the root": {&happening{kind: exited, tid: 9, pid: 9, parent: rootPid}, Counts{Threads: []Thread{
			{Tid: rootPid, Tgid: rootPid, Parent: initPid},
			{Tid: 3, Tgid: rootPid, Parent: initPid},
			{Tid: 4, Tgid: rootPid, Parent: initPid},
			{Tid: 9, Tgid: 9, Parent: rootPid, Switches: Switches{Voluntary: 1}, Exited: true},
		}}},
		"reaped by another": {&happening{kind: exited, tid: 9, pid: 9, parent: initPid}, Counts{Other: Switches{Voluntary: 1}}},
		"never seen to end": {nil, Counts{Unplaced: Switches{Voluntary: 1}}},
	} {
		b := newBook()
		b.seed(newWorld().proc(), 0)
		b.add(&happening{kind: switched, tid: 9, pid: 9, state: 1, time: 1})
		if c.exit != nil {
			b.add(c.exit)
		}
		got := b.close(false)
		if c.want.Threads == nil {
			c.want.Threads = got.Threads[:3]
		}
		if d := diff.Diff(&c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// TestBookOrphan: descent counts, not who reaps: a process whose parent, of the tree, has already ended when /proc is
// looked at belongs to the tree.
func TestBookOrphan(t *testing.T) {
	w := newWorld()
	before := w.proc()
	b := newBook()
	b.seed(before, w.clock)
	w.birth(w.alive[1], 8, 8, rootPid)
	parent := w.alive[len(w.alive)-1]
	w.birth(parent, 9, 9, 8)
	w.end(parent, 1)
	after := w.proc()
	if after.inTree[9] {
		t.Fatal("/proc still shows the orphan's descent: the case is not made")
	}
	b.seed(after, w.clock)
	b.forget(before, after)
	for i := range w.events {
		b.add(&w.events[i])
	}
	inside, outside := w.truth()
	got := b.close(false)
	if d := diff.Diff(inside, got.Threads); d != "" || got.Other != outside {
		t.Errorf("other %+v, %s", got.Other, d)
	}
}

// TestBookVanished: a thread that was gone before the window is not listed, one that ended in it is.
func TestBookVanished(t *testing.T) {
	before := newWorld().proc()
	after := &snapshot{parents: before.parents, comms: before.comms, inTree: before.inTree, threads: maps.Clone(before.threads)}
	delete(after.threads, 3)
	delete(after.threads, 4)
	b := newBook()
	b.seed(before, 0)
	b.seed(after, 2)
	b.forget(before, after)
	b.add(&happening{kind: switched, tid: 4, state: 0x10, time: 1})
	got := b.close(false)
	want := []Thread{
		{Tid: rootPid, Tgid: rootPid, Parent: initPid},
		{Tid: 4, Tgid: rootPid, Parent: initPid, Switches: Switches{Voluntary: 1}, Ending: 1, Exited: true},
	}
	if d := diff.Diff(want, got.Threads); d != "" {
		t.Error(d)
	}
}

// TestMark: a circle of parents, as a reused id can make it, ends the search.
func TestMark(t *testing.T) {
	s := &snapshot{parents: map[int32]int32{5: 6, 6: 5, 7: 2, 8: 7}, inTree: map[int32]bool{2: true}}
	for pid := range s.parents {
		s.mark(pid)
	}
	if want := map[int32]bool{2: true, 7: true, 8: true}; !maps.Equal(s.inTree, want) {
		t.Errorf("in the tree: %v", s.inTree)
	}
}

package probe

import (
	"fmt"
	"time"
)

// Guesses of what reading costs: the sampler knows better after the first time.
const (
	taskCost    = 10 * time.Microsecond
	walkCost    = 4 * time.Microsecond // of a thread, for its children
	processCost = 20 * time.Microsecond
)

// few is how many threads of many are read in one go during a measurement, and atOnce how
// many may be there to be all read in one: about a millisecond, so that no request of the
// server waits for longer than that, and not much more than the budget of a tick, so that a
// cell of a second has more than one reading.
const (
	few    = 32
	atOnce = 128
)

// switchesWeight is that of the switches: they are what a series is looked at for, and a
// cell may last a second. Of 1,000 threads, read a few at a time, one round takes a half of
// the budget of ten seconds, and with an equal part of it would take twenty.
const switchesWeight = 2

// walkEvery is at how many readings of the tree children are looked for where there are
// more than few threads, each of which has a file of them to read: between, only what is
// known of the processes is read again, which leaves the budget to the switches.
const walkEvery = 4

// Sources returns the sources of a live series of the server, for a Sampler:
//
//	procs threads                          of the tree
//	csw-vol csw-invol csw-runtime          switches since the start of the series, as in
//	                                       Switches; with Tree there is no csw-runtime
//
// Up to 128 threads are all read in one go, the first time at once, then as the budget
// allows: 11 of them at every tick, 64 (10 to 20 µs each) every 250 to 750 ms, and as many
// processes, whose tree is dearer, about once a second. More are read a few at a
// time and published when all have been read, which takes seconds with 1,000 threads:
// within the budget there is no faster way. A server that has ended has no figures.
//
// The sources share the Server with nothing else: make one of its own for them, if
// Read is called from another goroutine.
func (s *Server) Sources() []Source {
	l := &live{Server: s}
	l.tree, l.treeErr = l.Tree() // whichever source is read first, there is one
	procs, threads := len(l.tree), l.tree.Threads()
	round := threads
	if threads > atOnce {
		round = few
	}
	return []Source{
		{Name: "tree", Cost: time.Duration(procs)*processCost + time.Duration(min(threads, manyThreads))*walkCost, Read: l.readTree},
		{Name: "switches", Cost: time.Duration(round) * taskCost, Weight: switchesWeight, Read: l.readSwitches},
	}
}

// live is a series under way.
type live struct {
	*Server
	tree    Tree
	treeErr error // why there is none
	reads   int   // of the tree

	survey *survey // nil between two rounds
	last   *switching
	sum    Switches
}

func (l *live) readTree(into Values) error {
	if l.reads++; l.reads%walkEvery == 1 || l.tree.Threads() <= few || !l.refresh() {
		l.tree, l.treeErr = l.Tree()
	}
	if l.treeErr != nil {
		return l.treeErr
	}
	into["procs"], into["threads"] = float64(len(l.tree)), float64(l.tree.Threads())
	return nil
}

// refresh reads the processes of the tree again; not ok is that one has ended.
func (l *live) refresh() (ok bool) {
	for i := range l.tree {
		if err := l.r.refresh(&l.tree[i]); err != nil || l.tree[i].Zombie() {
			return false
		}
	}
	return true
}

// readSwitches reads some more threads, or all; after the last one it settles.
func (l *live) readSwitches(into Values) error {
	if l.tree == nil {
		l.survey = nil
		return l.treeErr
	}
	most := few
	if l.survey == nil {
		var err error
		if l.survey, err = l.r.survey(l.workers, l.tree); err != nil {
			l.survey = nil
			return err
		}
		l.survey.brief = true
		if most = atOnce; len(l.survey.tasks) > atOnce {
			return nil
		}
	}
	done, err := l.survey.read(most)
	if err != nil {
		l.survey = nil
	}
	if err != nil || !done {
		return err
	}
	now, err := l.survey.settle()
	l.survey = nil
	if err != nil {
		return err
	}
	if len(now.workers)+len(now.rest) == 0 { // it died meanwhile: its last figures stand
		return fmt.Errorf("process %d: %w", l.root.PID, ErrGone)
	}
	last := l.last
	if l.last = now; last != nil {
		if err := l.add(last, now); err != nil {
			return err
		}
	}
	l.publish(into)
	return nil
}

func (l *live) add(last, now *switching) error {
	w, err := now.since(last)
	if err != nil {
		return err
	}
	l.sum.Voluntary += w.Voluntary
	l.sum.Involuntary += w.Involuntary
	l.sum.Rest += w.Rest
	return nil
}

func (l *live) publish(into Values) {
	into["csw-vol"], into["csw-invol"] = float64(l.sum.Voluntary), float64(l.sum.Involuntary)
	if !l.last.tree {
		into["csw-runtime"] = float64(l.sum.Rest)
	}
}

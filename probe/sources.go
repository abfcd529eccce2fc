package probe

import (
	"errors"
	"time"
)

// Guesses of what reading costs, on a slow machine: the sampler knows better after
// the first time.
const (
	taskCost    = 25 * time.Microsecond
	processCost = 40 * time.Microsecond
)

// few is how many threads are read in one go during a measurement: about a
// millisecond, so that no request of the server waits for longer than that.
const few = 32

// Sources returns the sources of a live series of the server, for a Sampler:
//
//	procs threads                          of the tree
//	user-ns sys-ns                         CPU since the start of the series
//	csw-vol csw-invol csw-runtime          switches likewise, as in Switches; with
//	                                       Tree there is no csw-runtime
//	csw-uncertain csw-lost                 what may be wrong with them
//
// Switches are read a few threads at a time and published when all have been read,
// which takes seconds with 1,000 threads: within the budget there is no faster way.
// The sources share the Server with nothing else: make one of its own for them, if
// Read is called from another goroutine.
func (s *Server) Sources() []Source {
	l := &live{Server: s, treeErr: errors.New("the tree has not been read yet")}
	return []Source{
		{Name: "tree", Cost: processCost, Read: l.readTree},
		{Name: "cpu", Cost: processCost, Read: l.readCPU},
		{Name: "switches", Cost: few * taskCost, Read: l.readSwitches},
	}
}

// live is a series under way.
type live struct {
	*Server
	tree    Tree
	treeErr error // why there is none

	cpu      CPU
	cpuBegan bool

	survey *survey // nil between two rounds
	last   *switching
	sum    Switches
}

func (l *live) readTree(into Values) error {
	t, err := l.Tree()
	if l.tree, l.treeErr = t, err; err != nil {
		return err
	}
	into["procs"], into["threads"] = float64(len(t)), float64(t.Threads())
	return nil
}

func (l *live) readCPU(into Values) error {
	if l.tree == nil {
		return l.treeErr
	}
	now, err := l.proc.cpu(l.r, l.tree, l.workers)
	if err != nil {
		return err
	}
	if !l.cpuBegan {
		l.cpu, l.cpuBegan = now.CPU, true
	}
	d := now.sub(l.cpu)
	into["user-ns"], into["sys-ns"] = float64(d.User), float64(d.System)
	return nil
}

// readSwitches reads some more threads; after the last one it settles.
func (l *live) readSwitches(into Values) error {
	if l.survey == nil {
		if l.tree == nil {
			return l.treeErr
		}
		var err error
		l.survey, err = l.r.survey(l.workers, l.tree)
		if err != nil {
			l.survey = nil
			return err
		}
		l.survey.brief = true
		return nil
	}
	done, err := l.survey.read(few)
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
	if l.last != nil {
		l.add(now.since(l.last))
	}
	l.last = now
	l.publish(into)
	return nil
}

func (l *live) add(w Switches) {
	l.sum.Voluntary += w.Voluntary
	l.sum.Involuntary += w.Involuntary
	l.sum.Rest += w.Rest
	l.sum.Lost += w.Lost
	l.sum.Uncertain = w.Uncertain // of the edges in between, each cancels out
}

func (l *live) publish(into Values) {
	into["csw-vol"], into["csw-invol"] = float64(l.sum.Voluntary), float64(l.sum.Involuntary)
	if !l.last.tree {
		into["csw-runtime"] = float64(l.sum.Rest)
	}
	into["csw-uncertain"], into["csw-lost"] = float64(l.sum.Uncertain), float64(l.sum.Lost)
}

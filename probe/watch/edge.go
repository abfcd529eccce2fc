package watch

import (
	"cmp"
	"fmt"
	"os"

	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/probe"
	"github.com/c10kit/c10kit/probe/inetdiag"
	"github.com/c10kit/c10kit/probe/netstat"
)

// edge is all that is read at one edge of the window.
type edge struct {
	tree    *probe.Reading
	treeErr error // then all of the tree, its board and its events is missing

	counts board.Counts // around the reading of the tree: the mean of before and after
	slots  []slot

	perf crossed

	listeners    []inetdiag.Listener
	listenersErr error
	net          netstat.Values
	netErr       error
	unused       unused // of the server's processors
	loadUnused   unused // of the load's
	idleErr      error
}

// slot is the state of a worker's connections.
type slot struct {
	generation uint32
	begun      bool
	taken      uint64 // connections that it had taken on
	closed     uint64 // of them
}

func readSlot(s *board.Slot) slot {
	n := s.Read()
	return slot{s.Generation(), s.State() != board.Starting, n.Connections, n.Closed}
}

// since is how many connections the worker had since before, those that were open then
// included; not ok is that nobody sits there who has begun.
func (s slot) since(before slot) (n uint64, ok bool) {
	if s.generation&1 == 0 || !s.begun {
		return 0, false
	}
	if before.generation == s.generation {
		return s.taken - min(s.taken, before.closed), true
	}
	return s.taken, true
}

// scores reads the board before the tree.
func (w *Watch) scores(e *edge) {
	if w.o.Board == nil {
		return
	}
	e.counts = w.o.Board.Total()
	slots := w.o.Board.Slots()
	e.slots = make([]slot, len(slots))
	for i := range slots {
		e.slots[i] = readSlot(&slots[i])
	}
}

// settle reads it again after the tree: reading a thousand threads takes long enough
// for requests to be answered meanwhile, which half of its switches belong to.
func (w *Watch) settle(e *edge) {
	if w.o.Board == nil {
		return
	}
	after := w.o.Board.Total()
	for _, f := range []struct{ before, after *uint64 }{
		{&e.counts.Requests, &after.Requests},
		{&e.counts.Connections, &after.Connections},
		{&e.counts.WakeUps, &after.WakeUps},
		{&e.counts.TimedWakeUps, &after.TimedWakeUps},
		{&e.counts.EAGAINs, &after.EAGAINs},
	} {
		// Signed: Total may go back when a worker ends while it is read.
		*f.before += uint64(int64(*f.after-*f.before) / 2)
	}
}

// process reads the tree, between two readings of its board.
func (w *Watch) process(e *edge, which string) error {
	if w.tree == nil {
		e.treeErr = w.o.NoPid
		return e.treeErr
	}
	w.scores(e)
	var err error
	if e.tree, err = w.tree.Read(); err != nil {
		e.treeErr = fmt.Errorf("the %s edge: %w", which, err)
		return e.treeErr
	}
	e.perf = w.cross.read()
	w.settle(e)
	return nil
}

// network reads what sockets and the namespace tell, which outlives the process.
func (w *Watch) network(e *edge) {
	e.listenersErr, e.netErr = w.diagErr, w.statErr
	if w.diag != nil {
		e.listeners, e.listenersErr = w.diag.Listeners(w.o.Addr)
	}
	if w.stat != nil {
		e.net, e.netErr = w.stat.Read()
	}
	var text []byte
	if text, e.idleErr = os.ReadFile("/proc/stat"); e.idleErr != nil {
		return
	}
	var loadErr error
	e.unused, e.idleErr = parseUnused(text, w.o.CPUs)
	e.loadUnused, loadErr = parseUnused(text, w.o.LoadCPUs)
	e.idleErr = cmp.Or(e.idleErr, loadErr)
}

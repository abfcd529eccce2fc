package watch

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/probe"
	"github.com/c10kit/c10kit/probe/inetdiag"
	"github.com/c10kit/c10kit/probe/netstat"
)

// Counted is what a window cost. Each group of figures has an error, and is not
// counted if that is set.
type Counted struct {
	probe.Window // of the tree, with errors of its own
	// TreeErr is why there is nothing of the tree at all: no process to look into, or one
	// that could not be read at an edge.
	TreeErr error

	// From and To are when the tree was read, the middle of each reading: a thread is read
	// somewhere in it.
	From, To time.Time

	// Board is what the scoreboard counted between the two readings of the tree.
	// HasBoard is false for a server without one, or that does not count on it.
	Board    board.Counts
	HasBoard bool
	// PerWorker is how many connections each worker had in the window, those that it had
	// before included, without those that have not begun, as a forker that only forks. It is
	// nil where no worker can be named, and where one ended in the window: of those that are
	// left it would be no division of the connections.
	PerWorker []uint64

	// Perf is the context switches of the whole tree by perf events, and PerfVoluntary those
	// of them that were voluntary, which only root may count. Disagrees says so if they are
	// not those of Switches. PerfUnsure is how many threads began while the counter was made:
	// each may be missing in Perf, which is then compared with nothing.
	Perf             uint64
	PerfErr          error
	PerfVoluntary    uint64
	PerfVoluntaryErr error
	PerfUnsure       int
	Disagrees        string

	// Idle is how long the processors of Options.CPUs were idle, all together, to 10 ms
	// each; Stolen, how long the hypervisor had taken them away while something wanted to
	// run there; LoadStolen, the same of Options.LoadCPUs.
	Idle, Stolen, LoadStolen time.Duration
	IdleErr                  error

	Memory    probe.Memory // at the second edge
	MemoryErr error

	Standing    inetdiag.TimeWaits // at the second edge
	StandingErr error

	// Overflows is how many connections a full accept queue dropped: by the counter of
	// the namespace, but no more than the server's own listeners dropped for any
	// reason. Queue is how long the queue may be.
	Overflows    uint64
	Queue        uint64
	OverflowsErr error

	// NotMade is how many TIME_WAITs the namespace had no room for, everybody's, from edge to
	// edge, which is somewhat longer than the load's window.
	NotMade    uint64
	NotMadeErr error

	// Of the whole namespace, everybody's.
	Segments    uint64 // sent for the first time
	Retransmits uint64
	NetErr      error
}

// Errors of everything in a window that lacks an edge.
var (
	errNotOpened = errors.New("the window was never opened")
	errNotClosed = errors.New("the window was never closed: the server has ended, or the load was cut short")
)

// errElsewhere is the error of what sockets tell where the server has none.
var errElsewhere = errors.New("no socket listens at this address here: if the server is in another network namespace, run c10kit in that (nsenter --net --target PID)")

// errClosed is the error of what a listening socket counts that is closed by now.
var errClosed = errors.New("the server closed its listening socket in the window: what that had counted is gone")

// Divisor is by how many requests the figures of the window are to be divided. A
// scoreboard has counted them between the two readings. Without one it is the load's
// answers, of any status. Those that it got between a reading and the window's edge are
// put in at the rate of the window where it was under way, and where it was at rest
// there were none, however long the reading took.
func (c Counted) Divisor(load *loadgen.Result) float64 {
	switch {
	case c.HasBoard:
		return float64(c.Board.Requests)
	case load.Elapsed <= 0:
		return 0
	}
	n := float64(load.Answered())
	rate := n / float64(load.Elapsed)
	if !load.Rest[0] {
		n += rate * float64(load.Opened.Sub(c.From))
	}
	if !load.Rest[1] {
		n += rate * float64(c.To.Sub(load.Closed))
	}
	return n
}

// Counted returns the difference of the two edges.
func (w *Watch) Counted() Counted {
	switch {
	case w.first == nil:
		return Missing(errNotOpened)
	case w.last == nil:
		return Missing(errNotClosed)
	}
	// Of two errors one: both edges fail alike, as where perf events are refused.
	c := Missing(cmp.Or(w.first.treeErr, w.last.treeErr))
	if c.TreeErr == nil {
		w.processed(&c)
	}
	c.Idle, c.IdleErr = w.last.unused.idle-w.first.unused.idle, cmp.Or(w.first.idleErr, w.last.idleErr)
	c.Stolen, c.LoadStolen = w.last.unused.stolen-w.first.unused.stolen, w.last.loadUnused.stolen-w.first.loadUnused.stolen
	c.Standing, c.StandingErr = w.standing, w.standErr
	w.networked(&c)
	return c
}

// processed is what is counted of the tree.
func (w *Watch) processed(c *Counted) {
	first, last := w.first, w.last
	c.Window = last.tree.Sub(first.tree)
	c.From, c.To = first.tree.At.Add(first.tree.Took/2), last.tree.At.Add(last.tree.Took/2)
	c.Memory, c.MemoryErr = w.memory, w.memoryErr
	c.Perf, c.PerfErr = last.perf.all-min(first.perf.all, last.perf.all), cmp.Or(first.perf.err, last.perf.err)
	c.PerfVoluntary = last.perf.voluntary - min(first.perf.voluntary, last.perf.voluntary)
	c.PerfVoluntaryErr = cmp.Or(first.perf.voluntaryErr, last.perf.voluntaryErr)
	c.PerfUnsure = last.perf.unsure
	w.scored(c)
	if c.PerfErr == nil && c.SwitchesErr == nil && c.PerfUnsure == 0 {
		c.Disagrees = c.disagree(c.Board.Ended)
	}
}

// Missing is what is counted where nothing could be, for the reason err.
func Missing(err error) (c Counted) {
	c.TreeErr, c.SwitchesErr, c.CPUErr, c.DelayErr = err, err, err, err
	c.PerfErr, c.PerfVoluntaryErr = err, err
	c.IdleErr, c.MemoryErr, c.StandingErr, c.OverflowsErr, c.NetErr, c.NotMadeErr = err, err, err, err, err, err
	return c
}

func (w *Watch) scored(c *Counted) {
	if c.HasBoard = w.o.counts(); !c.HasBoard {
		return
	}
	c.Board = w.last.counts.Since(w.first.counts)
	if w.o.workers() == nil || w.o.Alone || c.Board.Ended > 0 {
		return
	}
	for i, now := range w.last.slots {
		var before slot
		if i < len(w.first.slots) {
			before = w.first.slots[i]
		}
		if n, ok := now.since(before); ok {
			c.PerWorker = append(c.PerWorker, n)
		}
	}
}

func (w *Watch) networked(c *Counted) {
	c.NetErr = cmp.Or(w.first.netErr, w.last.netErr)
	c.OverflowsErr = cmp.Or(w.first.listenersErr, w.last.listenersErr, c.NetErr)
	c.NotMadeErr = c.NetErr
	if c.NetErr != nil {
		return
	}
	net := w.last.net.Sub(w.first.net)
	get := func(counter netstat.Counter, err *error) uint64 {
		n, ok := net.Get(counter)
		if !ok && *err == nil {
			*err = fmt.Errorf("%v was not counted by this kernel, or not in both readings", counter)
		}
		return uint64(n)
	}
	c.NotMade = get(netstat.TCPTimeWaitOverflow, &c.NotMadeErr)
	switch before, after := len(w.first.listeners), len(w.last.listeners); {
	case c.OverflowsErr != nil || after > 0:
	case before == 0:
		c.OverflowsErr, c.StandingErr = errElsewhere, errElsewhere
	default:
		c.OverflowsErr = errClosed
	}
	c.Segments, c.Retransmits = get(netstat.OutSegs, &c.NetErr), get(netstat.RetransSegs, &c.NetErr)
	overflows := get(netstat.ListenOverflows, &c.OverflowsErr)
	if c.OverflowsErr != nil {
		return
	}
	dropped, queue := drops(w.first.listeners, w.last.listeners)
	c.Overflows, c.Queue = min(overflows, dropped), queue
}

// drops is how many connections the listeners dropped between two readings, and how
// long their queues may be, the shortest. It is more than any number where that is not
// known, as of a listener that is closed by now: the namespace's counter then stands alone.
func drops(before, after []inetdiag.Listener) (dropped, queue uint64) {
	was := map[uint32]uint32{}
	for _, l := range before {
		was[l.Inode] = l.Drops
	}
	known := true
	for i, l := range after {
		dropped += uint64(l.Drops - min(was[l.Inode], l.Drops))
		delete(was, l.Inode)
		known = known && l.DropsKnown
		if n := uint64(l.Backlog); i == 0 || n < queue {
			queue = n
		}
	}
	if !known || len(was) > 0 {
		dropped = math.MaxUint64
	}
	return dropped, queue
}

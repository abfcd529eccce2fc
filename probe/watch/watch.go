package watch

import (
	"errors"
	"net/netip"

	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/probe"
	"github.com/c10kit/c10kit/probe/inetdiag"
	"github.com/c10kit/c10kit/probe/netstat"
)

// Watch is one server that is watched through one window. Its methods are for one
// goroutine at a time, but Series, which has a goroutine of its own.
type Watch struct {
	o     Options
	tree  *probe.Server
	diag  *inetdiag.Conn
	stat  *netstat.Reader
	cross *cross
	first *edge
	last  *edge

	// What could not be opened: the reason stands in for its figures.
	diagErr, statErr error

	memory    probe.Memory
	memoryErr error
	standing  inetdiag.TimeWaits
	standErr  error
}

// Options says what is watched.
type Options struct {
	Pid      int            // root of the process tree; 0: none is watched, for the reason NoPid
	Addr     netip.AddrPort // that it listens at
	CPUs     []int          // that it may run on
	LoadCPUs []int          // that the load may run on
	// NoPid stands in for the figures of the tree if Pid is 0: those of sockets and of the
	// namespace want no more than the address.
	NoPid error
	// Board is the server's scoreboard, nil if it has none. It stays the caller's, who
	// closes it after the Watch.
	Board *board.Board
	// Self is probe.Server.Self, nil if nobody can be asked or workers are processes.
	Self func() (voluntary, involuntary uint64, err error)
	// Perf asks for perf events as well, which take root or CAP_PERFMON and add some work
	// to each of the server's switches; as root the voluntary ones are counted apart.
	Perf bool
	// Alone says that a worker lives for one connection: connections per worker say
	// nothing then, and are not told.
	Alone bool
}

// counts reports whether the server counts on its board: also where no worker can be named,
// unless nobody has ever taken a slot, as in a peer, which has a board and does not know it.
func (o Options) counts() bool {
	return o.Board != nil && (!o.Board.Tree() || len(o.Board.Slots()) > 0)
}

// workers are those that can be named.
func (o Options) workers() probe.Workers {
	if o.Board == nil || o.Board.Tree() {
		return nil
	}
	return probe.OnBoard(o.Board)
}

// New opens what the window is read with, in the network namespace of the calling
// thread. An error wraps probe.ErrGone: there is no such process. Whatever else cannot
// be opened is told by Counted, in the place of its figures.
func New(o Options) (*Watch, error) {
	w := &Watch{o: o}
	if o.Pid != 0 {
		tree, err := probe.NewServer(probe.Proc{}, o.Pid, o.workers())
		if err != nil {
			return nil, err
		}
		if o.workers() != nil {
			tree.Self = o.Self
		}
		w.tree = tree
	}
	w.diag, w.diagErr = inetdiag.Open()
	w.stat, w.statErr = netstat.Open("/proc")
	return w, nil
}

// Process returns the root of the tree, the zero Process if none is watched.
func (w *Watch) Process() probe.Process {
	if w.tree == nil {
		return probe.Process{}
	}
	return w.tree.Process()
}

// Open reads the first edge. An error is one of reading the tree at all: what sockets
// and the namespace tell is counted without it.
func (w *Watch) Open() error {
	// Here and not in New: a thread that was not there yet when the counter was made, and
	// whose maker was not either, would be missing.
	if w.tree != nil {
		w.cross = newCross(w.o)
	}
	w.first = &edge{}
	w.network(w.first)
	return w.process(w.first, "first")
}

// Close reads the second edge, then memory and standing TIME_WAITs: before the load
// closes its connections, but after the window. Its error is as that of Open.
func (w *Watch) Close() error {
	w.last = &edge{}
	err := w.process(w.last, "second")
	w.network(w.last)
	if w.tree != nil {
		w.memory, w.memoryErr = w.tree.Memory()
	}
	if w.diag != nil {
		w.standing, w.standErr = w.diag.TimeWaits(w.o.Addr)
	} else {
		w.standErr = w.diagErr
	}
	return err
}

// Release closes what New opened.
func (w *Watch) Release() error {
	errs := []error{w.cross.close()}
	if w.diag != nil {
		errs = append(errs, w.diag.Close())
	}
	if w.stat != nil {
		errs = append(errs, w.stat.Close())
	}
	return errors.Join(errs...)
}

package probe

import (
	"fmt"
	"time"
)

// Server is a process tree that is read from outside. It is not safe for several
// goroutines at a time.
type Server struct {
	// Self, if not nil, asks the root for its own context switches, by getrusage(2) with
	// RUSAGE_SELF. Only for a server whose workers are threads of its root. A thread that
	// ends accounts for itself before it is quite gone; on its way out through Go's
	// runtime it blocks a quarter of a time more, on average, which only the sum over the
	// process has: the workers' are then that sum without the other threads'.
	Self func() (voluntary, involuntary uint64, err error)

	proc    Proc
	root    Process
	workers Workers
	r       *reader
}

// NewServer returns the tree whose root is pid. workers tells its workers, nil if
// none can be named: a server without a scoreboard, or one whose requests are not
// served by threads that are on it (tpc:goroutine, peers). The error wraps ErrGone
// when there is no such process.
func NewServer(proc Proc, pid int, workers Workers) (*Server, error) {
	r := proc.reader()
	root, err := r.stat(pid)
	if gone(err) {
		return nil, fmt.Errorf("process %d: %w", pid, ErrGone)
	}
	if err != nil {
		return nil, explain(err)
	}
	return &Server{proc: proc, root: root, workers: workers, r: r}, nil
}

// Process returns the root of the tree as it was when the Server was made.
func (s *Server) Process() Process { return s.root }

// Tree returns the tree as it is. The error wraps ErrGone when the server has
// ended, even if its PID is another's by now.
func (s *Server) Tree() (Tree, error) {
	t, err := s.proc.Tree(s.root.PID)
	if err == nil && (t[0].Start != s.root.Start || t[0].Zombie()) {
		return nil, fmt.Errorf("process %d: %w", s.root.PID, ErrGone)
	}
	return t, err
}

// Memory reads the memory of the tree: outside the measured window only, as
// Proc.Memory says.
func (s *Server) Memory() (Memory, error) {
	t, err := s.Tree()
	if err != nil {
		return Memory{}, err
	}
	return s.proc.Memory(t)
}

// Reading is the state of a tree at an edge of a measured window. Two of them make
// a Window.
type Reading struct {
	At   time.Time     // when it began
	Took time.Duration // until it was complete: the edge is as wide as that

	Procs   int
	Threads int

	began       uint64 // At in ticks after boot, as Process.Start; 0 if not known
	cpu         cpuReading
	cpuErr      error
	switches    *switching
	switchesErr error
	delays      delays
	clocks      clocks
	delayErr    error
}

// Read reads the tree at an edge. It takes some 10 µs a thread, and twice that for
// threads that are no workers. What could not be read is an error of the Window; an
// error of Read itself wraps ErrGone, or says that /proc cannot be read at all.
func (s *Server) Read() (*Reading, error) {
	e := &Reading{At: time.Now(), began: s.proc.ticks()}
	tree, err := s.Tree()
	if err != nil {
		return nil, err
	}
	e.Procs, e.Threads = len(tree), tree.Threads()
	e.cpu, e.cpuErr = s.proc.cpu(s.r, tree, s.workers)
	if e.switches, e.switchesErr = s.r.switches(s.workers, tree); e.switchesErr == nil {
		e.switches.began = e.began
	}
	if e.switchesErr == nil && s.Self != nil {
		e.switches.self = &ownSwitches{}
		e.switches.self.voluntary, e.switches.self.involuntary, e.switchesErr = s.Self()
	}
	e.delays, e.clocks, e.delayErr = s.schedules(tree)
	e.Took = time.Since(e.At)
	return e, nil
}

func (r *reader) switches(w Workers, tree Tree) (*switching, error) {
	s, err := r.survey(w, tree)
	if err != nil {
		return nil, err
	}
	if _, err := s.read(len(s.tasks)); err != nil {
		return nil, err
	}
	return s.settle()
}

// Window is what a tree did between two edges. Where an error is set, the fields
// that it belongs to are not counted: print the error, not their zeros.
type Window struct {
	Elapsed time.Duration

	Switches    Switches
	SwitchesErr error

	// CPU is that of the tree; with children that end it is known to two ticks of
	// 10 ms a parent, unless a board tells it to the microsecond.
	CPU    CPU
	CPUErr error

	// Delay is how long threads of the tree were runnable and had no processor, all
	// together. Threads that had ended at the second edge are missing.
	Delay time.Duration
	// Busiest is the thread of the tree that ran most: where it never waited for anything
	// but a processor, more processors do not help.
	Busiest  ThreadTime
	DelayErr error // of both

	Procs   int // at the second edge
	Threads int
}

// Sub returns the window from first to e, readings of the same Server.
func (e *Reading) Sub(first *Reading) Window {
	w := Window{
		Elapsed: e.At.Sub(first.At), Procs: e.Procs, Threads: e.Threads,
		SwitchesErr: either(first.switchesErr, e.switchesErr),
		CPUErr:      either(first.cpuErr, e.cpuErr),
		DelayErr:    either(first.delayErr, e.delayErr),
	}
	if w.SwitchesErr == nil {
		w.Switches, w.SwitchesErr = e.switches.since(first.switches)
	}
	if w.CPUErr == nil {
		w.CPU = e.cpu.since(first.cpu, first.began)
		if w.Switches.Tree {
			e.unseen(first, &w)
		}
	}
	if w.DelayErr == nil {
		for _, t := range e.delays.since(first.delays, e.At.Add(e.Took).Sub(first.At)) {
			w.Delay += t.Delay
			if t.Ran > w.Busiest.Ran {
				w.Busiest = t
			}
		}
	}
	return w
}

func either(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

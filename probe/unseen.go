package probe

import (
	"errors"
	"time"

	"github.com/c10kit/c10kit/internal/sys"
)

// clocks are the CPU clocks of the processes of a tree, each read before and after the
// threads of its process.
//
// A process's clock has what all its threads ever used, those that have ended included;
// the threads that are there tell what they used themselves. What is over is of threads
// that have ended. The clock and the threads are not read in one moment, so the clock is
// read on both sides, and the difference of two edges is taken to be
//
//	clock before the threads, second edge  -  clock after them, first edge
//	                 -  what each thread that is there at the second edge used since
//
// which is never more than what threads used in the window that ended in it: in a process
// whose threads stay it is never above 0, however long the reading takes. The kernel
// brings both up to date in the same variable, sum_exec_runtime, so this holds for a
// thread that runs meanwhile as well. Rejected: comparing with the clock of the CPU
// figures, which is read some 10 µs a thread earlier and needs a threshold for that.
type clocks map[int]clock

type clock struct {
	start         uint64 // of the process
	before, after time.Duration
}

// schedules reads the delays of a tree, and its clocks; without clocks where the tree is
// a recorded one. A kernel that keeps no schedule shows zeros: that is an error.
func (s *Server) schedules(tree Tree) (delays, clocks, error) {
	d, c := delays{}, clocks{}
	ran := false
	for i, p := range tree {
		before, err := s.processCPU(p.PID)
		if err := s.r.delays(tree[i:i+1], d); err != nil {
			return nil, nil, err
		}
		after, err2 := s.processCPU(p.PID)
		if err == nil && err2 == nil {
			c[p.PID] = clock{p.Start, before, after}
		}
	}
	for _, t := range d {
		ran = ran || t.ran > 0
	}
	switch {
	case !s.proc.live():
		return d, nil, nil
	case !ran && len(d) > 0:
		return nil, nil, errors.New("scheduler delay: schedstat shows zeros only: " +
			"the kernel wants CONFIG_SCHEDSTATS, or to be started with delayacct")
	}
	return d, c, nil
}

// processCPU is the clock of a process; of a recorded one there is none.
func (s *Server) processCPU(pid int) (time.Duration, error) {
	if !s.proc.live() {
		return 0, nil
	}
	return sys.ProcessCPU(pid)
}

// grown is how much longer the threads have run that are there now.
func (d delays) grown(first delays) map[int]time.Duration {
	byProcess := map[int]time.Duration{}
	for tid, now := range d {
		if old := first[tid]; old.pid == now.pid && old.ran <= now.ran {
			now.ran -= old.ran
		}
		byProcess[now.pid] += now.ran
	}
	return byProcess
}

// came is a lower bound of the CPU time that threads used between two readings which
// ended between them, of processes that are there at the second.
func (e *Reading) came(first *Reading) time.Duration {
	grown := e.delays.grown(first.delays)
	sum := time.Duration(0)
	for pid, c := range e.clocks {
		old := first.clocks[pid]
		if old.start != c.start {
			old = clock{}
		}
		sum += max(0, c.before-old.after-grown[pid])
	}
	return sum
}

// unseenShare is what part of the CPU time of a window must be of threads that are gone
// to be told. It is no allowance for noise, since came has none: threads that used less
// than a thousandth made about as small a part of the switches.
const unseenShare = 0.001

// unseen tells the switches of a tree without a board what is missing in them, when the
// CPU time of the window is known.
func (e *Reading) unseen(first *Reading, w *Window) {
	children := e.cpu.childFaults > first.cpu.childFaults
	w.Switches.Unseen = children
	if len(first.clocks) == 0 || len(e.clocks) == 0 || w.CPU.Total() <= 0 {
		return
	}
	used := e.came(first)
	if children { // with theirs, which has ticks
		rest := w.CPU.Total()
		for _, grown := range e.delays.grown(first.delays) {
			rest -= grown
		}
		used = max(used, rest)
	}
	share := min(float64(used)/float64(w.CPU.Total()), 1)
	if share >= unseenShare {
		w.Switches.Unseen, w.Switches.UnseenCPU = true, share
	}
}

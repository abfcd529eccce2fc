package probe

import (
	"fmt"
	"time"
)

// Switches are context switches in a window, by what made them: the voluntary
// ones waited for something, the involuntary ones were preempted.
type Switches struct {
	// Voluntary and Involuntary are those of the workers, or with Tree of every
	// thread of the tree.
	Voluntary   uint64
	Involuntary uint64
	// Rest is what the other threads of the tree did, the runtime's own; always 0
	// with Tree.
	Rest uint64
	// RestVoluntary and RestInvoluntary are the part of Rest that is known to be one or the
	// other: all but what other threads of worker processes did that have ended.
	RestVoluntary, RestInvoluntary uint64
	// Tree says that no worker can be named: a server without a scoreboard. The row
	// then carries workers=tree.
	Tree bool
	// Uncertain is by how much Voluntary + Involuntary may be wrong, both edges
	// together: the switches of workers that were just ending at an edge and did not
	// come to an end while it was read, and never more than (workers alive at an edge) x
	// (switches of one); and all of a process of several threads that was killed, if its
	// worker's could not be told from the others'. Nearly always 0.
	Uncertain uint64
	// Lost is how many threads that were there at the first edge had ended at the
	// second and left no account, so that their last switches are missing; and how many the
	// first edge had overlooked, whose switches in the window cannot be told from earlier ones.
	Lost int
	// Unasked is how many workers ended in the window as threads of a process that nobody
	// asked (Server.Self): of each, what it did on its way out is missing.
	Unasked uint64
	// Unseen says, with Tree, that threads or child processes ended in the window and left
	// no account, some of them perhaps without having been there at either edge: for all of
	// these the switches are missing. Notes says it to a user.
	Unseen bool
	// UnseenCPU is how much of the CPU time of the window they used, from 0 to 1: at least
	// that, by threads; by processes to some ticks of 10 ms. It is 0 if that is less than a
	// thousandth or was not counted. No more can be known of them: their switches may be a
	// larger part of all.
	UnseenCPU float64
}

// Notes says in sentences what is missing in the switches; nil if nothing is.
func (s Switches) Notes() (notes []string) {
	switch {
	case s.UnseenCPU > 0:
		notes = append(notes, fmt.Sprintf("threads that used %.2g%% of the server's CPU time or more came and went in the window: "+
			"their context switches are missing", 100*s.UnseenCPU))
	case s.Unseen:
		notes = append(notes, "processes of the server ended in the window: their context switches are missing where no edge saw them")
	}
	if s.Lost > 0 {
		notes = append(notes, fmt.Sprintf("%d threads of the server ended in the window, or were overlooked at its beginning: of their context switches some are missing", s.Lost))
	}
	if s.Unasked > 0 {
		notes = append(notes, fmt.Sprintf("%d workers ended in the window as threads: what a thread does on its way out is missing, about a quarter of a voluntary switch of each", s.Unasked))
	}
	return notes
}

// switching is what one reading knows of switches.
type switching struct {
	workers   []task // live ones, by the board
	rest      []task // all other threads of the tree; without a board, all
	ended     Ended
	uncertain uint64 // switches of live workers that may be in ended too
	blind     uint64 // workers that could not be read and are not yet in ended
	tree      bool
	began     uint64       // ticks after boot, before the tree was listed; 0 if not known
	threads   bool         // workers are threads that share a process
	booked    map[int]bool // processes that have or had a seat
	processes map[int]bool // that were there
	self      *ownSwitches // nil: not told
}

// ownSwitches are what a process says of itself: getrusage(2) with RUSAGE_SELF, its
// ended threads included but for the switch that ended each.
type ownSwitches struct{ voluntary, involuntary uint64 }

// tries and firstPause bound how long a reading waits for workers that are just
// ending: in all about 10 ms, in which an exiting process becomes a zombie.
const (
	tries      = 10
	firstPause = 20 * time.Microsecond
)

// survey is a reading of switches under way: the threads are listed, and read a
// few at a time, then it is settled. Doubts of any step are settled at the end, so
// the steps may lie far apart (Sampler).
type survey struct {
	workers Workers // nil: none can be named
	r       *reader
	tasks   []task
	next    int // tasks before it have been read
	pause   time.Duration
	brief   bool         // do not read when threads began: half the price
	seated  map[int]bool // threads that have or had a seat
	booked  map[int]bool // their processes
	shared  bool         // several of them are of one process
}

func (r *reader) survey(w Workers, tree Tree) (*survey, error) {
	s := &survey{workers: w, r: r, pause: firstPause, seated: map[int]bool{}, booked: map[int]bool{}}
	if w != nil {
		s.seats(nil)
	}
	var err error
	s.tasks, err = r.tasks(tree)
	return s, err
}

// read reads at most n threads and reports whether these were the last.
func (s *survey) read(n int) (done bool, err error) {
	for ; n > 0 && s.next < len(s.tasks); n, s.next = n-1, s.next+1 {
		t := &s.tasks[s.next]
		if err := s.r.fill(t); err != nil {
			return false, err
		}
		if t.known && !s.brief && !s.seated[t.tid] {
			if err := s.r.identify(t); err != nil {
				return false, err
			}
		}
	}
	return s.next == len(s.tasks), nil
}

// seat is a live seat in the course of a survey.
type seat struct {
	Seat
	at    int
	task  *task // nil: not read
	doubt bool
}

// seats appends the live seats to live, and books the threads of all of them: one
// whose seat is free again is a worker that has ended, no other thread.
func (s *survey) seats(live []seat) []seat {
	for i := range s.workers.Len() {
		it := s.workers.Seat(i)
		if it.TID != 0 {
			s.shared = s.shared || s.booked[it.PID] && !s.seated[it.TID]
			s.seated[it.TID], s.booked[it.PID] = true, true
		}
		if it.Live() {
			live = append(live, seat{Seat: it, at: i})
		}
	}
	return live
}

// settle counts each worker exactly once, whether it ends meanwhile or not.
//
// The threads have been read before; what is left is to know of each worker
// whether its switches are in the totals of the ended:
//
//	A  read every seat           generation, ending
//	   read the threads of live seats that are not read yet
//	T  read the totals
//	B  read the live seats of A again
//
// A worker whose seat is free, or has a new generation, at A has ended: its
// switches were in the totals before the generation grew, so T has them, and
// what was read of its thread is dropped. One that at B has the generation of A
// and is not ending has not begun to add: T has nothing of it, and what was read
// of its thread counts. So does that of a zombie that is still one after T, since
// nothing is added before wait4(2). All others are in doubt: A, T and B are done
// again, without reading threads again. This repeats itself seldom, since it takes
// microseconds from A to B, however long the threads took.
//
// A worker that comes to be after A counts nothing now, or a part if it also
// ends before T, and all of it at the next edge. At each edge every worker counts
// with a number between what it had when the reading began and what it has when it
// ends, and no number goes back: so over windows that follow one another each
// switch is counted in exactly one.
func (s *survey) settle() (*switching, error) {
	if s.workers == nil {
		return s.all(), nil
	}
	known := map[int]*task{}
	for i := range s.tasks {
		if s.tasks[i].known {
			known[s.tasks[i].tid] = &s.tasks[i]
		}
	}
	var live []seat
	for try, pause := 1, s.pause; ; try, pause = try+1, 2*pause {
		live = s.seats(live[:0])
		if err := s.late(live, known); err != nil {
			return nil, err
		}
		ended := s.workers.Ended()
		doubts, err := s.confirm(live)
		if err != nil {
			return nil, err
		}
		if doubts == 0 || try == tries {
			return s.result(live, ended), nil
		}
		if try > 1 {
			time.Sleep(pause)
		}
	}
}

// late gives each live seat its thread, and reads those that the tree had not.
func (s *survey) late(live []seat, known map[int]*task) error {
	for i := range live {
		it := &live[i]
		if it.TID == 0 {
			continue
		}
		if it.task = known[it.TID]; it.task != nil {
			continue
		}
		t := &task{pid: it.PID, tid: it.TID}
		if err := s.r.fill(t); err != nil {
			return err
		}
		if t.known {
			known[it.TID], it.task = t, t
		}
	}
	return nil
}

// confirm is step B. It marks the seats in doubt and returns their number.
func (s *survey) confirm(live []seat) (doubts int, err error) {
	for i := range live {
		it := &live[i]
		now := s.workers.Seat(it.at)
		it.doubt = now.Generation != it.Generation || it.task == nil && now.TID != 0
		if !it.doubt && now.Ending && it.task != nil {
			if err := s.r.fill(it.task); err != nil {
				return 0, err
			}
			it.doubt = !it.task.known || !it.task.zombie
			it.task.known = true // what had been read before stands
		}
		if it.doubt {
			doubts++
		}
	}
	return doubts, nil
}

// all is settle where no worker can be named.
func (s *survey) all() *switching {
	x := &switching{tree: true, processes: map[int]bool{}}
	for _, t := range s.tasks {
		if t.known {
			x.rest = append(x.rest, t)
			x.processes[t.pid] = true
		}
	}
	return x
}

// result divides the threads. A seat that is still in doubt counts, as far as it
// could be read, and is uncertain; one that could not be read counts nothing.
func (s *survey) result(live []seat, ended Ended) *switching {
	x := &switching{ended: ended, booked: s.booked, threads: s.shared, processes: map[int]bool{}}
	for _, it := range live {
		if it.task == nil {
			if it.doubt {
				x.blind++
			}
			continue
		}
		if it.doubt {
			x.uncertain += it.task.switches()
		}
		x.workers = append(x.workers, *it.task)
		x.processes[it.PID] = true
	}
	for _, t := range s.tasks {
		if !t.known {
			continue
		}
		x.processes[t.pid] = true
		if !s.seated[t.tid] {
			x.rest = append(x.rest, t)
		}
	}
	return x
}

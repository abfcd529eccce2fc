package probe

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/board"
)

// seats is a board on which nothing happens.
type seats struct {
	list  []Seat
	ended Ended
}

func (s *seats) Len() int        { return len(s.list) }
func (s *seats) Seat(i int) Seat { return s.list[i] }
func (s *seats) Ended() Ended    { return s.ended }

func newServer(t *testing.T, p Proc, pid int, w Workers) *Server {
	t.Helper()
	s, err := NewServer(p, pid, w)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func edge(t *testing.T, s *Server) *Reading {
	t.Helper()
	e, err := s.Read()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func switchesOf(t *testing.T, w Window) Switches {
	t.Helper()
	if w.SwitchesErr != nil {
		t.Fatal(w.SwitchesErr)
	}
	return w.Switches
}

// TestSwitchesRecorded: two workers and the rest of a tree, to the digit.
func TestSwitchesRecorded(t *testing.T) {
	p := recorded(t, "children")
	w := &seats{list: []Seat{{Generation: 1, PID: 102, TID: 102}, {Generation: 3, PID: 103, TID: 103, Ending: true}, {Generation: 2, PID: 100, TID: 105}}}
	x, err := p.reader().switches(w, mustTree(t, p, 100))
	if err != nil {
		t.Fatal(err)
	}
	if v, i := x.totals(nil); v != 40+80 || i != 4+5 || x.uncertain != 0 {
		t.Errorf("workers: %d voluntary, %d involuntary, %d uncertain; want 120, 9, 0", v, i, x.uncertain)
	}
	rest := uint64(0)
	for _, k := range x.rest {
		rest += k.switches()
	}
	if want := uint64(12 + 23 + 2); rest != want { // without thread 105, a worker that has ended
		t.Errorf("the rest: %d, want %d", rest, want)
	}
	if x.threads {
		t.Error("workers of three processes are taken for threads of one")
	}
	w.list = append(w.list, Seat{Generation: 1, PID: 102, TID: 104})
	if x, err = p.reader().switches(w, mustTree(t, p, 100)); err != nil || !x.threads {
		t.Errorf("two workers of one process are not told for threads: %v", err)
	}
	all, err := p.reader().switches(nil, mustTree(t, p, 100))
	if err != nil || !all.tree || len(all.rest) != 6 {
		t.Errorf("without a board: %+v, %v", all, err)
	}
}

func mustTree(t *testing.T, p Proc, pid int) Tree {
	t.Helper()
	tree, err := p.Tree(pid)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// TestSince: threads that end between the edges are lost, or in the totals of the
// board, and never taken for a negative number.
func TestSince(t *testing.T) {
	at := func(pid, tid int, start, v uint64) task {
		return task{pid: pid, tid: tid, start: start, voluntary: v, involuntary: v / 10, known: true}
	}
	there := map[int]bool{1: true}
	for name, tc := range map[string]struct {
		first, second switching
		want          Switches
	}{
		"tree: one lost, one new, one with a number used again": {
			switching{tree: true, rest: []task{at(1, 1, 5, 100), at(1, 2, 5, 1000), at(1, 3, 5, 50)}, processes: there},
			switching{tree: true, rest: []task{at(1, 1, 5, 130), at(1, 3, 9, 70), at(1, 4, 9, 10)}, processes: there},
			Switches{Tree: true, Voluntary: 30 + 70 + 10, Involuntary: 3 + 7 + 1, Lost: 2},
		},
		"board: a worker that ended is in the totals": {
			switching{workers: []task{at(1, 2, 0, 100)}, ended: Ended{Voluntary: 1000, Involuntary: 5}, processes: there},
			switching{ended: Ended{Voluntary: 1120, Involuntary: 16}, processes: there},
			Switches{Voluntary: 20, Involuntary: 1},
		},
		"board: a worker that had not introduced itself": {
			switching{rest: []task{at(1, 2, 5, 10)}, processes: there},
			switching{workers: []task{at(1, 2, 5, 110)}, processes: there},
			Switches{Voluntary: 100, Involuntary: 10},
		},
		"board: the other threads of a worker process that was waited for": {
			switching{rest: []task{at(7, 8, 5, 100)}, booked: map[int]bool{7: true}, processes: map[int]bool{7: true}},
			switching{ended: Ended{Rest: 150}, processes: there},
			Switches{Rest: 40},
		},
		"board: one of the rest ended": {
			switching{rest: []task{at(1, 1, 5, 100), at(1, 9, 5, 500)}, processes: there},
			switching{rest: []task{at(1, 1, 5, 110)}, processes: there},
			Switches{Rest: 11, RestVoluntary: 10, RestInvoluntary: 1, Lost: 1},
		},
		"board: a killed process whose threads nobody could tell apart any more": {
			switching{rest: []task{at(7, 8, 5, 1000)}, workers: []task{at(7, 7, 5, 100)}, booked: map[int]bool{7: true}, processes: map[int]bool{7: true}},
			switching{ended: Ended{Voluntary: 100 + 1000 + 30, Involuntary: 10 + 100 + 3, Workers: 1, Uncertain: 1243}, processes: there},
			Switches{Voluntary: 30, Involuntary: 3, Uncertain: 1243},
		},
		// A tick is cut off of both: thread 4 may have begun after the reading, 2 and 3 not.
		"tree: two that the first reading overlooked": {
			switching{tree: true, began: 11, rest: []task{at(1, 1, 5, 100), at(1, 3, 5, 50)}, processes: there},
			switching{tree: true, rest: []task{at(1, 1, 5, 130), at(1, 2, 9, 1000), at(1, 3, 9, 70), at(1, 4, 10, 10)}, processes: there},
			Switches{Tree: true, Voluntary: 30 + 10, Involuntary: 3 + 1, Lost: 3},
		},
		"board: workers that ended as threads, whom nobody asked": {
			switching{ended: Ended{Voluntary: 10, Workers: 4}, processes: there},
			switching{ended: Ended{Voluntary: 30, Workers: 9}, threads: true, processes: there},
			Switches{Voluntary: 20, Unasked: 5},
		},
		"board: the same, and their process was asked": {
			switching{ended: Ended{Voluntary: 10, Workers: 4}, processes: there, self: &ownSwitches{voluntary: 12}},
			switching{ended: Ended{Voluntary: 30, Workers: 9}, threads: true, processes: there, self: &ownSwitches{voluntary: 29}},
			Switches{Voluntary: 17 + 5},
		},
	} {
		if got, err := tc.second.since(&tc.first); err != nil || got != tc.want {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, tc.want)
		}
	}
}

// TestSwitchesOracle: a thread that sleeps N times has the switches that getrusage(2)
// tells itself, as a worker and as part of a tree without workers. It may be preempted
// between what it says and the edge: on a busy machine that is tried again.
func TestSwitchesOracle(t *testing.T) {
	p := start(t, nil, "sleeper")
	before := p.tell("0")
	tid := before[0]
	w := &seats{list: []Seat{{Generation: 1, PID: p.pid(), TID: tid}}}
	tries := 0
	for _, workers := range []Workers{w, w, w, w, w, nil} {
		if workers != nil && tries < 0 {
			continue // it was right
		}
		s := newServer(t, Proc{}, p.pid(), workers)
		quiet(t, p.pid(), tid)
		first := edge(t, s)
		after := p.tell("300")
		quiet(t, p.pid(), tid)
		last := edge(t, s)
		got := switchesOf(t, last.Sub(first))
		v, i := uint64(after[1]-before[1]), uint64(after[2]-before[2])
		// 300 sleeps and the read(2) that waits for the next line.
		if v < 301 || got.Tree != (workers == nil) || got.Lost != 0 || got.Uncertain != 0 {
			t.Errorf("%+v; the thread says %d, at least 301 are wanted", got, v)
		}
		switch tries++; {
		case workers == nil:
		case differ(got.Voluntary, v) <= 1 && differ(got.Involuntary, i) <= 1:
			tries = -1
		default:
			t.Logf("%d voluntary, %d involuntary; the thread says %d, %d", got.Voluntary, got.Involuntary, v, i)
			if tries == 5 {
				t.Error("the thread and the probe never said the same")
			}
		}
		if workers == nil && (got.Voluntary < v-1 || got.Rest != 0) {
			t.Errorf("%d voluntary in the tree, its one busy thread says %d", got.Voluntary, v)
		}
		before = p.tell("0")
	}
}

func differ(a, b uint64) uint64 { return max(a, b) - min(a, b) }

// A thread that ends, of which nobody tells, is lost and said to be.
func TestSwitchesLost(t *testing.T) {
	p := start(t, nil, "sleeper")
	tid := p.tell("0")[0]
	for _, w := range []Workers{nil, &seats{list: []Seat{{Generation: 1, PID: p.pid(), TID: tid}}}} {
		s := newServer(t, Proc{}, p.pid(), w)
		first := edge(t, s)
		if w == nil {
			p.tell("-1")
		}
		got := switchesOf(t, edge(t, s).Sub(first))
		if want := map[bool]int{true: 1}[w == nil]; got.Lost != want {
			t.Errorf("%d threads lost, want %d", got.Lost, want)
		}
	}
}

// TestZombie: a worker process that has ended and not been waited for is still read.
func TestZombie(t *testing.T) {
	p := start(t, nil, "sleeper")
	tid := p.tell("50")[0]
	if tid != p.pid() {
		t.Skipf("the runtime has put the main goroutine on thread %d of %d", tid, p.pid())
	}
	w := &seats{list: []Seat{{Generation: 1, PID: tid, TID: tid}}}
	s := newServer(t, Proc{}, os.Getpid(), w)
	first := edge(t, s)
	p.in.Close()
	zombie := Process{}
	for range 2000 {
		if zombie, _ = (Proc{}).reader().stat(p.pid()); zombie.Zombie() {
			break
		}
		time.Sleep(time.Millisecond)
	}
	w.list[0].Ending = true
	second := edge(t, s)
	if !zombie.Zombie() || second.switches.uncertain+second.switches.blind != 0 {
		t.Fatalf("%+v: uncertain %d, blind %d", zombie, second.switches.uncertain, second.switches.blind)
	}
	v, i := second.switches.totals(nil)
	if v < 50 {
		t.Errorf("a zombie has %d switches, want 50 and more", v)
	}
	w.list[0].Generation, w.list[0].Ending = 2, false
	if err := p.cmd.Wait(); err != nil {
		t.Error(err)
	}
	ru, ok := p.cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("no rusage")
	}
	w.ended = Ended{Voluntary: uint64(v), Involuntary: uint64(i), Rest: uint64(ru.Nvcsw + ru.Nivcsw - v - i), Workers: 1}
	v1, _ := first.switches.totals(nil)
	if got := switchesOf(t, edge(t, s).Sub(first)); got.Voluntary != uint64(v-v1) || got.Uncertain != 0 {
		t.Errorf("%+v, when its worker had %d of the process's %d switches", got, v, ru.Nvcsw)
	}
	// Booked as a whole, in silence: a minus of the rest is no 0.
	w.ended = Ended{Voluntary: uint64(ru.Nvcsw) + 1e6, Involuntary: uint64(ru.Nivcsw), Workers: 1}
	first.switches.rest = append(first.switches.rest, task{pid: p.pid(), tid: p.pid() + 1, voluntary: 1e6, known: true})
	if got := edge(t, s).Sub(first); got.SwitchesErr == nil {
		t.Errorf("%+v where a million switches of other threads were booked as the worker's", got.Switches)
	}
}

// TestStress: threads come, sleep, and go over a real board while it is read. No
// reading says less than the one before, and at rest it is what the threads said
// themselves, to the switch.
func TestStress(t *testing.T) {
	b, err := board.New(32)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var took sync.Mutex
	var voluntary, involuntary atomic.Uint64
	work := func() bool { // one worker's life, on a thread of its own
		runtime.LockOSThread()
		took.Lock()
		slot, err := b.Take(os.Getpid(), unix.Gettid())
		took.Unlock()
		if err != nil {
			return false
		}
		for range 5 {
			nap()
		}
		var u syscall.Rusage
		if err := syscall.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
			return false
		}
		voluntary.Add(uint64(u.Nvcsw) + 1) // as Board.Left does
		involuntary.Add(uint64(u.Nivcsw))
		b.Left(slot, 0, &u)
		return true
	}
	var stop, failed atomic.Bool
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for !stop.Load() {
				ended := make(chan bool)
				go func() { ended <- work() }()
				if !<-ended {
					failed.Store(true)
					return
				}
			}
		})
	}
	r := Proc{}.reader()
	self := Tree{{PID: os.Getpid()}}
	var last, read, doubtful int64
	for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); read++ {
		x, err := r.switches(OnBoard(b), self)
		if err != nil {
			t.Error(err)
			break
		}
		v, i := x.totals(nil)
		if x.uncertain+x.blind > 0 {
			doubtful++
		} else if v+i < last {
			t.Errorf("%d switches after %d", v+i, last)
		} else {
			last = v + i
		}
	}
	stop.Store(true)
	all.Wait()
	x, err := r.switches(OnBoard(b), self)
	if err != nil || failed.Load() {
		t.Fatal(err, failed.Load())
	}
	v, i := x.totals(nil)
	if uint64(v) != voluntary.Load() || uint64(i) != involuntary.Load() || len(x.workers) != 0 {
		t.Errorf("at rest %d and %d; the threads say %d and %d", v, i, voluntary.Load(), involuntary.Load())
	}
	t.Logf("%d readings, %d in doubt, %d workers ended", read, doubtful, x.ended.Workers)
	if doubtful*10 > read || x.ended.Workers < 100 || read < 10 {
		t.Errorf("%d readings, of which %d were in doubt, of %d workers: too little", read, doubtful, x.ended.Workers)
	}
}

func TestServerErrors(t *testing.T) {
	p := recorded(t, "children")
	if _, err := NewServer(p, 999, nil); !errors.Is(err, ErrGone) {
		t.Errorf("no process: %v", err)
	}
	s := newServer(t, p, 101, nil)
	other, err := os.ReadFile(p.Root + "/101/stat")
	if err != nil {
		t.Fatal(err)
	}
	at := len(other) - len(" 1000 3133440 432 18446744073709551615 1 1 0 0 0 0 0 0 65536 1 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n")
	other[at+1] = '2'
	if err := os.WriteFile(p.Root+"/101/stat", other, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(); !errors.Is(err, ErrGone) {
		t.Errorf("a server whose PID is another's: %v", err)
	}
	s = newServer(t, p, 103, nil)
	if _, err := s.Read(); !errors.Is(err, ErrGone) {
		t.Errorf("a server that is a zombie: %v", err)
	}
	// What cannot be read is an error and no zero.
	if err := os.WriteFile(p.Root+"/102/task/102/status", []byte("Name:\tx\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	s = newServer(t, p, 102, nil)
	w := edge(t, s).Sub(edge(t, s))
	want := p.Root + "/102/task/102/status has no voluntary_ctxt_switches: it needs Linux 2.6.23 or newer"
	if w.SwitchesErr == nil || w.SwitchesErr.Error() != want || w.CPUErr != nil {
		t.Errorf("switches: %v, CPU: %v; want %s", w.SwitchesErr, w.CPUErr, want)
	}
}

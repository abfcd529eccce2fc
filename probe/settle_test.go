package probe

import (
	"fmt"
	"os"
	"testing"

	"pgregory.net/rapid"
)

// world is a server whose every step is made by hand: a recorded tree that workers
// write to, and their board. Each access to the board gives it a chance to go on.
type world struct {
	t       *rapid.T
	root    string
	workers []*worker
	ended   Ended
	steps   int // left: a world that never rests can be told nothing exact about
	deaf    bool
}

// worker is a thread of process 10 or a process of its own.
type worker struct {
	seat    Seat
	process bool
	phase   int
	v, i    uint64
	crash   bool // says nothing before it ends
}

// Phases of a worker, in the order of the contract of Workers.
const (
	hired = iota // has a seat, not introduced
	works
	ending
	zombie // a process only
	reaped // a process only: out of /proc
	addedV
	addedI
	left  // the seat is free
	ended // a thread is out of /proc
)

const mainPID = 10

func newWorld(t *rapid.T, root string) *world {
	w := &world{t: t, root: root, steps: rapid.IntRange(0, 60).Draw(t, "steps")}
	w.write(mainPID, mainPID, 7, 0, "S")
	return w
}

func (w *world) write(pid, tid int, v, i uint64, state string) {
	dir := fmt.Sprintf("%s/%d/task/%d", w.root, pid, tid)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		w.t.Fatal(err)
	}
	status := fmt.Sprintf("Name:\tx\nState:\t%s\nvoluntary_ctxt_switches:\t%d\nnonvoluntary_ctxt_switches:\t%d\n", state, v, i)
	stat := fmt.Sprintf("%d (x) %s 1 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %d 0", tid, state[:1], tid)
	for name, text := range map[string]string{"status": status, "stat": stat} {
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o666); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) hire() {
	n := 100 + len(w.workers)
	k := &worker{process: rapid.Bool().Draw(w.t, "process"), crash: rapid.Bool().Draw(w.t, "crash")}
	k.seat = Seat{Generation: 1}
	w.workers = append(w.workers, k)
	w.write(w.home(n, k), n, 0, 0, "S")
}

func (w *world) home(n int, k *worker) int {
	if k.process {
		return n
	}
	return mainPID
}

// step lets a worker do the next thing of its life.
func (w *world) step(n int) {
	k := w.workers[n]
	tid := 100 + n
	pid := w.home(tid, k)
	switch k.phase {
	case hired:
		k.seat.PID, k.seat.TID = pid, tid
	case works:
		if rapid.IntRange(0, 2).Draw(w.t, "goes on") > 0 {
			k.v += rapid.Uint64Range(0, 50).Draw(w.t, "v")
			k.i += rapid.Uint64Range(0, 50).Draw(w.t, "i")
			w.write(pid, tid, k.v, k.i, "S")
			return
		}
		k.seat.Ending = !k.process || !k.crash
	case ending:
		if k.process {
			w.write(pid, tid, k.v, k.i, "Z (zombie)")
			break
		}
		k.phase = reaped
		w.step(n)
		return
	case zombie:
		w.remove(pid, tid, k)
	case reaped:
		if !k.seat.Ending { // the parent does what the worker has not
			k.seat.Ending = true
			return
		}
		w.ended.Voluntary += k.v
	case addedV:
		w.ended.Involuntary += k.i
	case addedI:
		w.ended.Workers++
		k.seat.Generation++
		k.seat.Ending = false
	case left:
		if !k.process {
			w.remove(pid, tid, k)
		}
	default:
		return
	}
	k.phase++
}

func (w *world) remove(pid, tid int, k *worker) {
	path := fmt.Sprintf("%s/%d/task/%d", w.root, pid, tid)
	if k.process {
		path = fmt.Sprintf("%s/%d", w.root, pid)
	}
	if err := os.RemoveAll(path); err != nil {
		w.t.Fatal(err)
	}
}

// turn lets some of what may happen happen.
func (w *world) turn() {
	if w.deaf {
		return
	}
	for w.steps > 0 && rapid.Bool().Draw(w.t, "more") {
		w.steps--
		if n := rapid.IntRange(0, len(w.workers)).Draw(w.t, "who"); n < len(w.workers) {
			w.step(n)
		} else if n < 8 {
			w.hire()
		}
	}
	for n, k := range w.workers { // who is about to end does, in the long run
		if w.steps == 0 && k.phase > works {
			w.step(n)
		}
	}
}

func (w *world) truth() (v, i uint64) {
	for _, k := range w.workers {
		v, i = v+k.v, i+k.i
	}
	return v, i
}

func (w *world) Len() int { w.turn(); return len(w.workers) }

func (w *world) Seat(n int) Seat {
	w.turn()
	s := Seat{Ending: w.workers[n].seat.Ending}
	w.turn()
	s.Generation = w.workers[n].seat.Generation
	w.turn()
	s.PID, s.TID = w.workers[n].seat.PID, w.workers[n].seat.TID
	return s
}

func (w *world) Ended() Ended {
	var e Ended
	w.turn()
	e.Voluntary = w.ended.Voluntary
	w.turn()
	e.Involuntary = w.ended.Involuntary
	w.turn()
	e.Rest, e.Workers = w.ended.Rest, w.ended.Workers
	return e
}

// tree is what a listing shows at this moment.
func (w *world) tree() Tree {
	t := Tree{{PID: mainPID}}
	for n, k := range w.workers {
		if k.process && k.phase < reaped {
			t = append(t, Process{PID: 100 + n})
		}
	}
	return t
}

// TestExactlyOnce: whatever workers do between any two steps of a reading, each is
// counted once: not less than it had when the reading began, not more than when it
// was over, and no later reading says less.
func TestExactlyOnce(t *testing.T) {
	exact, uncertain := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		root, err := os.MkdirTemp("", "probe")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(root)
		w := newWorld(t, root)
		for range rapid.IntRange(0, 4).Draw(t, "workers") {
			w.hire()
		}
		var last *switching
		for range 3 {
			lowV, lowI := w.truth()
			s, err := Proc{root}.reader().survey(w, w.tree())
			for done := false; err == nil && !done; {
				w.turn()
				done, err = s.read(1)
			}
			if err != nil {
				t.Fatal(err)
			}
			x, err := s.settle()
			if err != nil {
				t.Fatal(err)
			}
			highV, highI := w.truth()
			v, i := x.totals(nil)
			if x.uncertain > 0 || x.blind > 0 {
				uncertain++
				if x.blind == 0 && (uint64(v)+x.uncertain < lowV || uint64(v) > highV+x.uncertain) {
					t.Fatalf("%d voluntary switches, uncertain %d: not within %d and %d", v, x.uncertain, lowV, highV)
				}
				last = nil
				continue
			}
			exact++
			if uint64(v) < lowV || uint64(v) > highV || uint64(i) < lowI || uint64(i) > highI {
				t.Fatalf("%d voluntary, %d involuntary; want %d to %d, %d to %d", v, i, lowV, highV, lowI, highI)
			}
			if last != nil {
				v1, i1 := last.totals(nil)
				if v < v1 || i < i1 {
					t.Fatalf("%d, %d after %d, %d: a number went back", v, i, v1, i1)
				}
				if d, err := x.since(last); err != nil || d.Rest != 0 {
					t.Fatalf("the rest did nothing, and is said to have switched %d times, %v", d.Rest, err)
				}
			}
			rest := uint64(0) // who has not introduced himself is in it, with nothing yet
			for _, k := range x.rest {
				rest += k.switches()
			}
			if rest != 7 {
				t.Fatalf("the rest is %+v, want 7 switches of thread %d", x.rest, mainPID)
			}
			last = x
		}
	})
	if exact < 20*uncertain {
		t.Errorf("%d readings were exact and %d uncertain", exact, uncertain)
	}
	t.Logf("%d exact, %d uncertain", exact, uncertain)
}

// A worker that stays in its end is told as uncertain, with all that it has; one
// that cannot be seen, with what others have.
func TestUncertain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		root, err := os.MkdirTemp("", "probe")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(root)
		w := newWorld(t, root)
		w.deaf = true
		for n := range 3 {
			w.workers = append(w.workers, &worker{seat: Seat{Generation: 1, PID: mainPID, TID: 100 + n}, phase: works, v: 30, i: 4})
			w.write(mainPID, 100+n, 30, 4, "S")
		}
		stuck := rapid.IntRange(0, 2).Draw(t, "stuck")
		for _, k := range w.workers[:stuck] {
			k.seat.Ending = true
		}
		invisible := rapid.IntRange(0, 1).Draw(t, "invisible")
		if invisible > 0 {
			w.workers[2].process = true
			w.remove(102, 102, w.workers[2])
			w.remove(mainPID, 102, &worker{})
		}
		x, err := Proc{root}.reader().switches(w, w.tree())
		if err != nil {
			t.Fatal(err)
		}
		got, err := x.since(x)
		if want := 2 * uint64(stuck*34+invisible*34); err != nil || got.Uncertain != want {
			t.Fatalf("%d stuck, %d invisible: uncertain %d, want %d; %v", stuck, invisible, got.Uncertain, want, err)
		}
	})
}

// TestHalfway: a worker that comes to a halt anywhere on its way out, after its
// thread was read, counts once or is told as uncertain, and never twice in silence.
func TestHalfway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		root, err := os.MkdirTemp("", "probe")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(root)
		w := newWorld(t, root)
		w.deaf = true
		w.hire()
		k := w.workers[0]
		w.step(0)
		k.v, k.i = 30, 4
		w.write(k.seat.PID, 100, 30, 4, "S")
		walk := func(to int) {
			for k.phase < to {
				if k.phase == works {
					k.seat.Ending = !k.process || !k.crash
					k.phase++
					continue
				}
				w.step(0)
			}
		}
		seen := rapid.IntRange(works, ended).Draw(t, "when read")
		walk(seen)
		s, err := Proc{root}.reader().survey(w, w.tree())
		if err == nil {
			_, err = s.read(len(s.tasks))
		}
		if err != nil {
			t.Fatal(err)
		}
		s.pause = 0
		walk(rapid.IntRange(seen, ended).Draw(t, "when settled"))
		x, err := s.settle()
		if err != nil {
			t.Fatal(err)
		}
		v, i := x.totals(nil)
		if (v != 30 || i != 4) && x.uncertain+x.blind == 0 {
			t.Fatalf("%d and %d switches of 30 and 4 for certain; process %v, phase %d", v, i, k.process, k.phase)
		}
		if k.phase <= works || k.phase == zombie && k.process || k.phase >= left {
			if x.uncertain+x.blind > 0 {
				t.Fatalf("uncertain %d, blind %d in phase %d", x.uncertain, x.blind, k.phase)
			}
		}
	})
}

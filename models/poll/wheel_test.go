package poll

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// alarm is a handler that notes when it expired, and may do something then.
type alarm struct {
	Watch
	id    int
	fired []int64
	then  func()
}

func (a *alarm) Ready(uint32) {}

func (a *alarm) Expired(now int64) {
	a.fired = append(a.fired, now)
	if a.then != nil {
		a.then()
	}
}

func newAlarm(id int) *alarm {
	a := &alarm{id: id}
	a.handler = a
	return a
}

const ms = int64(time.Millisecond)

// TestWheelAgainstModel: whatever is set, moved and removed, and however time
// passes, a timer fires once, not before its deadline, and as soon as the tick that
// follows its deadline is reached.
func TestWheelAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type model struct {
			deadline int64 // 0: none
			must     int64 // the tick by which it must have fired
		}
		now := rapid.Int64Range(1, 1<<50).Draw(t, "start")
		w := new(wheel)
		w.init(now)
		alarms := make([]*alarm, 8)
		want := make([]model, len(alarms))
		for i := range alarms {
			alarms[i] = newAlarm(i)
		}
		one := rapid.IntRange(0, len(alarms)-1)
		// Offsets within a tick, within a revolution of the fine ring, of the coarse one,
		// and over several.
		offset := rapid.OneOf(rapid.Int64Range(0, 3*ms), rapid.Int64Range(0, 100*ms), rapid.Int64Range(0, 3*fineSlots*ms),
			rapid.Int64Range(0, 3*(coarseSlots<<coarseBits)*ms))
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				i := one.Draw(t, "timer")
				d := max(1, now+offset.Draw(t, "in")-rapid.Int64Range(0, 2*ms).Draw(t, "late"))
				w.set(&alarms[i].Watch, d)
				want[i] = model{d, max((d+ms-1)/ms, w.now+1)}
			},
			"never": func(t *rapid.T) {
				i := one.Draw(t, "timer")
				w.set(&alarms[i].Watch, 0)
				want[i] = model{}
			},
			"remove": func(t *rapid.T) {
				i := one.Draw(t, "timer")
				w.remove(&alarms[i].Watch)
				want[i] = model{}
			},
			"pass": func(t *rapid.T) {
				now += offset.Draw(t, "time")
				w.expire(now)
			},
			"sleep": func(t *rapid.T) {
				switch d := w.timeout(now); {
				case d < 0:
					for i, m := range want {
						if m.deadline != 0 {
							t.Fatalf("timer %d is set and the loop would sleep for ever", i)
						}
					}
				default:
					now += int64(d) * ms
					for i, m := range want {
						if m.deadline != 0 && now > max(m.must, w.now)*ms+ms {
							t.Fatalf("timer %d is due at tick %d and the loop would sleep until %d ns", i, m.must, now)
						}
					}
					w.expire(now)
				}
			},
			"": func(t *rapid.T) {
				for i, a := range alarms {
					m := &want[i]
					switch {
					case len(a.fired) > 1:
						t.Fatalf("timer %d fired %d times", i, len(a.fired))
					case len(a.fired) == 1 && (m.deadline == 0 || a.fired[0] < m.deadline):
						t.Fatalf("timer %d fired at %d, its deadline is %d", i, a.fired[0], m.deadline)
					case len(a.fired) == 1:
						a.fired, *m = nil, model{}
					case m.deadline != 0 && w.now >= m.must:
						t.Fatalf("timer %d did not fire by tick %d (it is %d)", i, m.must, w.now)
					}
				}
				if filed := count(w); filed != w.n {
					t.Fatalf("%d timers are filed, the wheel counts %d", filed, w.n)
				}
			},
		})
	})
}

// count walks all lists and checks the bitmaps.
func count(w *wheel) int {
	n := 0
	for _, r := range []*ring{&w.fine, &w.coarse} {
		for i := range r.list {
			used := r.used[i/64]>>(i%64)&1 == 1
			if used != (r.list[i] != nil) {
				return -1
			}
			if r.words>>(i/64)&1 == 1 != (r.used[i/64] != 0) {
				return -1
			}
			for x := r.list[i]; x != nil; x = x.timer.next {
				n++
			}
		}
	}
	return n
}

// TestRingNext holds next against a walk through the slots.
func TestRingNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots := int64(64 * rapid.IntRange(1, 64).Draw(t, "words"))
		r := newRing(int(slots))
		for _, s := range rapid.SliceOfN(rapid.Int64Range(0, slots-1), 0, 4).Draw(t, "used") {
			r.mark(s)
		}
		if rapid.Bool().Draw(t, "cleared") {
			r.clear(rapid.Int64Range(0, slots-1).Draw(t, "clear"))
		}
		slot := rapid.Int64Range(0, slots-1).Draw(t, "slot")
		want, wantOK := int64(0), false
		for ahead := int64(1); ahead <= slots && !wantOK; ahead++ {
			if s := (slot + ahead) % slots; r.used[s/64]>>(s%64)&1 == 1 {
				want, wantOK = ahead, true
			}
		}
		if got, ok := r.next(slot); got != want || ok != wantOK {
			t.Fatalf("after %d of %d: %d, %v, want %d, %v", slot, slots, got, ok, want, wantOK)
		}
	})
}

// Ten thousand connections that idle for a minute do not keep their loop awake: it
// looks at each about once, and wakes up about once a second.
func TestWheelSleepsWithManyIdle(t *testing.T) {
	w := new(wheel)
	w.init(0)
	alarms := make([]*alarm, 10_000)
	for i := range alarms {
		alarms[i] = newAlarm(i)
		w.set(&alarms[i].Watch, 60_000*ms+int64(i)*ms/2)
	}
	wakeUps := 0
	for now := int64(0); now < 59_000*ms; wakeUps++ {
		now += int64(w.timeout(now)) * ms
		w.expire(now)
	}
	if wakeUps > 60 {
		t.Errorf("the loop woke up %d times in 59 s in which nothing was due", wakeUps)
	}
}

func TestWheelTimeoutFindsEverySlot(t *testing.T) {
	w := new(wheel)
	w.init(12345 * ms)
	a := newAlarm(0)
	for in := int64(1); in < fineSlots; in++ {
		w.set(&a.Watch, (12345+in)*ms)
		if got := w.timeout(12345 * ms); got != int(in) {
			t.Fatalf("a timer %d ms away makes the loop sleep %d ms", in, got)
		}
		w.remove(&a.Watch)
	}
	if got := w.timeout(12345 * ms); got != -1 {
		t.Errorf("without a timer the loop sleeps %d ms, want for ever (-1)", got)
	}
}

// TestLazyMove: a deadline that is moved away costs nothing until its old tick
// comes, and is not forgotten then.
func TestLazyMove(t *testing.T) {
	w := new(wheel)
	w.init(0)
	a := newAlarm(0)
	w.set(&a.Watch, 10*ms)
	filed := a.timer.queued
	for i := int64(1); i <= 1000; i++ {
		w.set(&a.Watch, (10+i)*ms)
	}
	if a.timer.queued != filed || w.n != 1 {
		t.Errorf("moving the deadline away filed the timer anew: tick %d, was %d", a.timer.queued, filed)
	}
	w.expire(500 * ms)
	if len(a.fired) != 0 {
		t.Fatalf("fired at %v, 510 ms early", a.fired)
	}
	w.expire(1010 * ms)
	if len(a.fired) != 1 {
		t.Fatalf("fired %d times by its deadline", len(a.fired))
	}
	w.set(&a.Watch, 2000*ms)
	w.set(&a.Watch, 1500*ms) // nearer: filed anew at once
	w.expire(1500 * ms)
	if len(a.fired) != 2 {
		t.Error("a deadline that was moved nearer did not fire")
	}
}

// TestHandlersChangeTimers: all are due in the same tick; the first to be called
// removes one, moves one and sets itself again.
func TestHandlersChangeTimers(t *testing.T) {
	w := new(wheel)
	w.init(0)
	a, removed, moved, plain := newAlarm(0), newAlarm(1), newAlarm(2), newAlarm(3)
	all := []*alarm{a, removed, moved, plain}
	first := true
	for _, x := range all {
		w.set(&x.Watch, 5*ms)
		x.then = func() {
			if !first {
				return
			}
			first = false
			for _, y := range all {
				if y != x && len(y.fired) == 0 {
					w.remove(&y.Watch)
				}
			}
			w.set(&x.Watch, 7*ms)
			for _, y := range all {
				if y != x {
					w.set(&y.Watch, 9*ms)
					break
				}
			}
		}
	}
	w.expire(6 * ms)
	if n := fired(all); n != 1 {
		t.Fatalf("%d timers fired although the first removed the others", n)
	}
	w.expire(8 * ms)
	if n := fired(all); n != 2 {
		t.Fatalf("%d firings, want 2: the first handler had set itself again", n)
	}
	w.expire(20 * ms)
	if n := fired(all); n != 3 {
		t.Fatalf("%d firings, want 3: one was set by a handler", n)
	}
	if w.n != 0 {
		t.Errorf("%d timers are left in the wheel", w.n)
	}
}

func fired(all []*alarm) int {
	n := 0
	for _, a := range all {
		n += len(a.fired)
	}
	return n
}

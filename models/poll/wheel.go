package poll

import (
	"math/bits"
	"time"
)

// A hashed timer wheel (Varghese and Lauck, SOSP 1987, scheme 6): slot = tick
// modulo the number of slots, a list of timers in each, a bitmap of the slots that
// are not empty. Insert and remove are O(1), the next slot in use is found by
// looking at 64 words, and a timer further away than one revolution is looked at
// once a revolution.
//
//	tick         = 1 ms        slots = 4096        revolution = 4.096 s
//	used bitmap  [ word 0 | word 1 | ... | word 63 ]   bit = slot has timers
//
// A heap was rejected: renewing the idle deadline at every request would cost
// O(log n) there, here it is a store (see set).
const (
	tick  = int64(time.Millisecond)
	slots = 4096
)

// timer is a Watch's place in the wheel.
type timer struct {
	deadline   int64 // when Expired is due; 0 is never
	queued     int64 // the tick it is filed under, 0 if in no list
	prev, next *Watch
}

type wheel struct {
	now  int64 // every tick up to here has been expired
	list [slots]*Watch
	used [slots / 64]uint64
	n    int
	due  []*Watch // those of the slot that is being expired
}

func (w *wheel) init(now int64) { w.now = now / tick }

// set files x under its deadline. One that is filed under an earlier tick stays
// there: when that comes the new deadline is seen and x filed anew.
func (w *wheel) set(x *Watch, deadline int64) {
	t := &x.timer
	t.deadline = deadline
	if deadline == 0 {
		return // a filed timer is dropped when its tick comes
	}
	due := max((deadline+tick-1)/tick, w.now+1)
	if t.queued != 0 {
		if t.queued <= due {
			return
		}
		w.unlink(x)
	}
	w.link(x, due)
}

func (w *wheel) remove(x *Watch) {
	if x.timer.queued != 0 {
		w.unlink(x)
	}
	x.timer.deadline = 0
}

func (w *wheel) link(x *Watch, due int64) {
	slot := due % slots
	t := &x.timer
	t.queued, t.prev, t.next = due, nil, w.list[slot]
	if t.next != nil {
		t.next.timer.prev = x
	}
	w.list[slot] = x
	w.used[slot/64] |= 1 << (slot % 64)
	w.n++
}

func (w *wheel) unlink(x *Watch) {
	t := &x.timer
	slot := t.queued % slots
	if t.prev != nil {
		t.prev.timer.next = t.next
	} else {
		w.list[slot] = t.next
		if t.next == nil {
			w.used[slot/64] &^= 1 << (slot % 64)
		}
	}
	if t.next != nil {
		t.next.timer.prev = t.prev
	}
	t.queued, t.prev, t.next = 0, nil, nil
	w.n--
}

// timeout returns how many milliseconds from now the loop may sleep: to the next
// slot in use, -1 if there is none.
func (w *wheel) timeout(now int64) int {
	if w.n == 0 {
		return -1
	}
	ticks := w.nextUsed()
	return max(0, milliseconds((w.now+ticks)*tick-now))
}

// nextUsed returns how many ticks after now the next slot in use lies, 1..slots.
func (w *wheel) nextUsed() int64 {
	from := (w.now + 1) % slots
	word, bit := from/64, from%64
	if m := w.used[word] >> bit; m != 0 {
		return 1 + int64(bits.TrailingZeros64(m))
	}
	ahead := 64 - bit
	for i := int64(1); i <= slots/64; i++ {
		if m := w.used[(word+i)%(slots/64)]; m != 0 {
			return 1 + ahead + int64(bits.TrailingZeros64(m))
		}
		ahead += 64
	}
	return slots
}

// expire calls Expired of every timer that is due. A handler may set and remove
// any timer, this one too.
func (w *wheel) expire(now int64) {
	last := now / tick
	for w.n > 0 && w.now < last {
		step := w.nextUsed()
		if w.now+step > last {
			break
		}
		w.now += step
		w.expireSlot(w.now%slots, now)
	}
	w.now = max(w.now, last)
}

// expireSlot takes what is due off the list before it calls anybody: a handler may
// file, move or remove any timer, also one whose turn is still to come.
func (w *wheel) expireSlot(slot, now int64) {
	w.due = w.due[:0]
	for x := w.list[slot]; x != nil; {
		next := x.timer.next
		if x.timer.queued <= w.now {
			w.unlink(x)
			w.due = append(w.due, x)
		}
		x = next
	}
	for i, x := range w.due {
		w.due[i] = nil
		switch d := x.timer.deadline; {
		case d == 0: // removed, or asked for never
		case d > now:
			w.set(x, d)
		default:
			x.timer.deadline = 0
			x.handler.Expired(now)
		}
	}
}

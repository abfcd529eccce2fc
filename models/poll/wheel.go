package poll

import (
	"math"
	"math/bits"
	"time"
)

// A timer wheel of two levels (Varghese and Lauck, SOSP 1987, scheme 7): a ring of
// slots, a list of timers in each, a bitmap of the slots that are not empty and one of
// the words of that. Insert, remove and finding the next slot in use are O(1): a loop
// looks twice a wait.
//
//	fine    4096 slots of 1 ms       a timer that is due within 4.096 s
//	coarse   128 slots of 1.024 s    one that is due later; when the slot comes it is
//	                                 filed again, in the fine ring by then
//
// One ring alone would look at every timer once a revolution: 10,000 idle
// connections with a minute to live would wake the loop every millisecond. A heap
// was rejected: renewing the idle deadline at every request would cost O(log n),
// here it is a store (see set).
const (
	tick = int64(time.Millisecond)

	fineSlots   = 4096
	coarseSlots = 128
	coarseBits  = 10 // a coarse slot is 1 << coarseBits ticks
)

// timer is a Watch's place in the wheel.
type timer struct {
	deadline   int64 // when Expired is due; 0 is never
	queued     int64 // the tick at which it is looked at, 0 if in no list
	coarse     bool  // of which ring
	prev, next *Watch
}

// ring is one level.
type ring struct {
	list  []*Watch
	used  []uint64 // a bit for each slot
	words uint64   // a bit for each word of used, at most 64
}

func newRing(slots int) ring {
	return ring{list: make([]*Watch, slots), used: make([]uint64, slots/64)}
}

// next returns how many slots after the given one the next in use lies, 1 to the
// number of slots; ok is false if none is.
func (r *ring) next(slot int64) (ahead int64, ok bool) {
	slots := int64(len(r.list))
	from := (slot + 1) % slots
	word, bit := from/64, from%64
	if m := r.used[word] >> bit; m != 0 {
		return 1 + int64(bits.TrailingZeros64(m)), true
	}
	later := r.words &^ (1<<(word+1) - 1)
	if later == 0 { // round the end, up to the slots of word that lie before from
		if later = r.words; later == 0 {
			return 0, false
		}
	}
	word = int64(bits.TrailingZeros64(later))
	found := word*64 + int64(bits.TrailingZeros64(r.used[word]))
	return 1 + (found-from+slots)%slots, true
}

// mark and clear keep the bitmaps.
func (r *ring) mark(slot int64) {
	r.used[slot/64] |= 1 << (slot % 64)
	r.words |= 1 << (slot / 64)
}

func (r *ring) clear(slot int64) {
	r.used[slot/64] &^= 1 << (slot % 64)
	if r.used[slot/64] == 0 {
		r.words &^= 1 << (slot / 64)
	}
}

type wheel struct {
	now    int64 // every tick up to here has been expired
	fine   ring
	coarse ring
	n      int
	due    []*Watch // those of the slot that is being expired
}

func (w *wheel) init(now int64) {
	w.now, w.fine, w.coarse = now/tick, newRing(fineSlots), newRing(coarseSlots)
}

// set files x under its deadline. One that will be looked at earlier anyway stays
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
	t.coarse = due-w.now >= fineSlots
	if t.coarse {
		due = min(due>>coarseBits, w.now>>coarseBits+coarseSlots-1) << coarseBits
	}
	w.link(x, due)
}

func (w *wheel) remove(x *Watch) {
	if x.timer.queued != 0 {
		w.unlink(x)
	}
	x.timer.deadline = 0
}

// place returns the ring and the slot that a filed timer is in.
func (w *wheel) place(t *timer) (*ring, int64) {
	if t.coarse {
		return &w.coarse, t.queued >> coarseBits % coarseSlots
	}
	return &w.fine, t.queued % fineSlots
}

func (w *wheel) link(x *Watch, due int64) {
	t := &x.timer
	t.queued = due
	r, slot := w.place(t)
	t.prev, t.next = nil, r.list[slot]
	if t.next != nil {
		t.next.timer.prev = x
	}
	r.list[slot] = x
	r.mark(slot)
	w.n++
}

func (w *wheel) unlink(x *Watch) {
	t := &x.timer
	r, slot := w.place(t)
	if t.prev != nil {
		t.prev.timer.next = t.next
	} else {
		r.list[slot] = t.next
		if t.next == nil {
			r.clear(slot)
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
	return max(0, milliseconds(w.next()*tick-now))
}

// next returns the first tick after now at which there is something to look at;
// there must be something.
func (w *wheel) next() int64 {
	next := int64(math.MaxInt64)
	if ahead, ok := w.fine.next(w.now % fineSlots); ok {
		next = w.now + ahead
	}
	if ahead, ok := w.coarse.next(w.now >> coarseBits % coarseSlots); ok {
		next = min(next, (w.now>>coarseBits+ahead)<<coarseBits)
	}
	return next
}

// expire calls Expired of every timer that is due. A handler may set and remove
// any timer, this one too.
func (w *wheel) expire(now int64) {
	last := now / tick
	for w.n > 0 {
		next := w.next()
		if next > last {
			break
		}
		w.now = next
		if next%(1<<coarseBits) == 0 {
			w.expireSlot(w.coarse.list[next>>coarseBits%coarseSlots], now)
		}
		w.expireSlot(w.fine.list[next%fineSlots], now)
	}
	w.now = max(w.now, last)
}

// expireSlot takes what is due off the list before it calls anybody: a handler may
// file, move or remove any timer, also one whose turn is still to come.
func (w *wheel) expireSlot(list *Watch, now int64) {
	w.due = w.due[:0]
	for x := list; x != nil; {
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

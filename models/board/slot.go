package board

import (
	"sync/atomic"
	"unsafe"
)

// State is what a worker is doing.
type State uint32

// The states of a worker. A loop that serves many connections is Waiting or
// Serving; Accepting is for those that block in accept(2).
const (
	Free State = iota
	Starting
	Accepting
	Waiting
	Serving
	Ended
)

var stateNames = [...]string{"free", "starting", "accepting", "waiting", "serving", "ended"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// Counter names a counter of a slot.
type Counter int

// What a worker counts. Bytes are of the socket, both directions.
const (
	Connections Counter = iota // accepted and taken on
	Closed                     // of those, how many are closed again
	Begun                      // requests whose head was accepted
	Requests                   // requests whose answer was put into Out
	BytesIn
	BytesOut
	WakeUps      // a blocking wait returned with something to do
	TimedWakeUps // a wait returned only because a tick or timer passed
	EAGAINs      // accept, read or write had nothing to do
	Errors       // connections that ended by an error of a system call
	Shed         // connections refused over the limit

	numCounters
)

// Slot is one worker's line on the board: 128 bytes, two cache lines, written by
// that worker only.
//
//	  0 gen  4 state  8 pid  12 tid  16 ended (totals only)  20 live
//	 24 counters: 11 x 8
//	112 switches: 2 x 8
type Slot struct {
	gen      atomic.Uint32
	state    atomic.Uint32
	pid      atomic.Int32
	tid      atomic.Int32
	ended    atomic.Uint32
	live     atomic.Uint32 // of Exits
	counters [numCounters]atomic.Uint64
	switches [2]atomic.Uint64 // of Exits and ExitsAlone; in the totals the first is Switches.Uncertain
}

// A slot is two cache lines, no more and no less.
var _ = [1]struct{}{}[slotSize-unsafe.Sizeof(Slot{})]

func (s *Slot) reset() {
	for i := range s.counters {
		s.counters[i].Store(0)
	}
	s.live.Store(0)
	for i := range s.switches {
		s.switches[i].Store(0)
	}
}

// Add adds n to a counter. The slot's worker only: it is a load and a store, not
// a locked add.
func (s *Slot) Add(c Counter, n uint64) {
	if n != 0 {
		s.counters[c].Store(s.counters[c].Load() + n)
	}
}

// SetState publishes what the worker does. The slot's worker only.
func (s *Slot) SetState(st State) { s.state.Store(uint32(st)) }

// SetThread publishes the worker's thread, where it is known only after Take.
func (s *Slot) SetThread(pid, tid int) {
	s.pid.Store(int32(pid))
	s.tid.Store(int32(tid))
}

// State returns what the worker does, Free for an unused slot.
func (s *Slot) State() State {
	if s.gen.Load()&1 == 0 {
		return Free
	}
	return State(s.state.Load())
}

// Pid and Tid return the worker's process and thread.
func (s *Slot) Pid() int { return int(s.pid.Load()) }

// Tid returns the worker's kernel thread id.
func (s *Slot) Tid() int { return int(s.tid.Load()) }

// Generation is odd while the slot is in use and differs for each of its users.
func (s *Slot) Generation() uint32 { return s.gen.Load() }

// Counts are the counters of one slot, or the sum of several.
type Counts struct {
	Connections  uint64 `json:"connections"`
	Closed       uint64 `json:"closed"`
	Begun        uint64 `json:"begun"`
	Requests     uint64 `json:"requests"`
	BytesIn      uint64 `json:"bytes-in"`
	BytesOut     uint64 `json:"bytes-out"`
	WakeUps      uint64 `json:"wake-ups"`
	TimedWakeUps uint64 `json:"timed-wake-ups"`
	EAGAINs      uint64 `json:"eagains"`
	Errors       uint64 `json:"errors"`
	Shed         uint64 `json:"shed"`
	Ended        uint64 `json:"ended-workers"`
}

// fields lists the counters of c in the order of the Counter constants.
func (c *Counts) fields() [numCounters]*uint64 {
	return [numCounters]*uint64{
		&c.Connections, &c.Closed, &c.Begun, &c.Requests, &c.BytesIn, &c.BytesOut,
		&c.WakeUps, &c.TimedWakeUps, &c.EAGAINs, &c.Errors, &c.Shed,
	}
}

// Open is the number of connections that are not closed yet.
func (c Counts) Open() uint64 { return c.Connections - min(c.Connections, c.Closed) }

// InFlight is the number of requests begun and not yet answered. The two counters
// are read one after the other, so a busy server may show one too few.
func (c Counts) InFlight() uint64 { return c.Begun - min(c.Begun, c.Requests) }

// Read returns the slot's counters. Safe from any process.
func (s *Slot) Read() Counts {
	var c Counts
	for i, f := range c.fields() {
		*f = s.counters[i].Load()
	}
	return c
}

// Since returns what was counted between two readings of the same board, of which c
// is the later.
func (c Counts) Since(earlier Counts) Counts {
	from := earlier.fields()
	for i, f := range c.fields() {
		*f -= *from[i]
	}
	c.Ended -= earlier.Ended
	return c
}

func (c Counts) plus(d Counts) Counts {
	from := d.fields()
	for i, f := range c.fields() {
		*f += *from[i]
	}
	return c
}

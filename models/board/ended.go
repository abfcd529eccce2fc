package board

import (
	"syscall"
	"time"
)

// End adds the slot's counters to the totals and frees it: for a slot whose worker
// never began. Workers end by Left or Exits. live is the number of blocks that the
// worker had not given back.
func (b *Board) End(s *Slot, live int) {
	s.state.Store(uint32(Ended))
	for i := range s.counters {
		b.total.counters[i].Add(s.counters[i].Load())
	}
	b.total.ended.Add(1)
	b.head.leaked.Add(uint64(live))
	s.gen.Add(1)
}

// Left is the last act of a worker that is a thread: End, with the context switches of
// its whole life, which nobody can read once the thread is gone. One more is added to
// usage (getrusage(2) with RUSAGE_THREAD): the switch that ends the thread.
func (b *Board) Left(s *Slot, live int, usage *syscall.Rusage) {
	s.state.Store(uint32(Ended)) // before the sum: see package doc
	b.head.switches[voluntary].Add(uint64(usage.Nvcsw) + 1)
	b.head.switches[involuntary].Add(uint64(usage.Nivcsw))
	b.End(s, live)
}

// Exits is the last act of a worker that is a process. It keeps its slot, in state
// Ended, until the parent that reaps it calls Reaped: only wait4(2) tells what it used,
// and there is no moment at which it is counted nowhere. usage is that of its thread,
// nil if the process has no other.
func (b *Board) Exits(s *Slot, live int, usage *syscall.Rusage) {
	s.live.Store(uint32(live))
	if usage != nil {
		s.switches[voluntary].Store(uint64(usage.Nvcsw) + 1)
		s.switches[involuntary].Store(uint64(usage.Nivcsw))
	}
	s.state.Store(uint32(Ended))
}

// Reaped books a worker process that wait4(2) has returned, with its usage, and ends
// its slot: by End if it said that it Exits, else by Bury. s may be nil if it never had
// one.
func (b *Board) Reaped(s *Slot, usage *syscall.Rusage) {
	b.head.userNs.Add(uint64(usage.Utime.Nano()))
	b.head.sysNs.Add(uint64(usage.Stime.Nano()))
	vol, invol, rest := uint64(usage.Nvcsw), uint64(usage.Nivcsw), uint64(0)
	if s != nil && s.switches[voluntary].Load() > 0 { // one of several threads
		all := vol + invol
		vol, invol = s.switches[voluntary].Load(), s.switches[involuntary].Load()
		rest = all - min(all, vol+invol)
	}
	exited := s != nil && s.State() == Ended
	if s != nil {
		s.state.Store(uint32(Ended))
	}
	for i, n := range [...]uint64{voluntary: vol, involuntary: invol, others: rest} {
		b.head.switches[i].Add(n)
	}
	switch {
	case exited:
		b.End(s, int(s.live.Load()))
	case s != nil:
		b.Bury(s)
	}
}

// Switches are the context switches of workers that have ended.
type Switches struct {
	Voluntary, Involuntary uint64
	Rest                   uint64 // of the other threads of their processes, of both kinds
}

// Indices of header.switches and, but for others, of Slot.switches.
const (
	voluntary = iota
	involuntary
	others
)

// Switches returns the sum over all workers that Left or were Reaped. Live ones are
// read in /proc/PID/task/TID/status, those of State Ended too: a zombie's are still
// there. Safe from any process.
func (b *Board) Switches() Switches {
	s := &b.head.switches
	return Switches{s[voluntary].Load(), s[involuntary].Load(), s[others].Load()}
}

// EndedWorkers is how many have ended so far: while it stays the same, Switches does.
func (b *Board) EndedWorkers() uint32 { return b.total.ended.Load() }

// Bury is End for a worker that died at its work, called by whoever knows that it is
// dead: its connection ended with it, by an error, and the request that it had begun
// is in flight no more, nor was it answered.
func (b *Board) Bury(s *Slot) {
	n := s.Read()
	s.Add(Closed, n.Open())
	s.Add(Errors, n.Open())
	s.Add(Begun, -n.InFlight())
	b.End(s, 0)
}

// CPU returns what the worker processes have used that were Reaped.
func (b *Board) CPU() (user, sys time.Duration) {
	return time.Duration(b.head.userNs.Load()), time.Duration(b.head.sysNs.Load())
}

// Leaked returns how many blocks ended workers had not given back: 0, or a bug.
func (b *Board) Leaked() uint64 { return b.head.leaked.Load() }

package board

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
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
// and there is no moment at which it is counted nowhere. usage is that of its thread.
func (b *Board) Exits(s *Slot, live int, usage *syscall.Rusage) {
	b.exits(s, live, usage, uint64(usage.Nivcsw))
}

// ExitsAlone is Exits for a process that has no other thread: all that wait4(2) says is
// its worker's, and it may be one less than the truth. A child is a zombie some microseconds
// before it makes the switch that ends it; a parent that is in wait4(2) on another processor
// just then never sees that one. What the child says here has it.
func (b *Board) ExitsAlone(s *Slot, live int, usage *syscall.Rusage) {
	b.exits(s, live, usage, alone)
}

func (b *Board) exits(s *Slot, live int, usage *syscall.Rusage, second uint64) {
	s.live.Store(uint32(live))
	s.switches[involuntary].Store(second)
	s.switches[voluntary].Store(uint64(usage.Nvcsw) + 1)
	s.state.Store(uint32(Ended))
}

// alone stands in Slot.switches for the involuntary ones of a worker that ExitsAlone.
const alone = math.MaxUint64

// Reaped books a worker process that wait4(2) has returned, with its usage, and ends
// its slot: by End if it said that it Exits, else by Bury. All its switches are its
// worker's unless Exits told that thread's: where a process of several threads may have
// been killed, ReapedZombie. s may be nil if it never had one.
func (b *Board) Reaped(s *Slot, usage *syscall.Rusage) {
	own := Switches{Voluntary: uint64(usage.Nvcsw), Involuntary: uint64(usage.Nivcsw)}
	if s != nil {
		switch v, i := s.switches[voluntary].Load(), s.switches[involuntary].Load(); {
		case v > 0 && i == alone:
			own.Voluntary = max(own.Voluntary, v)
		case v > 0: // one of several threads
			own, own.Rest = divide(own, Switches{Voluntary: v, Involuntary: i})
		}
	}
	b.reaped(s, usage, own)
}

// Zombie is what is known, before it is reaped, of how the switches of a worker process
// of several threads divide. The zero value knows nothing.
type Zombie struct {
	thread Switches // of the worker's thread
	known  bool
}

// ReadZombie reads the thread of the worker on slot s in process pid, for ReapedZombie.
// Between waitid(2) with WNOWAIT and the wait4(2) that reaps it, by its parent: of a
// zombie /proc still has the leader, and no other thread. So it knows nothing of a worker
// that was another thread (nor can anybody). A worker that has not introduced itself did
// nothing yet: all switches are those of other threads. It reads nothing for one that
// said that it Exits.
func ReadZombie(s *Slot, pid int) Zombie {
	switch {
	case s == nil, s.Tid() == 0:
		return Zombie{known: true}
	case s.told():
		return Zombie{}
	}
	thread, err := threadSwitches(pid, s.Tid())
	return Zombie{thread, err == nil}
}

// ReapedZombie is Reaped for a process of several threads. Where nothing is known of a
// worker that was killed, all its process's switches are booked as the worker's, and
// their number as Switches.Uncertain: an upper bound of what belongs to the others.
func (b *Board) ReapedZombie(s *Slot, usage *syscall.Rusage, z Zombie) {
	own := Switches{Voluntary: uint64(usage.Nvcsw), Involuntary: uint64(usage.Nivcsw)}
	switch {
	case s != nil && s.told():
		b.Reaped(s, usage)
		return
	case z.known:
		own, own.Rest = divide(own, z.thread)
	default:
		own.Uncertain = own.Voluntary + own.Involuntary
	}
	b.reaped(s, usage, own)
}

// divide takes the worker's thread out of all the switches of its process.
func divide(all, thread Switches) (own Switches, rest uint64) {
	sum, mine := all.Voluntary+all.Involuntary, thread.Voluntary+thread.Involuntary
	return thread, sum - min(sum, mine)
}

func (b *Board) reaped(s *Slot, usage *syscall.Rusage, own Switches) {
	b.head.userNs.Add(uint64(usage.Utime.Nano()))
	b.head.sysNs.Add(uint64(usage.Stime.Nano()))
	exited := s != nil && s.State() == Ended
	if s != nil {
		s.state.Store(uint32(Ended))
	}
	b.total.switches[uncertain].Add(own.Uncertain)
	for i, n := range [...]uint64{voluntary: own.Voluntary, involuntary: own.Involuntary, others: own.Rest} {
		b.head.switches[i].Add(n)
	}
	switch {
	case exited:
		b.End(s, int(s.live.Load()))
	case s != nil:
		b.Bury(s)
	}
}

// threadSwitches reads a thread's status, proc_pid_status(5). By bare system calls: a
// process that forks raw keeps out of the runtime's poller, which os.ReadFile asks.
func threadSwitches(pid, tid int) (Switches, error) {
	path := fmt.Sprintf("/proc/%d/task/%d/status", pid, tid)
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return Switches{}, fmt.Errorf("open %s: %w", path, err)
	}
	defer unix.Close(fd)
	text := make([]byte, 1<<14) // some 1,500 bytes, and a line that grows with the processors
	n, err := unix.Read(fd, text)
	if err != nil {
		return Switches{}, fmt.Errorf("read %s: %w", path, err)
	}
	number := func(key string) uint64 {
		_, line, _ := bytes.Cut(text[:n], []byte("\n"+key+":\t"))
		line, _, ended := bytes.Cut(line, []byte{'\n'})
		v, bad := strconv.ParseUint(string(line), 10, 64)
		if !ended {
			bad = errors.New("no such line")
		}
		if bad != nil && err == nil {
			err = fmt.Errorf("%s: %s: %w", path, key, bad)
		}
		return v
	}
	w := Switches{Voluntary: number("voluntary_ctxt_switches"), Involuntary: number("nonvoluntary_ctxt_switches")}
	return w, err
}

// Switches are the context switches of workers that have ended.
type Switches struct {
	Voluntary, Involuntary uint64
	Rest                   uint64 // of the other threads of their processes, of both kinds
	// Uncertain is how many of the first two may be Rest: see ReapedZombie.
	Uncertain uint64
}

// Indices of header.switches and, but for others, of Slot.switches.
const (
	voluntary = iota
	involuntary
	others
)

// uncertain is an index of Slot.switches of the totals, whose others are in the header.
const uncertain = 0

// told reports whether the worker has told its switches (Exits, ExitsAlone).
func (s *Slot) told() bool { return s.switches[voluntary].Load() > 0 }

// Switches returns the sum over all workers that Left or were Reaped. Live ones are
// read in /proc/PID/task/TID/status, those of State Ended too: a zombie's are still
// there. Safe from any process.
func (b *Board) Switches() Switches {
	s := &b.head.switches
	return Switches{s[voluntary].Load(), s[involuntary].Load(), s[others].Load(), b.total.switches[uncertain].Load()}
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

package probe

import (
	"time"

	"github.com/c10kit/c10kit/models/board"
)

// Workers is what a scoreboard tells of a server's workers. Reading disturbs
// nobody and may be done at any time.
//
// The order in which a worker that ends writes is part of the contract, since the
// reader's protocol (Server.Read) rests on it:
//
//  1. its seat becomes Ending;
//  2. its switches are added to Ended;
//  3. the generation grows.
//
// A thread does all three itself. A worker that is a process may be Ending while
// it exits and as a zombie; 2 and 3 are then its parent's, after wait4(2). A thread
// sits on one seat in its life.
type Workers interface {
	// Len is how many seats have been used at least once.
	Len() int
	// Seat is seat i of Len. Its fields are read in this order: Ending, Generation, PID and
	// TID. So a generation that two readings have in common was there when the second read
	// Ending; read the other way round, a worker that left between the two steps would be
	// taken for one that is not ending.
	Seat(i int) Seat
	// Ended is what workers that have ended left behind.
	Ended() Ended
}

// Seat is a worker's place on the scoreboard.
type Seat struct {
	Generation uint32 // odd while in use; each user has his own
	Ending     bool
	PID, TID   int // 0 until the worker has introduced itself
}

// Live reports that a worker sits there, be it ending.
func (s Seat) Live() bool { return s.Generation&1 != 0 }

// Ended is the sum over workers that have ended. Each field only grows.
type Ended struct {
	Voluntary, Involuntary uint64 // switches of workers
	Rest                   uint64 // of the other threads of worker processes that have ended
	Workers                uint64 // how many they are
	// Uncertain is how many of the first two may be Rest: of processes of several threads
	// that were killed, and whose worker's thread nobody could read any more.
	Uncertain uint64
}

// usage is what a scoreboard may know beside: the CPU time of worker processes that
// were waited for, to the microsecond, where /proc has ticks.
type usage interface {
	CPU() (user, system time.Duration)
}

// OnBoard returns the workers of a board. The caller keeps the board open as long
// as they are used.
func OnBoard(b *board.Board) Workers { return onBoard{b} }

type onBoard struct{ *board.Board }

func (b onBoard) Len() int { return len(b.Slots()) }

func (b onBoard) Seat(i int) Seat {
	s := b.Slot(i)
	seat := Seat{Ending: s.State() == board.Ended}
	seat.Generation = s.Generation()
	seat.PID, seat.TID = s.Pid(), s.Tid()
	return seat
}

func (b onBoard) Ended() Ended {
	s := b.Switches()
	return Ended{s.Voluntary, s.Involuntary, s.Rest, uint64(b.EndedWorkers()), s.Uncertain}
}

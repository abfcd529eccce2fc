package conn

import (
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/stage"
)

// seat is a worker's place in a server: its slot on the board, and the worker
// that sits there.
type seat struct {
	board  *board.Board
	slot   *board.Slot
	worker *stage.Worker
	most   int // Config.MaxRequestsPerWorker

	thread bool // the worker is the thread that called Enter, and ends with it
	usage  syscall.Rusage
}

// Enter makes the calling goroutine the worker: locked to its thread, whose id
// is put on the board.
func (s *seat) Enter() {
	runtime.LockOSThread()
	s.thread = true
	s.slot.SetThread(os.Getpid(), unix.Gettid())
}

// Leave gives the slot back, its counters and the context switches of its thread to
// the totals, and says on the board how many blocks the worker still holds, which
// should be none. The goroutine stays locked: if it returns now, its thread ends with
// it.
func (s *seat) Leave() { s.Rise().Leave() }

// Rise is the first half of Leave: from now on the worker's memory may serve another
// connection (ThreadWorker.Again). The thread does what else it has to do and calls
// Leaving.Leave as its very last act, so that what that cost is in its switches.
func (s *seat) Rise() Leaving { return Leaving{s.board, s.slot, s.worker.Pool.Live(), s.thread} }

// Leaving is a thread that is no worker any more and still there.
type Leaving struct {
	board  *board.Board
	slot   *board.Slot
	live   int
	thread bool
}

// Leave ends it.
func (l Leaving) Leave() {
	if !l.thread { // any thread may have run it: its switches are nobody's
		l.board.End(l.slot, l.live)
		return
	}
	var usage syscall.Rusage
	_ = syscall.Getrusage(unix.RUSAGE_THREAD, &usage)
	l.board.Left(l.slot, l.live, &usage)
}

// Exit is Leave for a worker that is a process, which ends now: its parent gives the
// slot back. alone says that it has no other thread, as a raw child: getrusage(2) is a bare
// system call, which the runtime does not notice.
func (s *seat) Exit(alone bool) {
	_ = syscall.Getrusage(unix.RUSAGE_THREAD, &s.usage)
	if alone {
		s.board.ExitsAlone(s.slot, s.worker.Pool.Live(), &s.usage)
		return
	}
	s.board.Exits(s.slot, s.worker.Pool.Live(), &s.usage)
}

// Worn reports whether the worker has answered as many requests as one may
// (Config.MaxRequestsPerWorker) and is to be replaced.
func (s *seat) Worn() bool { return s.most > 0 && s.slot.Read().Requests >= uint64(s.most) }

func newSeat(env *models.Env) (seat, stage.Pipeline, error) {
	slot, err := env.Board.Take(os.Getpid(), 0)
	if err != nil {
		return seat{}, nil, err
	}
	return newSeatAt(env, slot)
}

func newSeatAt(env *models.Env, slot *board.Slot) (seat, stage.Pipeline, error) {
	w, p, err := env.NewWorker()
	if err != nil {
		env.Board.End(slot, 0)
		return seat{}, nil, err
	}
	return seat{board: env.Board, slot: slot, worker: w, most: env.Config.MaxRequestsPerWorker}, p, nil
}

// ThreadWorker is a Thread with its place in a server: between Enter and Leave it
// belongs to one thread.
type ThreadWorker struct {
	seat
	*Thread
}

// NewThreadWorker takes a slot and makes a worker and its pipeline. Called by the
// thread that allocates slots, before the worker's own thread exists.
func NewThreadWorker(env *models.Env, f Flavour) (*ThreadWorker, error) {
	s, p, err := newSeat(env)
	if err != nil {
		return nil, err
	}
	return &ThreadWorker{s, NewThread(s.worker, p, s.slot, f)}, nil
}

// NewThreadWorkerAt is NewThreadWorker for a slot that the parent has taken.
func NewThreadWorkerAt(env *models.Env, slot *board.Slot, f Flavour) (*ThreadWorker, error) {
	s, p, err := newSeatAt(env, slot)
	if err != nil {
		return nil, err
	}
	return &ThreadWorker{s, NewThread(s.worker, p, s.slot, f)}, nil
}

// Again takes a new slot for a worker that has left, so that its memory serves
// another connection; or, in a forker, for the next copy of it. Called by the
// thread that allocates slots.
func (w *ThreadWorker) Again() error {
	slot, err := w.board.Take(os.Getpid(), 0)
	if err == nil {
		w.Sit(slot)
	}
	return err
}

// EnterForked is Enter for a worker that is a raw forked child: one thread, no
// scheduler to be locked to.
func (w *ThreadWorker) EnterForked() {
	pid, _, _ := unix.RawSyscall(unix.SYS_GETPID, 0, 0, 0)
	w.seat.slot.SetThread(int(pid), int(pid))
}

// Sit moves a worker to the given slot, in use already.
func (w *ThreadWorker) Sit(slot *board.Slot) { w.seat.slot, w.Thread.slot = slot, slot }

// Reserve makes sure that a forked copy of the worker finds n free blocks.
func (w *ThreadWorker) Reserve(n int) { w.seat.worker.Pool.Reserve(n) }

// Keep lists the descriptors beside its connection or listener that a forked copy
// of the worker needs.
func (w *ThreadWorker) Keep() []int { return append([]int{w.board.Fd()}, w.seat.worker.Keep...) }

// EventsWorker is an Events with its place in a server.
type EventsWorker struct {
	seat
	*Events
}

// NewEventsWorker is NewThreadWorker for a loop that accepts from l, which becomes
// non-blocking.
func NewEventsWorker(env *models.Env, l *models.Listener) (*EventsWorker, error) {
	if err := l.SetNonblock(); err != nil {
		return nil, err
	}
	s, p, err := newSeat(env)
	if err != nil {
		return nil, err
	}
	e, err := NewEvents(env, s.worker, p, s.slot, l.FD)
	if err != nil {
		s.Leave()
		return nil, err
	}
	return &EventsWorker{s, e}, nil
}

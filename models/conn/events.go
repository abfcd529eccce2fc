package conn

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/poll"
	"github.com/c10kit/c10kit/models/stage"
)

// maxShed is how many connections that are one too many a loop keeps until their peers
// have closed (Limits.Linger). Those beyond are closed at once, which a peer that still
// sends may see as a reset: a flood must not cost more than what is served.
const maxShed = 256

// Events accepts from one listener and serves all its connections on one
// poll.Loop: the reactor. It belongs to one thread.
type Events struct {
	env    *models.Env
	worker *stage.Worker
	pipe   stage.Pipeline
	slot   *board.Slot
	loop   *poll.Loop

	listenFD int
	listener poll.Watch
	backoff  time.Duration // after an accept that failed for want of descriptors

	open     *session // those that are not closed, a list
	opened   int
	shed     int // of opened, those that were one too many
	free     *session
	draining bool
	broken   error // of accept4: the end of Run

	iov [maxIovecs]unix.Iovec
}

// maxAccepts is how many connections one wake-up takes off the queue before the
// connections that have something to say get their turn.
const maxAccepts = 64

// NewEvents makes a loop that accepts from the non-blocking descriptor listener and
// serves those that env admits.
func NewEvents(env *models.Env, w *stage.Worker, p stage.Pipeline, slot *board.Slot, listener int) (*Events, error) {
	loop, err := poll.New(w.Clock.Update)
	if err != nil {
		return nil, err
	}
	e := &Events{env: env, worker: w, pipe: p, slot: slot, loop: loop, listenFD: listener}
	// Level-triggered: connections that were left in the queue are reported again.
	if err := loop.Add(&e.listener, listener, unix.EPOLLIN, (*acceptor)(e)); err != nil {
		loop.Close()
		return nil, err
	}
	return e, nil
}

// Run serves until a drain is complete. An error is the loop's or the listener's;
// nothing is left open.
func (e *Events) Run() (err error) {
	defer e.loop.Close()
	for e.broken == nil && (!e.draining || e.opened > 0) {
		e.slot.SetState(board.Waiting)
		wakeUps, timed := e.loop.WakeUps, e.loop.Timed
		if err = e.loop.Wait(); err != nil {
			break
		}
		e.slot.Add(board.WakeUps, e.loop.WakeUps-wakeUps)
		e.slot.Add(board.TimedWakeUps, e.loop.Timed-timed)
	}
	for e.open != nil {
		e.open.close()
	}
	return errors.Join(err, e.broken)
}

// acceptor is the listener's face of Events.
type acceptor Events

// Ready accepts what is in the queue. A listener that was shut down is reported
// too: its accept fails with EINVAL and the drain begins.
func (a *acceptor) Ready(uint32) {
	e := (*Events)(a)
	for range maxAccepts {
		fd, errno := e.accept4()
		switch OutcomeOf(errno) {
		case Accepted:
			e.backoff = 0
			e.take(fd)
		case Nothing:
			e.slot.Add(board.EAGAINs, 1)
			return
		case Drained:
			e.drain()
			return
		case Gone:
		case Exhausted:
			e.backOff()
			return
		default:
			e.broken = os.NewSyscallError("accept4", errno)
			return
		}
	}
}

// Expired ends a back-off: the listener is watched again.
func (a *acceptor) Expired(int64) {
	e := (*Events)(a)
	if err := e.loop.Add(&e.listener, e.listenFD, unix.EPOLLIN, a); err != nil {
		e.backOff()
	}
}

func (e *Events) accept4() (int, unix.Errno) {
	fd, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(e.listenFD), 0, 0, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	return int(fd), errno
}

// backOff stops accepting for 5 ms, doubling to a second, as net/http does: out of
// descriptors or memory, trying again at once would only spin.
func (e *Events) backOff() {
	e.slot.Add(board.Errors, 1)
	e.backoff = min(max(2*e.backoff, 5*time.Millisecond), time.Second)
	_ = e.loop.Remove(&e.listener)
	e.loop.SetDeadline(&e.listener, e.worker.After(e.backoff))
}

// take begins to serve a connection: watched once for everything it will ever
// need, edge-triggered, and its first stage run.
func (e *Events) take(fd int) {
	s := e.free
	if s == nil {
		s = &session{loop: e}
	} else {
		e.free = s.next
	}
	s.begin(fd)
}

// drain begins when the listener was shut down. Idle connections are closed now, the
// others when they have been answered, or have been silent in the middle of a request
// for drainSilence.
func (e *Events) drain() {
	if e.draining {
		return
	}
	e.draining = true
	_ = e.loop.Remove(&e.listener)
	for s := e.open; s != nil; {
		next := s.next
		s.drain()
		s = next
	}
}

package conn

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/stage"
)

// Thread serves one connection at a time on the calling thread, which sleeps in
// the system call that it waits for. It belongs to one worker and is made once:
// serving a connection allocates nothing.
//
// The sockets it is given must have SO_RCVTIMEO and SO_SNDTIMEO set (models.Listen
// sets them on the listener and they are inherited): each time a call returns,
// with data or with EAGAIN, the worker compares clock and drain flag.
type Thread struct {
	worker  *stage.Worker
	pipe    stage.Pipeline
	slot    *board.Slot
	flavour Flavour

	sock socket
	c    stage.Conn
	iov  [maxIovecs]unix.Iovec

	// Arguments of system calls, here because the address of a local variable
	// would not survive a growing stack on its way through socket.call.
	ts  unix.Timespec
	pfd unix.PollFd
}

// NewThread returns the driver of a worker, in flavour Blocking or RawBlocking.
func NewThread(w *stage.Worker, p stage.Pipeline, slot *board.Slot, f Flavour) *Thread {
	w.Raw = f == RawBlocking
	return &Thread{worker: w, pipe: p, slot: slot, flavour: f}
}

// Slot returns the worker's slot on the board.
func (t *Thread) Slot() *board.Slot { return t.slot }

// Serve serves the connection of descriptor fd, which it takes over and closes,
// until pipeline, peer, a timeout or a drain ends it. A connection that fails is
// counted on the board and is nobody else's trouble, so there is no error.
func (t *Thread) Serve(fd int) {
	t.sock.open(fd, t.flavour, t.slot)
	t.worker.Clock.Update()
	t.slot.Add(board.Connections, 1)
	t.slot.SetState(board.Serving)
	t.c.Open(t.worker, t.pipe)
	if errno := t.run(); errno != 0 {
		t.slot.Add(board.Errors, 1)
	}
	publish(&t.c, t.slot)
	t.c.Close(t.pipe)
	t.sock.close()
	t.slot.Add(board.Closed, 1)
}

// refusal is how long Refuse lets a peer that does not close keep it. The caller
// accepts connections, and those that have a place wait meanwhile; a peer that has
// sent its request and reads the answer closes in less.
const refusal = 10 * time.Millisecond

// Refuse is Serve for a connection that is one too many: its pipeline only says so
// (HTTP: 503), and the lingering close after it takes at most refusal.
func (t *Thread) Refuse(fd int) {
	t.slot.Add(board.Shed, 1)
	t.c.Shed = true
	t.Serve(fd)
}

// run drives the pipeline to its end. errno is what cut the connection.
func (t *Thread) run() unix.Errno {
	c := &t.c
	for {
		wait := stage.Run(c)
		c.Expired = false
		publish(c, t.slot)
		if errno := t.flush(); errno != 0 {
			return errno
		}
		switch wait {
		case stage.WaitInput:
			if c.EOF { // the pipeline asks for more than there will ever be
				return 0
			}
			if errno := t.fill(); errno != 0 {
				return errno
			}
			if c.Idle && c.In.Len() == 0 && !c.EOF && !c.Expired {
				return 0 // draining
			}
		case stage.WaitTimer:
			t.sleep()
		case stage.WaitResource:
			t.waitResource()
		case stage.WaitRoom, stage.WaitWorker: // flushed; and this thread may block
		default:
			switch {
			case c.Linger && !c.EOF && c.Shed:
				t.lingerBriefly()
			case c.Linger && !c.EOF:
				t.linger()
			}
			return 0
		}
	}
}

// fill waits for input, EOF, the connection's deadline, or a drain if it is idle.
func (t *Thread) fill() unix.Errno {
	c := &t.c
	if c.Idle && t.worker.Draining() {
		// What has arrived was accepted and is answered; what has not is not waited for.
		n, errno := t.sock.peek(&c.In)
		c.EOF = n == 0 && errno == 0
		if errno == unix.EAGAIN {
			return 0
		}
		return errno
	}
	if c.Deadline != 0 && t.worker.Clock.Now >= c.Deadline {
		// The last bytes came too late and were not enough: a peer that sends one now
		// and then never lets a read run into its timeout.
		c.Expired = true
		return 0
	}
	for silent := time.Duration(0); ; {
		n, _, errno := t.sock.fill(&c.In)
		now := t.worker.Clock.Update()
		switch {
		case errno == 0:
			t.slot.Add(board.WakeUps, 1)
			c.EOF = n == 0
			return 0
		case errno != unix.EAGAIN:
			return errno
		}
		t.slot.Add(board.TimedWakeUps, 1)
		if c.Deadline != 0 && now >= c.Deadline {
			c.Expired = true
			return 0
		}
		if t.worker.Draining() {
			if silent += models.Tick; silent >= drainSilence {
				c.Expired = true
			}
			if c.Idle || c.Expired {
				return 0
			}
		}
	}
}

// flush writes all of Out, waiting as long as the peer takes something within
// Limits.Body.
func (t *Thread) flush() unix.Errno {
	c := &t.c
	if c.Out.Len() == 0 {
		return 0
	}
	stalled, unsent := int64(0), int32(0)
	for c.Out.Len() > 0 {
		n, _, errno := t.sock.send(&c.Out, t.iov[:])
		switch {
		case n > 0:
			stalled = 0
		case errno == unix.EAGAIN:
			now := t.worker.Clock.Update()
			if left := t.sock.unsent(); stalled == 0 || left < unsent {
				stalled, unsent = t.worker.After(t.worker.Limits.Body), left
			} else if now >= stalled {
				return unix.ETIMEDOUT
			}
			t.slot.Add(board.TimedWakeUps, 1)
		case errno != 0 && errno != unix.EINTR:
			return errno
		case errno == 0:
			return unix.EIO // a file range that ended before it should
		}
	}
	return 0
}

// sleep waits until the connection's deadline. It is not cut short by a drain: the
// request was accepted and is answered.
func (t *Thread) sleep() {
	c := &t.c
	for {
		left := c.Deadline - t.worker.Clock.Update()
		if left <= 0 {
			c.Expired = true
			return
		}
		t.slot.SetState(board.Waiting)
		t.nanosleep(left)
		t.slot.SetState(board.Serving)
		t.slot.Add(board.TimedWakeUps, 1)
	}
}

// waitResource waits for the pipeline's descriptor, or its deadline.
func (t *Thread) waitResource() {
	c := &t.c
	for {
		timeout := int64(models.Tick)
		if c.Deadline != 0 {
			timeout = min(timeout, c.Deadline-t.worker.Clock.Update())
		}
		if timeout <= 0 {
			c.Expired = true
			return
		}
		if t.poll(c.Resource, timeout) {
			return
		}
		t.slot.Add(board.TimedWakeUps, 1)
	}
}

// linger is the lingering close: FIN, then input is discarded until the peer has
// closed too or time is up.
func (t *Thread) linger() {
	c := &t.c
	t.sock.shutdownWrite()
	c.In.Release()
	end := t.worker.Clock.Update() + int64(lingerFor(t.worker))
	for {
		n, _, errno := t.sock.fill(&c.In)
		c.In.Release()
		if (n == 0 && errno == 0) || (errno != 0 && errno != unix.EAGAIN) {
			return
		}
		if errno == unix.EAGAIN {
			t.slot.Add(board.TimedWakeUps, 1)
		}
		if t.worker.Clock.Update() >= end {
			return
		}
	}
}

// lingerBriefly is the lingering close of Refuse, which does not wait out SO_RCVTIMEO.
func (t *Thread) lingerBriefly() {
	c := &t.c
	t.sock.shutdownWrite()
	c.In.Release()
	end := t.worker.Clock.Update() + int64(refusal)
	for left := int64(refusal); left > 0 && t.poll(t.sock.fd, left); left = end - t.worker.Clock.Update() {
		n, errno := t.sock.peek(&c.In)
		c.In.Release()
		if n == 0 && errno != unix.EAGAIN {
			return
		}
	}
}

// Accept takes a connection off the listener, waiting for one in the worker's
// flavour. It returns ok = false when a drain has begun. Out of descriptors or
// memory, it waits 5 ms, doubling to a second, and tries again, as net/http does;
// any other error ends the worker.
func (t *Thread) Accept(listener int) (fd int, ok bool, err error) {
	t.slot.SetState(board.Accepting)
	for backoff := 5 * time.Millisecond; ; {
		fd, errno := t.accept4(listener)
		switch OutcomeOf(errno) {
		case Accepted:
			t.slot.Add(board.WakeUps, 1)
			return fd, true, nil
		case Drained:
			return -1, false, nil
		case Nothing: // SO_RCVTIMEO of the listener
			t.slot.Add(board.TimedWakeUps, 1)
		case Gone:
		case Exhausted:
			t.slot.Add(board.Errors, 1)
			t.nanosleep(int64(backoff))
			t.slot.Add(board.TimedWakeUps, 1)
			backoff = min(2*backoff, time.Second)
		default:
			return -1, false, os.NewSyscallError("accept4", errno)
		}
		if t.worker.Draining() {
			return -1, false, nil
		}
	}
}

package conn

import (
	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/poll"
	"github.com/c10kit/c10kit/models/stage"
)

// session is a connection of an event loop. Idle, it holds no block: what it costs
// is this struct.
//
//	          +---------------------- Again (turn used up) <---+
//	          v                                                |
//	begin -> drive: run stages, flush, fill -------------------+
//	          ^        |                  |
//	   events |        v waits            v done
//	   timer  +----- parked            finish -> lingering -> close
//
// Edge-triggered: readable and writable remember what epoll said until a system
// call finds otherwise. A read that returned less than it was offered has emptied
// the socket and a short write has filled it (epoll(7), question 9), so neither
// costs a second call that returns EAGAIN. EOF is told by EPOLLRDHUP: only then is
// a short read followed by another.
type session struct {
	poll.Watch
	loop *Events
	sock socket
	c    stage.Conn

	wait               stage.Wait // what the pipeline waits for; 0 is done
	readable, writable bool
	hup                bool // the peer has shut down its side: read to the EOF
	lingering          bool
	shed               bool  // one too many: not admitted
	stalled            int64 // when a peer that takes no output is given up; 0 while it takes
	unsent             int32 // of the socket, when stalled was set

	resource poll.Watch // of the descriptor that WaitResource waits for
	arrived  bool       // it has become readable

	prev, next *session // of Events.open; next alone of Events.free
}

// A turn is this many rounds of run, flush and fill; then others get theirs.
const turn = 16

func (s *session) begin(fd int) {
	e := s.loop
	s.sock.open(fd, NonBlocking, e.slot)
	s.readable, s.writable, s.hup, s.lingering, s.stalled = false, true, false, false, 0
	s.arrived = false
	e.slot.Add(board.Connections, 1)
	s.shed = !e.env.Admit()
	s.c.Shed = s.shed
	if s.shed {
		e.shed++
		e.slot.Add(board.Shed, 1)
	}
	s.prev, s.next = nil, e.open
	if e.open != nil {
		e.open.prev = s
	}
	e.open = s
	e.opened++
	s.c.Open(e.worker, e.pipe)
	const all = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET
	if err := e.loop.Add(&s.Watch, fd, all, s); err != nil {
		s.fail()
		return
	}
	s.step()
	s.drive()
}

// Ready is called by the loop: something about the socket has changed.
func (s *session) Ready(events uint32) {
	if events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		s.readable = true
	}
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		s.hup = true
	}
	if events&(unix.EPOLLOUT|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		s.writable = true
	}
	if s.lingering {
		s.linger()
		return
	}
	if s.flush() {
		s.drive()
	}
}

// Expired is called by the loop: the deadline that park set has passed.
func (s *session) Expired(now int64) {
	switch {
	case s.lingering:
		s.close()
	case s.stalled != 0 && now >= s.stalled:
		if n := s.sock.unsent(); n >= s.unsent {
			s.fail()
			return
		}
		s.stall()
		s.park()
	case s.c.Deadline != 0 && now >= s.c.Deadline:
		s.c.Expired = true
		s.drive()
	default:
		s.park()
	}
}

// step runs the pipeline once.
func (s *session) step() {
	s.wait = stage.Run(&s.c)
	s.c.Expired = false
	publish(&s.c, s.loop.slot)
}

// drive goes on with the connection as far as it can without waiting.
func (s *session) drive() {
	for range turn {
		if !s.flush() {
			return
		}
		if s.wait == 0 {
			s.finish()
			return
		}
		if !s.come() {
			s.park()
			return
		}
		if s.sock.fd < 0 {
			return // come failed
		}
		s.step()
	}
	s.loop.loop.Again(&s.Watch)
}

// come reports whether what the pipeline waits for is here, after trying to get it.
func (s *session) come() bool {
	c := &s.c
	if c.Expired {
		// The stage may close the resource that it gave up, and the number be reused.
		_ = s.loop.loop.Remove(&s.resource)
		return true
	}
	switch s.wait {
	case stage.WaitInput:
		return s.fill()
	case stage.WaitRoom:
		return c.HasRoom()
	case stage.WaitResource:
		return s.awaitResource()
	case stage.WaitWorker: // the loop has no other thread to offer
		return true
	default: // WaitTimer
		return false
	}
}

// fill reads once if there is something to read. It reports whether the pipeline
// can go on, or the connection failed and is closed.
func (s *session) fill() bool {
	if s.c.EOF { // the pipeline asks for more than there will ever be
		if s.c.Out.Len() > 0 {
			return false // the answers are still flushed
		}
		s.close()
		return true
	}
	if !s.readable {
		return false
	}
	n, full, errno := s.sock.fill(&s.c.In)
	s.readable = full || s.hup
	switch {
	case errno == unix.EAGAIN:
		s.readable = false
		return false
	case errno != 0:
		s.fail()
		return true
	case n == 0:
		s.c.EOF, s.readable = true, false
	}
	return true
}

// awaitResource reports whether the pipeline's descriptor has become readable, and
// watches it until it has.
func (s *session) awaitResource() bool {
	switch {
	case s.arrived:
		s.arrived = false
		return true
	case s.resource.FD() < 0:
		if err := s.loop.loop.Add(&s.resource, s.c.Resource, unix.EPOLLIN, (*resource)(s)); err != nil {
			s.fail()
			return true
		}
	}
	return false
}

// resource is the face that a session shows to the watch of its resource.
type resource session

func (r *resource) Ready(uint32) {
	s := (*session)(r)
	_ = s.loop.loop.Remove(&s.resource)
	s.arrived = true
	s.drive()
}

func (*resource) Expired(int64) {} // the session's own deadline serves for both

// flush writes what Out holds and the socket takes. It reports whether the
// connection is still open.
func (s *session) flush() bool {
	for s.writable && s.c.Out.Len() > 0 {
		n, short, errno := s.sock.send(&s.c.Out, s.loop.iov[:])
		switch {
		case errno == unix.EINTR:
		case errno == unix.EAGAIN || (short && errno == 0):
			s.writable = false
			s.stall()
		case errno != 0, n == 0: // n = 0: a file range that ended before it should
			s.fail()
			return false
		}
	}
	if s.c.Out.Len() == 0 {
		s.stalled = 0
	}
	return true
}

// stall gives a peer that takes no output its time.
func (s *session) stall() {
	s.stalled = s.loop.worker.After(s.loop.worker.Limits.Body)
	s.unsent = s.sock.unsent()
}

// park leaves the connection to the loop: the next event or deadline brings it
// back. In a drain, one that owes nobody anything is closed instead.
func (s *session) park() {
	if s.loop.draining && s.c.Idle && s.wait == stage.WaitInput && s.c.In.Len() == 0 && s.c.Out.Len() == 0 {
		s.close()
		return
	}
	if s.loop.draining && s.wait == stage.WaitInput {
		s.c.Deadline = s.loop.worker.Sooner(s.c.Deadline, drainSilence)
	}
	d := s.c.Deadline
	if s.wait == 0 {
		d = 0
	}
	if s.stalled != 0 && (d == 0 || s.stalled < d) {
		d = s.stalled
	}
	s.loop.loop.SetDeadline(&s.Watch, d)
}

// finish is called when the pipeline is done: once Out is flushed the connection
// is closed, lingering if the pipeline asked for it.
func (s *session) finish() {
	switch {
	case s.c.Out.Len() > 0:
		s.park()
	case s.c.Linger && !s.c.EOF && s.loop.shed <= maxShed:
		s.lingering = true
		s.sock.shutdownWrite()
		s.c.In.Release()
		w := s.loop.worker
		s.loop.loop.SetDeadline(&s.Watch, w.After(lingerFor(w)))
		s.linger()
	default:
		s.close()
	}
}

// linger discards input until the peer closes. Not more than a turn of it at a
// time, however fast the peer sends.
func (s *session) linger() {
	for range turn {
		if !s.readable {
			return
		}
		n, full, errno := s.sock.fill(&s.c.In)
		s.c.In.Release()
		switch {
		case errno == unix.EAGAIN:
			s.readable = false
			return
		case errno != 0, n == 0:
			s.close()
			return
		}
		s.readable = full || s.hup
	}
	s.loop.loop.Again(&s.Watch)
}

// drain is told to each connection when a drain begins. What has arrived already was
// accepted and is answered: it is looked for, the event that told of it may be still
// to come. If it owes nobody anything, park closes it.
func (s *session) drain() {
	if s.lingering || s.wait != stage.WaitInput {
		return
	}
	s.readable = true
	s.drive()
}

// fail closes a connection that a system call or a stalled peer ended.
func (s *session) fail() {
	s.loop.slot.Add(board.Errors, 1)
	s.close()
}

func (s *session) close() {
	e := s.loop
	e.loop.Forget(&s.Watch)
	_ = e.loop.Remove(&s.resource)
	s.sock.close()
	publish(&s.c, e.slot)
	s.c.Close(e.pipe)
	e.slot.Add(board.Closed, 1)
	e.opened--
	if s.shed {
		e.shed--
	} else {
		e.env.Dismiss()
	}
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		e.open = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	}
	s.prev, s.next = nil, e.free
	e.free = s
}

package loadgen

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// connState is the state of a connection slot; doc.go draws the transitions.
type connState uint8

const (
	connClosed     connState = iota // no socket, waits for a grant
	connBackoff                     // no socket, waits until deadline
	connConnecting                  // one request in flight
	connBusy                        // inflight >= 1
	connParked                      // socket, no request, waits for a grant
	connFin                         // all answered, waits for the server's FIN
	connThinking                    // established, thinks before its first request
	connResting                     // all answered, thinks before what follows
	connAway                        // no socket, thinks before it connects again
)

// After a failed connect a slot waits 1 ms before the next, doubling up to
// 100 ms, so that a dead server costs ten connects a second and slot.
const (
	firstBackoff = int64(time.Millisecond)
	lastBackoff  = int64(100 * time.Millisecond)
)

// conn is a slot that holds one connection after the other. It has no buffer:
// input is scanned in its thread's, output is a slice of the shared batches.
// Only its thread touches it.
type conn struct {
	scan     scanner
	unsent   []byte        // rest of the batch
	opened   int64         // when connect() was called
	sent     int64         // when the batch's write began
	due      int64         // when the pacer wanted it sent; 0 if it has no schedule
	since    int64         // from when Total counts: due, or opened in Close mode, or sent
	first    int64         // when the first byte of the current answer came; 0 before
	deadline int64         // of the state; never if it has none
	backoff  int64         // the next wait after a failed connect
	thinkEnd int64         // when the last think time that began ends
	allowed  int           // requests that may still begin on this connection
	inflight int           // requests begun and not answered
	fd       int32         // -1 in closed, backoff, away
	slot     int32         // index in its thread, the epoll tag
	pending  uint32        // events of connThinking, kept for its end
	werr     syscall.Errno // a failed write; the verdict waits for what can be read
	state    connState
	ourFin   bool // we have half-closed
	served   bool // has had a complete answer
	queued   bool // its think time has not ended
}

// advance gives a slot that has nothing in flight its next request, or parks
// it. It is called in closed, backoff, away and parked.
func (t *thread) advance(c *conn, now int64) {
	if c.state == connParked {
		if n, due := t.pace.take(now, min(t.cfg.Pipeline, c.allowed)); n > 0 {
			t.counts[ctrStarted] += uint64(n)
			c.inflight, c.due = n, due
			t.send(c, now)
		}
		return
	}
	c.state, c.deadline = connClosed, never
	if n, due := t.pace.take(now, 1); n > 0 {
		t.counts[ctrStarted]++
		c.inflight, c.due = 1, due
		t.open(c, now)
	}
}

// open begins a connection for the one request in flight.
func (t *thread) open(c *conn, now int64) {
	c.state, c.opened, c.since, c.fd = connConnecting, now, now, -1
	if c.due != 0 {
		c.since = c.due
	}
	c.scan.reset()
	c.unsent, c.first, c.werr, c.ourFin = nil, 0, 0, false
	if c.allowed = t.cfg.RequestsPerConn; c.allowed == 0 {
		c.allowed = int(^uint(0) >> 1)
	}
	t.arm(c, now+t.timeout)
	if call, e := t.connect(c); e != 0 {
		t.fail(c, PhaseConnect, errnoCause(call, e), now)
	}
}

// connect makes the socket and starts the handshake. On an error it names the
// call; the socket, if there is one, is in c.fd.
func (t *thread) connect(c *conn) (call string, e syscall.Errno) {
	if c.fd, e = rawSocket(t.peer.raw.Family); e != 0 {
		c.fd = -1
		return "socket", e
	}
	if t.noDelay {
		if e = rawSetInt(c.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); e != 0 {
			return "setsockopt", e
		}
	}
	if call, e = t.bindSource(c); e != 0 {
		return call, e
	}
	if e = rawConnect(c.fd, &t.peer); e != 0 {
		return "connect", e
	}
	// Added after connect: an unconnected socket would report EPOLLHUP.
	return "epoll_ctl", epollAdd(t.epfd, c.fd, events, c.slot)
}

// bindSource binds the next source address without a port.
func (t *thread) bindSource(c *conn) (call string, e syscall.Errno) {
	if t.cfg.Ports != (PortRange{}) {
		if e = rawSetInt(c.fd, unix.IPPROTO_IP, ipLocalPortRange, t.cfg.Ports.option()); e != 0 {
			return "setsockopt", e
		}
	}
	if len(t.sources) == 0 {
		return "", 0
	}
	if e = rawSetInt(c.fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); e != 0 {
		return "setsockopt", e
	}
	a := &t.sources[t.nextSource]
	if t.nextSource++; t.nextSource == len(t.sources) {
		t.nextSource = 0
	}
	return "bind", rawBind(c.fd, a)
}

// connected handles the first event of a connecting socket.
func (t *thread) connected(c *conn, ev uint32) {
	now := t.clock()
	if ev&(unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		if e := rawPending(c.fd); e != 0 {
			t.fail(c, PhaseConnect, errnoCause("connect", e), now)
			return
		}
	}
	t.counts[ctrOpened]++
	c.backoff = firstBackoff
	took := now - c.opened
	if t.recording {
		t.rec.connect.Record(took)
	}
	if took >= synRetry {
		t.counts[ctrSlowConnects]++
	}
	if t.thinkTime > 0 {
		t.ponder(c, ev, now)
		return
	}
	t.fill(c, now)
	t.send(c, now)
	if ev&(unix.EPOLLIN|gone) != 0 && c.state == connBusy {
		t.read(c, ev) // this edge will not come again
	}
}

// synRetry is after how long the kernel sends a SYN again that nobody answered:
// the initial timeout of RFC 6298, section 2, which Linux uses as it is.
const synRetry = int64(time.Second)

// fill asks for the rest of the batch of a new connection.
func (t *thread) fill(c *conn, now int64) {
	// The connection was opened for one request; the batch is filled up now,
	// so that a connect that fails costs one request and not a batch of them.
	if want := min(t.cfg.Pipeline, c.allowed) - 1; want > 0 {
		n, _ := t.pace.take(now, want)
		t.counts[ctrStarted] += uint64(n)
		c.inflight += n
	}
}

// send writes the c.inflight requests that have been granted and counted.
func (t *thread) send(c *conn, now int64) {
	t.issue(c, now)
	t.flush(c)
}

// issue makes the slot busy with those requests, none of them written yet.
func (t *thread) issue(c *conn, now int64) {
	c.allowed -= c.inflight
	c.unsent = t.batches.of(c.inflight, c.allowed == 0 && t.cfg.Closer == ServerCloses)
	c.sent, c.state = now, connBusy
	switch {
	case c.due != 0:
		c.since = c.due
	case t.cfg.Close:
		c.since = c.opened
	default:
		c.since = now
	}
	t.arm(c, now+t.timeout)
}

// flush writes until all is sent or the socket is full. A failed write is no
// verdict yet: the server may have answered before it reset the connection,
// and the event of the reset makes the thread read.
func (t *thread) flush(c *conn) {
	for len(c.unsent) > 0 {
		n, e := rawWrite(c.fd, c.unsent)
		if e != 0 {
			if e != unix.EAGAIN && e != unix.EINTR {
				c.werr, c.unsent = e, nil
			}
			return
		}
		t.counts[ctrBytesOut] += uint64(n)
		c.unsent = c.unsent[n:]
	}
}

// arm sets the deadline of a state and keeps due a lower bound of all of them.
func (t *thread) arm(c *conn, deadline int64) {
	c.deadline = deadline
	t.due = min(t.due, deadline)
}

package loadgen

import "golang.org/x/sys/unix"

// gone is any of the events after which no more than what is queued arrives.
const gone = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR

// ready handles an event of a connection.
func (t *thread) ready(c *conn, ev uint32) {
	switch c.state {
	case connConnecting:
		t.connected(c, ev)
	case connBusy:
		if len(c.unsent) > 0 && ev&unix.EPOLLOUT != 0 {
			t.flush(c)
		}
		if ev&(unix.EPOLLIN|gone) != 0 {
			t.read(c, ev)
		}
	case connThinking:
		c.pending |= ev & (unix.EPOLLIN | gone)
	case connParked, connFin, connResting:
		if ev&(unix.EPOLLIN|gone) != 0 {
			t.readIdle(c)
		}
	}
}

// read takes what a busy connection has received. A read that got less than it
// asked for emptied the socket, so no second one is needed to see EAGAIN: later
// data is a new edge. If the event said that the peer is gone as well, then
// what follows the short read is the end, known without reading it.
func (t *thread) read(c *conn, ev uint32) {
	for {
		want, discard := t.wanted(c)
		n, e := rawReceive(c.fd, t.buf[:want], discard)
		if e != 0 {
			if e == unix.EINTR {
				continue
			}
			if e != unix.EAGAIN {
				t.failRead(c, errnoCause("read", e), t.clock())
			}
			return
		}
		now := t.clock()
		if n == 0 {
			t.ended(c, now)
			return
		}
		t.counts[ctrBytesIn] += uint64(n)
		if !t.received(c, n, discard, ev&gone, now) {
			return
		}
		if n == want {
			continue
		}
		switch ev & gone {
		case 0:
			return
		case unix.EPOLLRDHUP: // with EPOLLERR it is a reset, which a read will tell
			t.ended(c, now)
			return
		}
	}
}

// leastDiscard is where discarding begins to pay for the read that it takes
// apart from the head's and the next answer's.
const leastDiscard = 64 << 10

// wanted returns how many bytes to read next and whether they are of a body
// that nobody looks at. The kernel is told to drop those instead of copying
// them: tcp(7) documents MSG_TRUNC for that. What the server does and sees is
// the same; a client that copies a gigabyte a second would be measured with it.
func (t *thread) wanted(c *conn) (n int, discard bool) {
	if t.cfg.Target.Proto == HTTP {
		if left := c.scan.unseen(); left >= leastDiscard {
			return int(min(left, bufSize)), true
		}
	}
	return bufSize, false
}

// received hands n bytes to the answers in flight, and reports as consume does.
func (t *thread) received(c *conn, n int, discarded bool, end uint32, now int64) bool {
	if !discarded {
		return t.consume(c, t.buf[:n], end, now)
	}
	if !c.scan.skip(n) {
		return true
	}
	if t.answered(c, now); c.inflight > 0 {
		return true
	}
	t.batchDone(c, end, now)
	return false
}

// consume feeds p to the answers in flight; end is how the peer is known to be
// gone, 0 if it is not. It reports whether the connection is still busy with
// the same batch.
func (t *thread) consume(c *conn, p []byte, end uint32, now int64) bool {
	for len(p) > 0 {
		if c.inflight == 0 {
			t.failIdle(c, cause{class: ClassProtocol, fault: faultUnasked}, now)
			return false
		}
		if c.first == 0 {
			c.first = now
		}
		used, done, f := t.feed(c, p)
		if f != noFault {
			t.failRead(c, cause{class: ClassProtocol, fault: f}, now)
			return false
		}
		if p = p[used:]; done {
			t.answered(c, now)
		}
	}
	if c.inflight > 0 {
		return true
	}
	t.batchDone(c, end, now)
	return false
}

// feed gives p to the protocol's scanner.
func (t *thread) feed(c *conn, p []byte) (used int, done bool, f fault) {
	switch t.cfg.Target.Proto {
	case HTTP:
		return c.scan.feed(p, &t.last)
	case Echo:
		return c.scan.feedEcho(p, t.batches.of(1, false))
	default:
		used, done = c.scan.feedBytes(p, uint64(t.cfg.Target.Bytes))
		return used, done, noFault
	}
}

// answered books the answer that is complete at now.
func (t *thread) answered(c *conn, now int64) {
	t.sync()
	c.inflight--
	c.served = true
	ok := true
	if t.cfg.Target.Proto == HTTP {
		hundreds := c.scan.now.status / 100
		t.counts[ctrStatus+int(hundreds)-1]++
		ok = hundreds == 2
	}
	if t.recording {
		t.rec.firstByte.Record(c.first - c.sent)
		t.rec.total.Record(now - c.since)
	}
	c.first = 0
	if ok {
		t.counts[ctrOK]++
		return
	}
	t.note(PhaseRead, cause{class: ClassStatus, status: c.scan.now.status})
	t.counts[ctrFailed]++
}

// batchDone decides what becomes of a connection with nothing in flight.
func (t *thread) batchDone(c *conn, end uint32, now int64) {
	if t.thinkTime > 0 {
		t.rest(c, now)
	}
	switch {
	case end == unix.EPOLLRDHUP:
		t.hangUp(c, ctrServerFirst, now)
	case end != 0:
		t.hangUp(c, ctrReset, now)
	case len(c.unsent) > 0 || c.werr != 0:
		// Answered before it was sent: the server does not want the rest, and
		// what follows would be taken for it.
		t.hangUp(c, ctrClientFirst, now)
	case t.thinkTime > 0 && (!t.serverCloses(c) || t.cfg.Target.Proto != HTTP):
		c.state = connResting
	default:
		t.follow(c, now)
	}
}

// follow does what follows the answer to a connection's batch.
func (t *thread) follow(c *conn, now int64) {
	switch {
	case t.serverCloses(c):
		t.awaitFin(c, now)
	case c.allowed == 0:
		t.hangUp(c, ctrClientFirst, now)
	default:
		c.state, c.deadline = connParked, never
		t.advance(c, now)
	}
}

// serverCloses reports whether the server is to close a connection that has
// nothing in flight: it was asked to, or has said that it will.
func (t *thread) serverCloses(c *conn) bool {
	if c.allowed == 0 {
		return t.cfg.Closer == ServerCloses
	}
	return c.scan.now.close
}

// awaitFin waits for the server to close. Echo and Unp have no word to ask for
// it but our own FIN, which makes us the first to close.
func (t *thread) awaitFin(c *conn, now int64) {
	c.state = connFin
	t.arm(c, now+t.timeout)
	if t.cfg.Target.Proto == HTTP {
		return
	}
	c.ourFin = true
	if e := rawHalfClose(c.fd); e != 0 {
		t.failIdle(c, errnoCause("shutdown", e), now)
	}
}

// readIdle handles an event of a connection with nothing in flight: nothing but
// its end may come.
func (t *thread) readIdle(c *conn) {
	n, e := rawReceive(c.fd, t.buf, false)
	now := t.clock()
	switch {
	case e == unix.EAGAIN || e == unix.EINTR:
	case e != 0:
		t.failIdle(c, errnoCause("read", e), now)
	case n > 0:
		t.counts[ctrBytesIn] += uint64(n)
		t.failIdle(c, cause{class: ClassProtocol, fault: faultUnasked}, now)
	case c.ourFin:
		t.hangUp(c, ctrClientFirst, now)
	default:
		t.hangUp(c, ctrServerFirst, now)
	}
}

// ended handles the server's FIN on a busy connection.
func (t *thread) ended(c *conn, now int64) {
	if t.cfg.Target.Proto == HTTP && c.scan.eof() {
		t.answered(c, now)
		if c.inflight == 0 {
			if t.thinkTime > 0 {
				t.rest(c, now)
			}
			t.hangUp(c, ctrServerFirst, now)
			return
		}
	}
	t.failRead(c, cause{class: ClassEOF}, now)
}

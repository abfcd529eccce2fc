package loadgen

// hangUp closes a connection that has nothing in flight and books who was the
// first to. If both FINs crossed on the way, the book says client, and each
// side has a TIME_WAIT. A slot whose think time has not ended is left to it.
func (t *thread) hangUp(c *conn, who int, now int64) {
	t.counts[who]++
	t.drop(c)
	if c.queued {
		c.state = connAway
		return
	}
	t.advance(c, now)
}

// drop closes the socket and leaves the slot closed.
func (t *thread) drop(c *conn) {
	if c.fd >= 0 {
		rawClose(c.fd)
	}
	c.fd, c.state, c.deadline, c.inflight, c.unsent = -1, connClosed, never, 0, nil
}

// failRead fails what a busy connection has in flight, in the phase that its
// progress tells.
func (t *thread) failRead(c *conn, why cause, now int64) {
	phase := PhaseRead
	switch {
	case c.werr != 0 && (why.class == ClassEOF || why.class == ClassReset):
		phase, why = PhaseWrite, errnoCause("write", c.werr)
	case c.first != 0:
	case len(c.unsent) > 0:
		phase = PhaseWrite
	default:
		phase = PhaseFirstByte
	}
	t.fail(c, phase, why, now)
}

// fail ends a connection by an error. Every request in flight on it fails: the
// first in phase, those pipelined behind it before their first byte, or with it
// in the write. After a failed connect the slot backs off.
func (t *thread) fail(c *conn, phase Phase, why cause, now int64) {
	t.sync()
	behind := PhaseFirstByte
	if phase == PhaseWrite {
		behind = PhaseWrite
	}
	t.note(phase, why)
	for range c.inflight - 1 {
		t.note(behind, why)
	}
	t.counts[ctrFailed] += uint64(c.inflight)
	if t.recording {
		for range c.inflight {
			t.rec.failed.Record(now - c.since)
		}
	}
	if phase != PhaseConnect {
		t.counts[firstToClose(why.class)]++
		t.drop(c)
		t.advance(c, now)
		return
	}
	t.drop(c)
	c.state = connBackoff
	t.arm(c, now+c.backoff)
	c.backoff = min(2*c.backoff, lastBackoff)
}

// failIdle ends a connection that has nothing in flight by an error.
func (t *thread) failIdle(c *conn, why cause, now int64) {
	t.sync()
	t.note(PhaseClose, why)
	t.hangUp(c, firstToClose(why.class), now)
}

// firstToClose returns the counter of who ended a connection that failed so.
func firstToClose(class Class) int {
	switch class {
	case ClassReset:
		return ctrReset
	case ClassEOF:
		return ctrServerFirst
	}
	return ctrClientFirst
}

// note counts an error and keeps the first of each kind as an example.
func (t *thread) note(phase Phase, why cause) {
	k := int(phase)*NumClasses + int(why.class)
	if t.counts[ctrErrors+k]++; !t.noted[k] {
		t.noted[k], t.examples[k] = true, why
	}
}

// expire handles every deadline that has passed and finds the next. It looks at
// all slots: with one bound for all of them due moves by about Timeout between
// two calls, which makes this cheaper than moving a list entry or a timer with
// every request. Only back-offs are shorter, and those are failures.
func (t *thread) expire(now int64) {
	t.due = never
	for i := range t.conns {
		c := &t.conns[i]
		if c.deadline <= now {
			switch c.state {
			case connBackoff:
				t.advance(c, now)
			case connConnecting:
				t.fail(c, PhaseConnect, cause{class: ClassTimeout}, now)
			case connBusy:
				t.failRead(c, cause{class: ClassTimeout}, now)
			case connFin:
				t.failIdle(c, cause{class: ClassTimeout}, now)
			}
		}
		t.due = min(t.due, c.deadline)
	}
}

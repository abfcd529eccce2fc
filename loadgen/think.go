package loadgen

import "golang.org/x/sys/unix"

// thinkers is the queue of the slots whose think time runs. All think equally
// long, so the first to begin is the first to end, and a ring does in constant
// time what takes a heap or a wheel elsewhere. (Two that begin in one wake-up
// may stand in the queue by some microseconds in the wrong order.) A slot is in
// it at most once: the ring has room for all.
type thinkers struct {
	ring    []int32
	head, n int
}

func (q *thinkers) push(slot int32) {
	i := q.head + q.n
	if i >= len(q.ring) {
		i -= len(q.ring)
	}
	q.ring[i] = slot
	q.n++
}

// first returns the slot at the head of a queue that is not empty.
func (q *thinkers) first() int32 { return q.ring[q.head] }

func (q *thinkers) pop() {
	q.n--
	if q.head++; q.head == len(q.ring) {
		q.head = 0
	}
}

// nextThought returns when the next think time ends, or never.
func (t *thread) nextThought() int64 {
	if t.thinkers.n == 0 {
		return never
	}
	return t.conns[t.thinkers.first()].thinkEnd
}

// think begins the think time of a slot. Whatever becomes of its connection
// meanwhile, the slot does nothing new before its end.
func (t *thread) think(c *conn, now int64) {
	c.thinkEnd, c.queued = now+t.thinkTime, true
	t.thinkers.push(c.slot)
}

// ponder is the think time of a connection just established: its first request
// has been granted, and is not in flight before the end.
func (t *thread) ponder(c *conn, ev uint32, now int64) {
	t.think(c, now)
	c.state, c.deadline = connThinking, never
	c.pending = ev & (unix.EPOLLIN | gone)
}

// rest is the think time after an answer. The caller says in which state.
func (t *thread) rest(c *conn, now int64) {
	t.think(c, now)
	c.deadline = never
}

// endThinks goes on with a burst of the slots whose think time is over.
func (t *thread) endThinks(now int64) {
	for range openBurst {
		if t.nextThought() > now {
			return
		}
		c := &t.conns[t.thinkers.first()]
		t.thinkers.pop()
		c.queued = false
		t.thought(c, now)
	}
}

// thought goes on with a slot at the end of its think time. What it sends now
// was meant for that end: what we are late is part of the latency.
func (t *thread) thought(c *conn, now int64) {
	switch c.state {
	case connThinking:
		t.request(c, now)
	case connResting:
		if t.follow(c, now); c.state == connBusy {
			c.since = c.thinkEnd
		}
	case connAway:
		t.advance(c, now)
	case connFin: // the server takes longer to close than we to think
	}
}

// request sends the first batch of a connection that has been thought about. If
// something came meanwhile, an early answer (408, 503) or the end, it is read
// before: writing to a server that has gone would turn its FIN into a reset.
func (t *thread) request(c *conn, now int64) {
	t.fill(c, now)
	c.due = c.thinkEnd
	t.issue(c, now)
	if c.pending != 0 {
		if t.read(c, c.pending); c.state != connBusy {
			return
		}
	}
	t.flush(c)
}

package http1

import (
	"time"

	"github.com/c10kit/c10kit/models/stage"
)

// This file: deadlines, and what an exchange waits for besides input.

// startTimers starts what runs from the first byte of a request. It is called when
// an exchange blocks for the first time: the clock still shows the wake-up that
// brought the byte, and an exchange that never blocks needs no timer.
func (x *Exchange) startTimers() {
	if !x.timed {
		w := x.c.Worker
		x.headerBy, x.requestBy, x.timed = w.After(w.Limits.Header), w.After(w.Limits.Request), true
	}
}

// late reports whether a deadline has passed. A model need not tell: a peer that
// sends a byte now and then ends each wait before its deadline.
func (x *Exchange) late(by int64) bool { return by != 0 && x.c.Worker.Clock.Now >= by }

// earlier returns the deadline that comes first; 0 is never.
func earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// Wait lets d pass, without holding the thread where the model can help it, and
// goes on with then.
func (x *Exchange) Wait(d time.Duration, then Handler) stage.Next {
	if d <= 0 {
		return then(x)
	}
	x.then = then
	x.c.Worker.Clock.Update() // d counts from now, not from the wake-up
	x.c.Deadline = x.c.Worker.After(d)
	return stage.Block(stage.WaitTimer, afterWait)
}

func afterWait(c *stage.Conn) stage.Next {
	x := c.State.(*Exchange)
	if !c.Expired && c.Worker.Clock.Now < c.Deadline {
		return stage.Block(stage.WaitTimer, afterWait)
	}
	c.Expired = false
	return x.then(x)
}

// Offload runs f where it may block its thread: on another one if the model has
// such, otherwise right here, and goes on with then on the connection's worker. f
// must touch neither exchange nor worker.
func (x *Exchange) Offload(f func(), then Handler) stage.Next {
	x.offload, x.then = f, then
	x.c.Deadline = 0
	return stage.Block(stage.WaitWorker, offloaded)
}

// offloaded may run on a foreign thread. Blocking for room brings the connection
// back to its own; there is room, so it waits for nothing.
func offloaded(c *stage.Conn) stage.Next {
	c.State.(*Exchange).offload()
	return stage.Block(stage.WaitRoom, afterOffload)
}

func afterOffload(c *stage.Conn) stage.Next {
	x := c.State.(*Exchange)
	x.offload = nil
	return x.then(x)
}

// waitRoom waits until the peer has taken some of the output. There is no deadline:
// the model gives up a peer that takes nothing for Limits.Body. It alone can tell
// one from a slow one, whose acknowledgements make no room for minutes when the
// socket's buffer is large.
func (x *Exchange) waitRoom(next stage.Stage) stage.Next {
	x.next = next
	x.c.Deadline = 0
	return stage.Block(stage.WaitRoom, afterRoom)
}

func afterRoom(c *stage.Conn) stage.Next {
	x := c.State.(*Exchange)
	if !c.HasRoom() {
		return x.waitRoom(x.next)
	}
	c.Expired = false
	return stage.Go(x.next)
}

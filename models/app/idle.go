package app

import "github.com/c10kit/c10kit/models/stage"

// This file: the end of a request and the wait for the next, for protocols that
// keep no state in between.

// idle waits for the first byte of a request, for Limits.Idle.
func idle(c *stage.Conn, next stage.Stage) stage.Next {
	c.Deadline = c.Worker.After(c.Worker.Limits.Idle)
	return again(c, next)
}

// again goes on with idle after a wake-up without news: the deadline stands.
func again(c *stage.Conn, next stage.Stage) stage.Next {
	c.Idle = true
	return stage.Block(stage.WaitInput, next)
}

// between is idle after an answer. In a drain, or at the peer's EOF, there is no
// next request.
func between(c *stage.Conn, next stage.Stage) stage.Next {
	switch {
	case c.EOF:
		return stage.Done()
	case c.Worker.Draining():
		c.Linger = true
		return stage.Done()
	}
	return idle(c, next)
}

// done is the only stage of a connection that is shed.
func done(*stage.Conn) stage.Next { return stage.Done() }

package app

import "github.com/c10kit/c10kit/models/stage"

// echo sends back what it receives, until EOF: RFC 862. It keeps no state; what
// was received is moved, not copied. A stream has no requests, so each run that
// moved bytes counts as one.
type echo struct{}

func newEcho(*stage.Worker) (stage.Pipeline, error) { return echo{}, nil }

// Open implements stage.Pipeline.
func (echo) Open(c *stage.Conn) stage.Stage {
	if c.Shed {
		return done
	}
	return echoFirst
}

// Close implements stage.Pipeline.
func (echo) Close(*stage.Conn) {}

func echoFirst(c *stage.Conn) stage.Next {
	if c.In.Len() > 0 || c.EOF {
		return stage.Go(echoInput)
	}
	return idle(c, echoInput)
}

func echoInput(c *stage.Conn) stage.Next {
	c.Idle = false
	switch {
	case c.In.Len() > 0 && !c.HasRoom():
		// No deadline: the model gives up a peer that takes nothing.
		c.Deadline = 0
		return stage.Block(stage.WaitRoom, echoInput)
	case c.In.Len() > 0:
		c.Begun++
		c.Out.MoveAll(&c.In)
		c.Ended++
		return between(c, echoInput)
	case c.EOF, c.Expired:
		return stage.Done()
	}
	return again(c, echoInput)
}

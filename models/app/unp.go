package app

import (
	"github.com/c10kit/c10kit/models/buf"
	"github.com/c10kit/c10kit/models/stage"
)

// The protocol of the client in chapter 30 of UNIX Network Programming: a request
// is a decimal number of 1 to 16384 and a newline, its answer that many bytes,
// here of Pattern. Anything else closes the connection.
const (
	unpMax  = 16384
	unpLine = len("16384\n")
)

// unp is the pipeline of a worker. The block is the worker's own, although its
// memory is shared: its reference count would be a cache line that all fight for.
type unp struct{ block *buf.Block }

func newUNP(*stage.Worker) (stage.Pipeline, error) {
	return &unp{block: buf.NewStatic(pattern[:])}, nil
}

// Open implements stage.Pipeline.
func (u *unp) Open(c *stage.Conn) stage.Stage {
	if c.Shed {
		return done
	}
	c.State = u
	return unpFirst
}

// Close implements stage.Pipeline.
func (u *unp) Close(c *stage.Conn) { c.State = nil }

func unpFirst(c *stage.Conn) stage.Next {
	if c.In.Len() > 0 || c.EOF {
		return stage.Go(unpInput)
	}
	return idle(c, unpInput)
}

// unpInput answers the requests that have come.
func unpInput(c *stage.Conn) stage.Next {
	waited := !c.Idle // for the rest of a request: the deadline is set
	c.Idle = false
	answered := false
	for c.In.Len() > 0 {
		if !c.HasRoom() {
			c.Deadline = 0 // the model gives up a peer that takes nothing
			return stage.Block(stage.WaitRoom, unpResume)
		}
		n, size := unpParse(&c.In)
		switch {
		case size < 0:
			c.Linger = true
			return stage.Done()
		case size == 0:
			return unpPartial(c, waited && !answered)
		}
		c.Begun++
		c.In.TrimFront(n)
		c.Out.AppendStatic(c.State.(*unp).block, 0, size)
		c.Ended++
		answered = true
	}
	switch {
	case answered:
		return between(c, unpInput)
	case c.EOF, c.Expired:
		return stage.Done()
	}
	return again(c, unpInput)
}

// unpResume goes on when there is room. What is in In has no deadline yet.
func unpResume(c *stage.Conn) stage.Next {
	c.Idle, c.Expired = true, false
	return stage.Go(unpInput)
}

// unpPartial waits for the rest of a request, for Limits.Header from its first
// byte on.
func unpPartial(c *stage.Conn, waited bool) stage.Next {
	w := c.Worker
	if !waited {
		c.Deadline = w.After(w.Limits.Header)
	}
	if c.EOF || c.Deadline != 0 && w.Clock.Now >= c.Deadline {
		return stage.Done()
	}
	return stage.Block(stage.WaitInput, unpInput)
}

// unpParse looks at the request at the start of in: the length of its line and
// how many bytes it asks for, 0 if it is not complete and -1 if it is none.
func unpParse(in *buf.Chain) (n, size int) {
	var line [unpLine]byte
	for _, ch := range line[:in.CopyTo(line[:], 0)] {
		n++
		switch {
		case ch == '\n' && size >= 1 && size <= unpMax:
			return n, size
		case ch-'0' > 9 || n == unpLine:
			return 0, -1
		}
		size = 10*size + int(ch-'0')
	}
	return 0, 0
}

package http1

import (
	"github.com/c10kit/c10kit/models/stage"
)

// pipeline is the stage.Pipeline of a worker. Conn.State is the pipeline itself
// while a connection is idle, so that an idle connection costs nothing here, and
// an Exchange from the first byte of a request to the end of its answer.
type pipeline struct {
	*table
	free *Exchange
}

// New returns the pipeline that serves routes on one worker. The routes are
// copied; an error tells what is wrong with them.
func New(routes []Route) (stage.Pipeline, error) {
	t, err := newTable(routes)
	if err != nil {
		return nil, err
	}
	return &pipeline{table: t}, nil
}

// Open implements stage.Pipeline.
func (p *pipeline) Open(c *stage.Conn) stage.Stage {
	c.State = p
	if c.Shed {
		return shed
	}
	return begin
}

// Close implements stage.Pipeline.
func (p *pipeline) Close(c *stage.Conn) {
	if x, ok := c.State.(*Exchange); ok {
		p.put(x)
	}
	c.State = nil
}

// get gives c an Exchange.
func (p *pipeline) get(c *stage.Conn) *Exchange {
	x := p.free
	if x == nil {
		x = &Exchange{p: p}
		x.held.Init(c.Worker.Pool)
		x.body.Init(c.Worker.Pool)
		x.reset()
	} else {
		p.free, x.free = x.free, nil
	}
	x.c = c
	c.State = x
	return x
}

// put takes an Exchange back.
func (p *pipeline) put(x *Exchange) {
	x.held.Release()
	x.body.Release()
	x.reset()
	x.c, x.then, x.each, x.fill = nil, nil, nil, nil // closures may hold much
	x.free, p.free = p.free, x
}

// shed refuses a connection over the limit without looking at what it asks.
func shed(c *stage.Conn) stage.Next {
	x := c.State.(*pipeline).get(c)
	x.Add("Retry-After", "1")
	return x.refuse(errShed)
}

// begin waits for the first byte of a connection. Draining, it still waits: the
// model closes it if nothing has come (Conn.Idle).
func begin(c *stage.Conn) stage.Next {
	if c.In.Len() > 0 || c.EOF {
		return stage.Go(woken)
	}
	c.Idle = true
	c.Deadline = c.Worker.After(c.Worker.Limits.Header)
	return stage.Block(stage.WaitInput, woken)
}

// rest waits for the next request of a connection that owes no answer.
func rest(c *stage.Conn) stage.Next {
	switch {
	case c.In.Len() > 0:
		return stage.Go(woken)
	case c.EOF:
		return stage.Done()
	case c.Worker.Draining():
		c.Linger = true
		return stage.Done()
	}
	c.Idle = true
	c.Deadline = c.Worker.After(c.Worker.Limits.Idle)
	return stage.Block(stage.WaitInput, woken)
}

// woken is where an idle connection comes back. Without news its deadline stands.
func woken(c *stage.Conn) stage.Next {
	switch {
	case c.In.Len() > 0:
		c.Idle, c.Expired = false, false
		c.State.(*pipeline).get(c)
		return stage.Go(readHead)
	case c.EOF, c.Expired:
		c.Idle = false
		return stage.Done()
	}
	return stage.Block(stage.WaitInput, woken)
}

// readHead looks for a request in In and answers it.
func readHead(c *stage.Conn) stage.Next {
	x := c.State.(*Exchange)
	if !c.HasRoom() {
		return x.waitRoom(readHead)
	}
	n, r := x.head.receive(&c.In)
	switch {
	case r != nil:
		return x.refuse(r)
	case n == 0:
		return x.waitHead()
	}
	x.base, x.size = c.In.Contiguous(n), n
	c.Expired = false
	x.begun, x.answered = true, false
	c.Begun++
	return x.dispatch()
}

// waitHead waits for more of a head of which something has come, at least empty
// lines.
func (x *Exchange) waitHead() stage.Next {
	c := x.c
	x.startTimers()
	nothing := c.In.Len() == 0
	switch {
	case nothing && (c.EOF || c.Expired || c.Worker.Draining()):
		c.Linger = !c.Expired
		return stage.Done()
	case c.EOF:
		return x.refuse(errTruncated)
	case c.Expired, x.late(x.headerBy), x.late(x.requestBy):
		return x.refuse(errTimeout)
	}
	c.Idle = nothing
	c.Deadline = earlier(x.headerBy, x.requestBy)
	return stage.Block(stage.WaitInput, moreHead)
}

func moreHead(c *stage.Conn) stage.Next {
	c.Idle = false
	return stage.Go(readHead)
}

// dispatch finds who answers the request, whose head is in force now.
func (x *Exchange) dispatch() stage.Next {
	h := &x.head
	if h.percent {
		x.decodePath()
	}
	path := x.Path()
	res, n := &x.p.star, len(path)
	if !h.star {
		if res, n = x.p.find(path); res == nil {
			return x.refuse(errNotFound)
		}
	}
	x.rest = span{uint16(n), uint16(len(path) - n)}
	x.route = res.routes[h.method]
	if x.route != nil {
		return x.startBody()
	}
	x.Add("Allow", res.allow)
	if h.method != mOptions {
		return x.refuse(errNotAllowed)
	}
	x.route = &x.p.options // RFC 9110, section 9.3.7
	return x.startBody()
}

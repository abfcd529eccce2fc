package http1

import (
	"math"

	"github.com/c10kit/c10kit/models/stage"
)

// maxIgnored is how much of a body nobody wants is read to keep the connection. It
// is what net/http reads, too; beyond that a new connection is cheaper.
const maxIgnored = 256 << 10

const continueLine = "HTTP/1.1 100 Continue\r\n\r\n"

// startBody calls the route's handler as soon as the body that the route wants is
// there.
func (x *Exchange) startBody() stage.Next {
	h := &x.head
	if !h.hasBody() {
		x.received = true
		return x.route.Handler(x)
	}
	x.left, x.chunks, x.each = h.length, chunked{}, nil
	if x.c.In.Len() > x.size {
		h.expect = false // the client did not wait: RFC 9110, section 10.1.1
	}
	switch x.route.Body {
	case Streamed:
		x.hold()
		return x.route.Handler(x)
	case Buffered:
		if h.length > x.c.Worker.Limits.MaxBody {
			return x.refuse(errTooLarge)
		}
	default:
		if h.length > maxIgnored || h.expect {
			x.unread = true
			return x.route.Handler(x)
		}
	}
	x.hold()
	x.then = x.route.Handler
	return stage.Go(readBody)
}

// hold takes the head out of In, so that the body can pass by. It shares the
// memory, which keeps the head where it is; a copying pool moves it.
func (x *Exchange) hold() {
	x.held.Move(&x.c.In, x.size)
	x.base = x.held.Contiguous(x.size)
}

// Read reads the body of a Streamed route: each is called with every piece in
// Body, what it leaves there is dropped, and then when all of it has come.
func (x *Exchange) Read(each func(x *Exchange), then Handler) stage.Next {
	if x.route.Body != Streamed || x.answered {
		panic("http1: Read of a route that is not Streamed, or after the answer")
	}
	if x.received {
		return then(x) // there is none
	}
	x.each, x.then = each, then
	return stage.Go(readBody)
}

// readBody takes what has come of the body.
func readBody(c *stage.Conn) stage.Next {
	x := c.State.(*Exchange)
	done, r := x.pull()
	ignored := x.route.Body == Ignored
	if x.each != nil && x.body.Len() > 0 && r == nil {
		x.each(x)
	}
	if x.route.Body != Buffered {
		x.body.Release()
	}
	switch {
	case r == errTooLarge && ignored:
		x.unread = true
		return x.then(x)
	case r != nil:
		return x.refuse(r)
	case !done:
		return x.waitBody()
	}
	c.Expired = false
	x.received = true
	return x.then(x)
}

// pull moves what In holds of the body to x.body and reports whether that is all.
// A body of known length that is to be buffered stays in In until it is complete:
// there it fills up blocks, however small the pieces that it comes in, where each
// piece that is moved away would take its block with it.
func (x *Exchange) pull() (bool, *refusal) {
	in := &x.c.In
	if x.head.chunked {
		limit := int64(math.MaxInt64)
		switch x.route.Body {
		case Buffered:
			limit = x.c.Worker.Limits.MaxBody
		case Ignored:
			limit = maxIgnored
		}
		return x.chunks.decode(in, &x.body, limit)
	}
	if x.route.Body == Buffered && int64(in.Len()) < x.left {
		return false, nil
	}
	n := min(x.left, int64(in.Len()))
	x.body.Move(in, int(n))
	x.left -= n
	return x.left == 0, nil
}

// waitBody waits for more of the body, for Limits.Body from the last of it on.
func (x *Exchange) waitBody() stage.Next {
	c := x.c
	x.startTimers()
	switch {
	case c.EOF:
		return x.refuse(errTruncated)
	case c.Expired, x.late(x.requestBy):
		return x.refuse(errTimeout)
	}
	if x.head.expect && !x.continued {
		x.continued = true
		c.Out.AppendString(continueLine)
	}
	x.mark = c.In.Len()
	c.Deadline = earlier(c.Worker.After(c.Worker.Limits.Body), x.requestBy)
	return stage.Block(stage.WaitInput, moreBody)
}

func moreBody(c *stage.Conn) stage.Next {
	x := c.State.(*Exchange)
	if c.In.Len() == x.mark && !c.EOF && !c.Expired {
		return stage.Block(stage.WaitInput, moreBody) // no progress: the deadline stands
	}
	return stage.Go(readBody)
}

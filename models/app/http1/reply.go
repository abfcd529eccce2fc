package http1

import (
	"fmt"
	"strconv"

	"github.com/c10kit/c10kit/models/buf"
	"github.com/c10kit/c10kit/models/stage"
)

// headRoom is enough for an answer's head but for content type and added fields:
// the longest status line with Server (about 80), Date, names and numbers.
const headRoom = 320

// maxExtra bounds what Add adds: with a content type out of a request it must fit a
// large block.
const maxExtra = 32 << 10

// copyBody is the size up to which a body is written right behind its head.
const copyBody = 1 << 10

// Fill produces the next part of an answer that ReplyN began: it appends at least
// one byte to x.Conn().Out and at most left, which is what is missing; off is how
// much there is already. It is called again and again as the peer takes it.
type Fill func(x *Exchange, off, left int64)

// Add adds a field to the answer, before it is begun. Control characters of value
// become spaces, so that a value taken from a request cannot end its line; name is
// the program's own. All that is added to an answer is 32 KiB at most.
func (x *Exchange) Add(name, value string) {
	if _, n := skipToken([]byte(name)); n == 0 || n != len(name) {
		panic(fmt.Sprintf("http1: %q is not the name of a field", name))
	}
	if len(x.extra)+len(name)+len(value) > maxExtra {
		panic(fmt.Sprintf("http1: more than %d bytes of fields are added to an answer", maxExtra))
	}
	x.extra = append(x.extra, name...)
	x.extra = append(x.extra, ": "...)
	for i := range len(value) {
		ch := value[i]
		if !is(isValue, ch) {
			ch = ' '
		}
		x.extra = append(x.extra, ch)
	}
	x.extra = append(x.extra, "\r\n"...)
}

// Reply answers with a status, 200 to 599, and a body, which is copied. An empty
// contentType is left out.
func (x *Exchange) Reply(status int, contentType string, body []byte) stage.Next {
	if !x.bodied(status) || len(body) > copyBody {
		x.commit(appendHead(x, status, contentType, int64(len(body)), 0))
		if x.bodied(status) {
			x.c.Out.Append(body)
		}
		return x.finish()
	}
	b := appendHead(x, status, contentType, int64(len(body)), len(body))
	x.commit(append(b, body...))
	return x.finish()
}

// ReplyChain answers with a body that is moved out of a chain, such as Body. The
// content type may be borrowed from the request.
func (x *Exchange) ReplyChain(status int, contentType []byte, body *buf.Chain) stage.Next {
	x.commit(appendHead(x, status, contentType, int64(body.Len()), 0))
	if x.bodied(status) {
		x.c.Out.MoveAll(body)
	}
	return x.finish()
}

// ReplyN answers with a body of n bytes that fill produces as there is room.
func (x *Exchange) ReplyN(status int, contentType string, n int64, fill Fill) stage.Next {
	x.commit(appendHead(x, status, contentType, n, 0))
	if n == 0 || !x.bodied(status) {
		return x.finish()
	}
	x.fill, x.off, x.left = fill, 0, n
	return stage.Go(pump)
}

// Refuse answers with an error and closes the connection, lingering so that what
// the client still sends does not destroy the answer. reason is one line of text.
func (x *Exchange) Refuse(status int, reason string) stage.Next {
	x.unread = true
	n := len(reason) + 1
	b := appendHead(x, status, "text/plain; charset=utf-8", int64(n), n)
	if x.bodied(status) {
		b = append(b, reason...)
		b = append(b, '\n')
	}
	x.commit(b)
	return x.finish()
}

// refuse is Refuse for what the server itself objects to, whatever the state of
// the request.
func (x *Exchange) refuse(r *refusal) stage.Next {
	if !x.begun {
		x.begun, x.answered = true, false
		x.c.Begun++
	}
	return x.Refuse(r.status, r.reason)
}

// pump lets Fill produce as long as there is room.
func pump(c *stage.Conn) stage.Next {
	x := c.State.(*Exchange)
	for x.left > 0 {
		if !c.HasRoom() {
			return x.waitRoom(pump)
		}
		before := c.Out.Len()
		x.fill(x, x.off, x.left)
		n := int64(c.Out.Len() - before)
		if n <= 0 || n > x.left {
			panic(fmt.Sprintf("http1: Fill appended %d bytes where 1 to %d were due", n, x.left))
		}
		x.off += n
		x.left -= n
	}
	return x.finish()
}

// bodied reports whether an answer of this status has a body: RFC 9112, section
// 6.3, items 1 and 2.
func (x *Exchange) bodied(status int) bool {
	return x.head.method != mHead && status != 204 && status != 304
}

// commit takes what was written into the memory that appendHead returned.
func (x *Exchange) commit(b []byte) { x.c.Out.Commit(len(b)) }

// appendHead writes the head of an answer into memory reserved in Out, with room
// for room bytes of the body behind it, and decides whether the connection stays.
func appendHead[T ~string | ~[]byte](x *Exchange, status int, contentType T, n int64, room int) []byte {
	c := x.c
	if x.answered {
		panic("http1: a request was answered twice")
	}
	if status < minStatus || status > maxStatus {
		panic(fmt.Sprintf("http1: status %d is not a final one", status))
	}
	x.answered = true
	need := headRoom + len(contentType) + len(x.extra) + room
	b := c.Out.Reserve(need, need)[:0]
	b = append(b, starts[status-minStatus]...)
	b = append(b, c.Worker.Clock.Date()...)
	if len(contentType) > 0 {
		b = append(b, "\r\nContent-Type: "...)
		b = append(b, contentType...)
	}
	if status != 204 {
		b = append(b, "\r\nContent-Length: "...)
		b = strconv.AppendInt(b, n, 10)
	}
	switch x.closing = !x.stays(); {
	case x.closing:
		b = append(b, "\r\nConnection: close"...)
	case x.head.minor == 0:
		b = append(b, "\r\nConnection: keep-alive"...)
	}
	b = append(b, "\r\n"...)
	b = append(b, x.extra...)
	return append(b, "\r\n"...)
}

// stays reports whether the connection can go on after this answer. In a drain and
// after the peer's FIN it goes on as long as requests are here that were not yet
// answered: they have been accepted.
func (x *Exchange) stays() bool {
	if x.unread || !x.head.persistent() || x.head.hasBody() && !x.received {
		return false
	}
	return !x.c.EOF && !x.c.Worker.Draining() || x.behind() > 0
}

// behind returns how many bytes have come after this request's head (and body, if
// it was read).
func (x *Exchange) behind() int {
	if x.held.Len() > 0 {
		return x.c.In.Len()
	}
	return x.c.In.Len() - x.size
}

// finish ends an exchange whose answer is completely in Out.
func (x *Exchange) finish() stage.Next {
	c := x.c
	c.Ended++
	if x.closing {
		// The peer may have sent, or be sending, what nobody will read: RFC 9112, section
		// 9.6. One that asked for the close and sent nothing more waits for it.
		c.Linger = x.unread || x.head.persistent() || !x.received || x.behind() > 0
		return stage.Done()
	}
	if x.held.Len() > 0 {
		x.held.Release()
		x.body.Release()
	} else {
		c.In.TrimFront(x.size)
	}
	if c.In.Len() > 0 {
		x.reset()
		return stage.Go(readHead)
	}
	x.p.put(x)
	c.State = x.p
	return stage.Go(rest)
}

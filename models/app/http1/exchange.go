package http1

import (
	"github.com/c10kit/c10kit/models/buf"
	"github.com/c10kit/c10kit/models/stage"
)

// Exchange is a request and its answer. A handler may use it, and what its methods
// return, until the answer is complete; slices are borrowed from the connection's
// memory and must not be written.
type Exchange struct {
	// Scratch is the handlers' own: whatever they want to use again instead of
	// allocating it. It is nil in a new Exchange and keeps its value from request to
	// request, of other connections and other handlers too, so a handler checks what
	// it finds and resets it.
	Scratch any

	head head
	p    *pipeline
	c    *stage.Conn

	base    []byte    // the head's memory: at the front of In, or in held
	size    int       // its length
	held    buf.Chain // the head, once a body has to pass by
	body    buf.Chain
	rest    span   // of the path, behind the route's prefix
	decoded []byte // the path, if it had to be decoded
	extra   []byte // field lines that the handler adds to the answer

	route   *Route
	then    Handler     // after a wait or a body
	next    stage.Stage // after room for output
	each    func(x *Exchange)
	fill    Fill
	offload func()
	chunks  chunked
	left    int64 // of the body to be received, or of the answer to be produced
	off     int64 // of the answer
	mark    int   // what In held at the last wait, to tell progress

	headerBy, requestBy int64 // deadlines that no progress moves
	timed               bool  // they are set
	begun               bool  // counted
	received            bool  // the body is complete
	unread              bool  // the body will not be read: the connection cannot go on
	answered            bool  // or nothing is to be answered
	closing             bool  // the answer said so
	continued           bool  // 100 Continue was sent

	free *Exchange
}

// Conn returns the connection, for what an Exchange does not offer.
func (x *Exchange) Conn() *stage.Conn { return x.c }

// Worker returns the worker that runs the handler.
func (x *Exchange) Worker() *stage.Worker { return x.c.Worker }

// Method returns the request's method, one of RFC 9110 or PATCH.
func (x *Exchange) Method() string { return methodNames[x.head.method] }

// Minor returns 0 for a request of HTTP/1.0 and 1 for one of HTTP/1.1 (or higher).
func (x *Exchange) Minor() int { return int(x.head.minor) }

// Target returns the request target as it was sent.
func (x *Exchange) Target() []byte { return x.head.target.of(x.base) }

// Path returns the target's path, decoded.
func (x *Exchange) Path() []byte {
	if x.head.percent {
		return x.decoded
	}
	if x.head.path.n == 0 {
		return root // of an absolute form: RFC 9110, section 4.2.3
	}
	return x.head.path.of(x.base)
}

var root = []byte("/")

// Rest returns what follows the route's prefix in Path; it is empty where the
// route has none.
func (x *Exchange) Rest() []byte { return x.rest.of(x.Path()) }

// Query returns what follows the target's question mark, not decoded.
func (x *Exchange) Query() []byte { return x.head.query.of(x.base) }

// Host returns the authority that the request is for: of an absolute target, else
// of the Host field.
func (x *Exchange) Host() []byte { return x.head.host.of(x.base) }

// Field returns the value of the first field with the given name in lower case,
// without the white space around it; nil if there is none.
func (x *Exchange) Field(lower string) []byte {
	for _, f := range x.head.fields[:x.head.count()] {
		if int(f.name.n) == len(lower) && sameName(f.name.of(x.base), lower) {
			return f.value.of(x.base)
		}
	}
	return nil
}

// sameName is equalFold for any token: some of its characters, such as _, lack the
// bit that equalFold sets.
func sameName(s []byte, lower string) bool {
	for i, ch := range s {
		if ch-'A' < 26 {
			ch |= 0x20
		}
		if ch != lower[i] {
			return false
		}
	}
	return true
}

// Fields calls yield with name and value of each field in turn, until it returns
// false. It is an iterator: for name, value := range x.Fields.
func (x *Exchange) Fields(yield func(name, value []byte) bool) {
	for _, f := range x.head.fields[:x.head.count()] {
		if !yield(f.name.of(x.base), f.value.of(x.base)) {
			return
		}
	}
}

// Body returns the request body: all of it for a Buffered route, the piece that
// has just come for a Streamed one. The handler may move or trim it.
func (x *Exchange) Body() *buf.Chain { return &x.body }

// reset makes x ready for the connection's next request.
func (x *Exchange) reset() {
	x.head.reset()
	x.size, x.rest, x.extra = 0, span{}, x.extra[:0]
	x.timed = false
	x.begun, x.received, x.unread, x.closing, x.continued = false, false, false, false, false
	x.answered = true // until there is a request
}

// decodePath writes the decoded path to x.decoded.
func (x *Exchange) decodePath() {
	x.decoded = x.decoded[:0]
	raw := x.head.path.of(x.base)
	for i := 0; i < len(raw); i++ {
		ch := raw[i]
		if ch == '%' { // two digits follow, or the target would have been refused
			ch = unhex(raw[i+1])<<4 | unhex(raw[i+2])
			i += 2
		}
		x.decoded = append(x.decoded, ch)
	}
}

package stage

import "github.com/c10kit/c10kit/models/buf"

// Conn is a connection as a pipeline sees it. The fields belong to the worker
// that runs it; nothing in it is safe for a second thread.
type Conn struct {
	In  buf.Chain // received and not yet consumed; a stage trims or moves what it used
	Out buf.Chain // to be sent; the model trims what the socket took

	// EOF: the peer has shut down its sending side; nothing will be added to In.
	EOF bool
	// Deadline ends the wait of the next Block, in units of Clock.Now; 0 is never.
	Deadline int64
	// Expired: the last wait ended by Deadline. Run's caller sets and clears it.
	Expired bool
	// Idle: blocked for the first byte of a request and owing no answer. A
	// draining model closes such a connection at once.
	Idle bool
	// Linger asks for a lingering close after Done: flush, shutdown(SHUT_WR),
	// discard input until EOF or for Limits.Linger, close. Without it, input that
	// was sent but not read makes the kernel answer with a reset that can destroy
	// the final answer on its way (RFC 9112, section 9.6).
	Linger bool
	// Shed: accepted over the limit of connections; the pipeline should say so
	// (HTTP: 503) and be done.
	Shed bool
	// Resource is the descriptor that Block(WaitResource) waits for.
	Resource int

	// Begun and Ended count requests: their head was accepted, their answer was
	// completely put into Out. The model publishes them on the board.
	Begun, Ended uint64

	// State is the pipeline's own, kept from Open to Close.
	State any

	Worker *Worker

	stage Stage
}

// Open makes c ready for a new connection of worker w and pipeline p.
func (c *Conn) Open(w *Worker, p Pipeline) {
	shed := c.Shed
	*c = Conn{Worker: w, Shed: shed, Resource: -1}
	c.In.Init(w.Pool)
	c.Out.Init(w.Pool)
	c.stage = p.Open(c)
}

// Close gives back everything c holds.
func (c *Conn) Close(p Pipeline) {
	p.Close(c)
	c.In.Release()
	c.Out.Release()
	c.stage, c.State, c.Shed = nil, nil, false
}

// HasRoom reports whether a stage may add to Out; if not, it blocks for WaitRoom.
func (c *Conn) HasRoom() bool { return c.Out.Len() < c.Worker.OutLimit }

// Pipeline is an app for one worker: it makes the stages of each connection.
// Its methods are called by that worker only, so it may keep free lists without
// a lock.
type Pipeline interface {
	// Open prepares c, typically sets c.State, and returns the first stage.
	Open(c *Conn) Stage
	// Close takes back c.State. Called once for every Open, however the
	// connection ended; it must release every block that State holds.
	Close(c *Conn)
}

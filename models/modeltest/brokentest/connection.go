package brokentest

import (
	"bytes"
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/buf"
	"github.com/c10kit/c10kit/models/stage"
)

// errFlaw is how a flaw ends a connection that a sound server would keep.
var errFlaw = errors.New("a flaw")

// connection is one client, served by one goroutine.
type connection struct {
	*server
	fd     int
	worker *stage.Worker
	c      stage.Conn
	opened time.Time
	shed   bool

	lost           buf.Chain // of the flaw NoLeaks-block
	sent, received int
	tiny, small    int    // reads of one byte, and of 50 to 511, since the last answer
	last           []byte // what the last read returned
	answeredEOF    bool   // something was sent after the client's FIN
	piece          []byte // of a file
}

// lose takes a block and forgets it.
func (c *connection) lose() {
	c.lost.Init(c.worker.Pool)
	c.lost.Append([]byte{0})
}

func (c *connection) publish() {
	ended := int(c.c.Ended)
	// FLAW Books: one request of each connection is not counted.
	if c.has("Books") && ended > 0 && c.sent == 0 {
		ended--
	}
	c.count(board.Begun, int(c.c.Begun))
	c.count(board.Requests, ended)
	c.c.Begun, c.c.Ended = 0, 0
}

// run serves the connection to its end.
func (c *connection) run() error {
	for {
		wait := stage.Run(&c.c)
		c.c.Expired = false
		c.publish()
		if err := c.flush(); err != nil {
			return err
		}
		switch wait {
		case 0:
			return c.finish()
		case stage.WaitInput:
			if c.c.EOF {
				return nil
			}
			if err := c.fill(); err != nil {
				return err
			}
			if c.c.Idle && c.c.In.Len() == 0 && !c.c.EOF && !c.c.Expired {
				return nil // draining
			}
		case stage.WaitTimer:
			if err := c.sleep(); err != nil {
				return err
			}
		}
	}
}

// finish ends a connection whose pipeline is done.
func (c *connection) finish() error {
	// FLAW HalfClose: a client's FIN is answered with a reset.
	if c.has("HalfClose") && c.c.EOF && !c.answeredEOF && c.env.Config.App == "http" {
		return unix.SetsockoptLinger(c.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	}
	// FLAW Close: the end that was announced comes only when the client speaks again.
	if c.has("Close") && bytes.Contains(c.last, []byte("Connection: close")) {
		if err := c.fill(); err != nil {
			return err
		}
	}
	// FLAW Malformed: no lingering close.
	if c.has("Malformed") && !c.shed && time.Since(c.opened) < 200*time.Millisecond {
		return nil
	}
	if c.c.Linger && !c.c.EOF {
		c.linger()
	}
	return nil
}

// linger sends a FIN and discards what comes until the client's.
func (c *connection) linger() {
	if unix.Shutdown(c.fd, unix.SHUT_WR) != nil {
		return
	}
	end := time.Now().Add(c.worker.Limits.Linger)
	p := make([]byte, buf.LargeSize)
	for time.Now().Before(end) {
		n, err := unix.Read(c.fd, p)
		c.count(board.BytesIn, max(n, 0))
		if n == 0 || err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// sleep waits for the connection's deadline.
func (c *connection) sleep() error {
	for c.worker.Clock.Update() < c.c.Deadline {
		time.Sleep(min(50*time.Millisecond, time.Duration(c.c.Deadline-c.worker.Clock.Now)))
		// FLAW Drain: a request that waits is given up when the server drains.
		if c.has("Drain") && c.worker.Draining() {
			return errFlaw
		}
	}
	c.c.Expired = true
	return nil
}

// fill waits for input, EOF, the deadline, or a drain if the connection is idle.
func (c *connection) fill() error {
	in := &c.c
	for silent := 0; ; {
		if late := in.Deadline != 0 && c.worker.Clock.Update() >= in.Deadline; late {
			// FLAW Timeouts: an idle connection may stay for ever.
			if !c.has("Timeouts") || !in.Idle {
				in.Expired = true
				return nil
			}
		}
		room := in.In.Reserve(512, buf.LargeSize)
		flags := 0
		if in.Idle && c.worker.Draining() {
			flags = unix.MSG_DONTWAIT
		}
		n, _, err := unix.Recvfrom(c.fd, room, flags)
		c.worker.Clock.Update()
		switch {
		case err == nil:
			c.count(board.BytesIn, n)
			c.last = append(c.last[:0], room[:n]...) // no garbage: memory is bounded in a check
			n, err = c.read(room, n)
			in.In.Commit(n)
			in.EOF = len(c.last) == 0
			return err
		case !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR):
			in.In.Commit(0)
			return err
		}
		in.In.Commit(0)
		if c.worker.Draining() {
			if silent++; silent == 2 { // the ticks of the listener's SO_RCVTIMEO
				in.Expired = true
			}
			if in.Idle || in.Expired {
				return nil
			}
		}
	}
}

package http1test

import (
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/buf"
	"github.com/c10kit/c10kit/models/stage"
)

// Limits are generous enough that only a test that wants to runs into them.
var Limits = stage.Limits{
	Header: 10 * time.Second, Body: 10 * time.Second, Request: time.Minute,
	Idle: time.Minute, Linger: 2 * time.Second, MaxBody: 1 << 20,
}

// Driver runs one connection of a pipeline, as a model does, without a socket:
// what is sent to it is put into In, what it answers is taken out of Out. Time
// stands still but for waits: a timer that is waited for fires at once.
type Driver struct {
	Worker *stage.Worker
	Conn   stage.Conn
	// Drain is the flag behind Worker.Draining.
	Drain *atomic.Uint32
	// Wait is what the pipeline waits for; 0 after it is done.
	Wait stage.Wait
	// Waits are all the waits so far but WaitInput.
	Waits []stage.Wait
	// Got is everything that the pipeline put out.
	Got []byte

	pipe   stage.Pipeline
	lender lender
	kept   buf.Chain // references of Shared
}

// lender counts the foreign memory that came back.
type lender struct{ lent, back int }

// ReleaseBlock implements buf.Releaser.
func (l *lender) ReleaseBlock(uint32) { l.back++ }

// NewWorker returns a worker for tests and the flag that drains it.
func NewWorker(copying bool) (*stage.Worker, *atomic.Uint32) {
	flag := new(atomic.Uint32)
	return stage.NewWorker(copying, Limits, flag), flag
}

// New returns a driver for connections of p, which was made for w.
func New(w *stage.Worker, drain *atomic.Uint32, p stage.Pipeline) *Driver {
	return &Driver{Worker: w, Drain: drain, pipe: p}
}

// Open begins a connection; shed says that it is over the limit.
func (d *Driver) Open(shed bool) {
	d.Got, d.Waits = nil, nil
	d.kept.Init(d.Worker.Pool)
	d.Conn.Shed = shed
	d.Conn.Open(d.Worker, d.pipe)
	d.run()
}

// Close ends the connection and returns an error if it left something behind.
func (d *Driver) Close() error {
	d.Conn.Close(d.pipe)
	d.kept.Release()
	if n := d.Worker.Pool.Live(); n != 0 {
		return fmt.Errorf("%d blocks are still in use after the connection was closed", n)
	}
	if d.lender.lent != d.lender.back {
		return fmt.Errorf("%d foreign blocks were lent and %d came back", d.lender.lent, d.lender.back)
	}
	return nil
}

// Done reports whether the pipeline has ended the connection.
func (d *Driver) Done() bool { return d.Wait == 0 }

// Send puts data into In in the given layout and lets the pipeline run until it
// waits for more input or is done.
func (d *Driver) Send(data []byte, l Layout) {
	if d.Done() || len(data) == 0 {
		return
	}
	l.fill(d, data)
	d.run()
}

// EOF is the peer's half-close.
func (d *Driver) EOF() {
	if d.Done() {
		return
	}
	d.Conn.EOF = true
	d.run()
}

// Pass lets time pass and, if that reaches the connection's deadline, wakes it.
func (d *Driver) Pass(t time.Duration) {
	d.Worker.Clock.Now += int64(t)
	if c := &d.Conn; !d.Done() && c.Deadline != 0 && d.Worker.Clock.Now >= c.Deadline {
		c.Expired = true
		d.run()
	}
}

// run is what a model does between two waits for input.
func (d *Driver) run() {
	for {
		d.Wait = stage.Run(&d.Conn)
		d.Conn.Expired = false
		d.flush()
		switch d.Wait {
		case 0, stage.WaitInput:
			return
		case stage.WaitTimer:
			d.Worker.Clock.Now = max(d.Worker.Clock.Now, d.Conn.Deadline)
			d.Conn.Expired = true
		}
		d.Waits = append(d.Waits, d.Wait)
	}
}

// flush takes everything out of Out; a file range is read from its file.
func (d *Driver) flush() {
	out := &d.Conn.Out
	for b := out.Front(); b != nil; b = b.Next() {
		if fd, off, ok := b.File(); ok {
			p := make([]byte, b.Len())
			if n, err := unix.Pread(fd, p, off); err != nil || n != len(p) {
				panic(fmt.Sprintf("http1test: pread of %d bytes at %d: %d, %v", len(p), off, n, err))
			}
			d.Got = append(d.Got, p...)
			continue
		}
		d.Got = append(d.Got, b.Bytes()...)
	}
	out.TrimFront(out.Len())
}

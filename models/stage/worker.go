package stage

import (
	"sync/atomic"
	"time"

	"github.com/c10kit/c10kit/models/buf"
)

// Limits bound what one connection may cost. Zero durations mean never.
type Limits struct {
	// Header: from the first byte of a request (or from accept) to the end of its
	// head; then 408.
	Header time.Duration
	// Body: the longest wait without progress inside a body, in either
	// direction; then 408, or a plain close if the answer has begun.
	Body time.Duration
	// Request: from the first byte of a request to the last byte of its body; then 408.
	Request time.Duration
	// Idle: between two requests of a connection; then a close without an answer.
	Idle time.Duration
	// Linger: how long a lingering close waits for the peer's FIN.
	Linger time.Duration
	// MaxBody bounds a buffered request body in bytes; then 413.
	MaxBody int64
}

// Worker is what one thread (or process) of a model lends to its connections:
// memory, time, limits. One goroutine or process uses it at a time.
type Worker struct {
	Pool   *buf.Pool
	Clock  Clock
	Limits Limits
	// Lab allows the paths that block, burn and crash.
	Lab bool
	// OutLimit bounds the bytes a connection may hold in Out before its stages
	// must wait for Room.
	OutLimit int
	// Raw: the worker is a forked child without a scheduler, where every system call
	// is a RawSyscall (internal/rawfork). Elsewhere one that blocks must not be.
	Raw bool
	// Keep lists the descriptors that the pipeline opened when it was made, for the
	// files that it sends: a forked child closes all others but its connection.
	Keep []int

	draining *atomic.Uint32
}

// DefaultOutLimit is the output bound of a connection: two large blocks, enough
// to keep a socket's send buffer full from one wake-up to the next.
const DefaultOutLimit = 2 * buf.LargeSize

// NewWorker returns a worker whose Draining follows the given flag, which may
// lie in shared memory and be set by another process.
func NewWorker(copying bool, limits Limits, draining *atomic.Uint32) *Worker {
	w := &Worker{
		Pool:     buf.NewPool(copying),
		Limits:   limits,
		OutLimit: DefaultOutLimit,
		draining: draining,
	}
	w.Clock.Update()
	return w
}

// Draining reports whether the server is ending: answer what is accepted, with
// Connection: close, and take nothing new. Safe from any thread.
func (w *Worker) Draining() bool { return w.draining.Load() != 0 }

// After returns the deadline d from now, 0 (never) for d = 0.
func (w *Worker) After(d time.Duration) int64 {
	if d == 0 {
		return 0
	}
	return w.Clock.Now + int64(d)
}

// Sooner returns the earlier of deadline (0 is never) and d from now.
func (w *Worker) Sooner(deadline int64, d time.Duration) int64 {
	if by := w.Clock.Now + int64(d); deadline == 0 || by < deadline {
		return by
	}
	return deadline
}

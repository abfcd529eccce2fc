package models

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/c10kit/c10kit/models/app"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/stage"
)

// Server is a model at work.
type Server interface {
	// Serve accepts and answers until a drain is complete (Env.Drain) and returns
	// nil, or what made it give up. It is called once, and everything that it
	// started has ended when it returns. It knows no time limit of a drain: the
	// process that serves ends when that has passed (models/control), and takes
	// what is left with it.
	Serve() error
}

// Starter is a Server that listens some time after Serve was called, because the model
// opens its listener itself (Traits.Listens).
type Starter interface {
	Server
	// Listening is closed when the server accepts connections on the address of
	// Env.Listener. It never is if Serve returns before.
	Listening() <-chan struct{}
}

// Rooted is a Server that is a process tree of its own, below the process that serves:
// what it costs is the tree's, not that of whoever watches it.
type Rooted interface {
	Server
	// Root is the pid of the tree's root. Valid when the server listens.
	Root() int
}

// Env is where a server runs. It belongs to the process that serves, which closes
// it after Serve.
type Env struct {
	Config   Config
	Listener *Listener
	Board    *board.Board

	admitted atomic.Int64 // connections of Admit

	mu       sync.Mutex
	draining bool
	drained  chan struct{} // of Draining
	more     []*Listener   // of Listen
}

// NewWorker makes the worker and the pipeline of one thread or process.
func (e *Env) NewWorker() (*stage.Worker, stage.Pipeline, error) {
	w := stage.NewWorker(e.Config.Copy, e.Config.Limits(), e.Board.Draining())
	w.Lab = e.Config.Lab
	p, err := app.New(e.Config.App, w)
	return w, p, err
}

// Listen opens one more listener on the address of Env.Listener, for a model whose
// Traits say ReusePort. It is drained and closed with the first.
func (e *Env) Listen() (*Listener, error) {
	l, err := Listen(e.Listener.Addr.String(), e.Config.Backlog, true)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.more = append(e.more, l)
	if e.draining {
		return l, l.Shutdown()
	}
	return l, nil
}

// Admit reports whether a server of several event loops may take on one more
// connection: Config.MaxConns bounds their sum, however the kernel spreads them. It is
// all that loops share, and each connection touches it twice. A connection that was
// admitted is told to Dismiss when it is closed. Models with a slot on the board for
// each connection ask that. Safe from any thread.
func (e *Env) Admit() bool {
	if e.admitted.Add(1) <= int64(e.Config.MaxConns) {
		return true
	}
	e.Dismiss()
	return false
}

// Dismiss takes back one Admit.
func (e *Env) Dismiss() { e.admitted.Add(-1) }

// Drain begins the end of the server: workers see the flag, blocked accepts wake
// up, Serve returns when what was accepted is answered. Safe from any goroutine
// and to call again.
func (e *Env) Drain() error {
	e.Board.Drain()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.drained != nil && !e.draining {
		close(e.drained)
	}
	e.draining = true
	err := e.Listener.Shutdown()
	for _, l := range e.more {
		err = errors.Join(err, l.Shutdown())
	}
	return err
}

// Draining returns a channel that is closed when a drain begins, for those that wait
// in Go and not in a system call.
func (e *Env) Draining() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.drained == nil {
		e.drained = make(chan struct{})
		if e.draining {
			close(e.drained)
		}
	}
	return e.drained
}

// Close closes the listeners and the board. No worker may use them any more.
func (e *Env) Close() error {
	err := e.Listener.Close()
	for _, l := range e.more {
		err = errors.Join(err, l.Close())
	}
	return errors.Join(err, e.Board.Close())
}

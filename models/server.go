package models

import (
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

// Env is where a server runs. It belongs to the process that serves; the listener
// and the board are closed by whoever opened them, after Serve.
type Env struct {
	Config   Config
	Listener *Listener
	Board    *board.Board
}

// NewWorker makes the worker and the pipeline of one thread or process.
func (e *Env) NewWorker() (*stage.Worker, stage.Pipeline, error) {
	w := stage.NewWorker(e.Config.Copy, e.Config.Limits(), e.Board.Draining())
	w.Lab = e.Config.Lab
	p, err := app.New(e.Config.App, w)
	return w, p, err
}

// Drain begins the end of the server: workers see the flag, blocked accepts wake
// up, Serve returns when what was accepted is answered. Safe from any goroutine
// and to call again.
func (e *Env) Drain() error {
	e.Board.Drain()
	return e.Listener.Shutdown()
}

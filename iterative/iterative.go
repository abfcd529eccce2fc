// Package iterative is the server that Stevens measures the others against (UNP,
// chapter 30, row 0): one thread accepts a connection, serves it to its end, and
// only then accepts the next.
//
//	main:  accept --> serve until closed --> accept --> ...
//
// It has no process control at all, so what another model costs more than this
// one per connection is the price of its concurrency. Asked for a second
// connection while the first is kept alive, it lets it wait in the accept queue.
package iterative

import (
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/conn"
)

func init() {
	models.Register(&models.Model{
		Name:  "iterative",
		About: "one connection after the other on one thread: the baseline",
		Variants: []models.Variant{{Name: models.NoVariant, Traits: models.Traits{
			Kind:         models.Serial,
			Processes:    "1",
			Threads:      "1",
			Blocking:     true,
			Multiplexing: "none",
			Multicore:    false,
			CrashTakes:   "server",
			Switches:     "1",
			MaxWorkers:   1,
		}}},
		New: func(env *models.Env) (models.Server, error) { return &server{env}, nil },
	})
}

type server struct{ env *models.Env }

// Serve implements models.Server on the calling goroutine.
func (s *server) Serve() error {
	w, err := conn.NewThreadWorker(s.env, conn.Blocking)
	if err != nil {
		return err
	}
	w.Enter()
	defer w.Leave()
	for {
		fd, ok, err := w.Accept(s.env.Listener.FD)
		if !ok {
			return err
		}
		w.Serve(fd)
	}
}

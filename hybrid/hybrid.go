// Package hybrid is the server with an event loop for each processor (muduo scheme
// 9; nginx): every thread has a loop, and a listener of its own on the one address
// (SO_REUSEPORT), between which the kernel distributes connections by a hash.
//
//	          +--> listener 1 --> thread 1: epoll loop, its connections
//	address --+--> listener 2 --> thread 2: epoll loop, its connections
//	          +--> listener N --> ...
//
// Nothing is shared but the address: no lock, no hand-over, no herd. The hash
// looks at addresses and ports and not at load, so one loop may have twice the
// connections of another, and those of a busy loop wait while another idles.
package hybrid

import (
	"errors"
	"sync"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/conn"
)

func init() {
	models.Register(&models.Model{
		Name:  "hybrid",
		About: "an event loop and a SO_REUSEPORT listener for each thread",
		Variants: []models.Variant{{Name: "reuseport", Traits: models.Traits{
			Kind:         models.Events,
			Processes:    "1",
			Threads:      "workers",
			Blocking:     false,
			Multiplexing: "epoll",
			Multicore:    true,
			CrashTakes:   "server",
			Switches:     "0-1",
			ReusePort:    true,
		}}},
		New: func(env *models.Env) (models.Server, error) { return &server{env}, nil },
	})
}

type server struct{ env *models.Env }

// Serve implements models.Server.
func (s *server) Serve() error {
	var loops sync.WaitGroup
	errs := make([]error, s.env.Config.Workers)
	for i := range errs {
		w, err := s.newLoop(i)
		if err != nil {
			errs[i] = errors.Join(err, s.env.Drain())
			break
		}
		loops.Go(func() {
			w.Enter()
			defer w.Leave()
			if errs[i] = w.Run(); errs[i] != nil { // the others do not serve half of the clients
				errs[i] = errors.Join(errs[i], s.env.Drain())
			}
		})
	}
	loops.Wait()
	return errors.Join(errs...)
}

// newLoop makes loop i with a listener of its own; the first has the one that the
// server was given.
func (s *server) newLoop(i int) (*conn.EventsWorker, error) {
	l := s.env.Listener
	if i > 0 {
		var err error
		if l, err = s.env.Listen(); err != nil {
			return nil, err
		}
	}
	return conn.NewEventsWorker(s.env, l)
}

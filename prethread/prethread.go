// Package prethread is the server with a thread pool made in advance (UNP,
// chapter 30, rows 7 to 9; muduo scheme 4): every thread blocks in accept(2) on
// the one listener and serves what it gets, one connection at a time.
//
//	            +--> thread 1: accept --> serve until closed --> accept ...
//	listener ---+--> thread 2: accept --> ...
//	            +--> thread N: ...
//
// The kernel wakes one waiter for each connection (exclusive wait, first in first
// out), so there is no thundering herd and no lock. More keep-alive connections
// than threads wait in the accept queue until a thread is free.
package prethread

import (
	"errors"
	"sync"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/conn"
)

func init() {
	models.Register(&models.Model{
		Name:  "prethread",
		About: "a pool of threads, each blocking in accept and then in read",
		Variants: []models.Variant{{Name: "accept", Traits: models.Traits{
			Kind:         models.Pool,
			Processes:    "1",
			Threads:      "workers",
			Blocking:     true,
			Multiplexing: "none",
			Multicore:    true,
			CrashTakes:   "server",
			Switches:     "1",
		}}},
		New: func(env *models.Env) (models.Server, error) { return &server{env}, nil },
	})
}

type server struct{ env *models.Env }

// Serve implements models.Server.
func (s *server) Serve() error {
	var threads sync.WaitGroup
	errs := make([]error, s.env.Config.Workers)
	for i := range errs {
		w, err := conn.NewThreadWorker(s.env, conn.Blocking)
		if err != nil {
			errs[i] = errors.Join(err, s.env.Drain())
			break
		}
		threads.Go(func() { errs[i] = s.threadMain(w) })
	}
	threads.Wait()
	return errors.Join(errs...)
}

// threadMain is the life of one thread of the pool, which ends with it.
func (s *server) threadMain(w *conn.ThreadWorker) error {
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

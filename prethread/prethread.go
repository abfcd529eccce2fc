// Package prethread is the server with a thread pool made in advance (UNP,
// chapter 30, rows 7 to 9; muduo scheme 4): every worker blocks in accept(2) on
// the one listener and serves what it gets, one connection at a time.
//
//	main: create x N
//	         |
//	         +--> worker 1: accept --> serve until closed --> accept ...
//	         +--> worker N: ...
//
// The kernel wakes one waiter for each connection (exclusive wait, first in first
// out), so there is no thundering herd and no lock. More keep-alive connections
// than workers wait in the accept queue until one is free.
package prethread

import (
	"errors"
	"sync"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/conn"
)

func init() {
	traits := models.Traits{
		Kind:         models.Pool,
		Processes:    "1",
		Threads:      "workers",
		Blocking:     true,
		Multiplexing: "none",
		Multicore:    true,
		CrashTakes:   "server",
		Switches:     "1",
	}
	models.Register(&models.Model{
		Name:     "prethread",
		About:    "a pool of threads, each blocking in accept and then in read",
		Variants: []models.Variant{{Name: "accept", Traits: traits}},
		New:      func(env *models.Env) (models.Server, error) { return &server{env}, nil },
	})
}

type server struct{ env *models.Env }

// Serve implements models.Server: it makes the pool.
func (s *server) Serve() error {
	var threads sync.WaitGroup
	errs := make([]error, s.env.Config.Workers)
	for i := range errs {
		w, err := conn.NewThreadWorker(s.env, conn.Blocking)
		if err != nil {
			errs[i] = errors.Join(err, s.env.Drain())
			break
		}
		threads.Go(func() { errs[i] = thread(w, s.env.Listener.FD) })
	}
	threads.Wait()
	return errors.Join(errs...)
}

// thread is the life of one thread of the pool, which ends with it.
func thread(w *conn.ThreadWorker, listener int) error {
	w.Enter()
	defer w.Leave()
	for {
		fd, ok, err := w.Accept(listener)
		if !ok {
			return err
		}
		w.Serve(fd)
	}
}

// Package prefork is the server with a process pool made in advance (UNP,
// chapter 30, rows 2 to 5; muduo scheme 3): every worker blocks in accept(2) on
// the one listener and serves what it gets, one connection at a time.
//
//	forker: fork x N; reap, replace
//	         |
//	         +--> worker 1: accept --> serve until closed --> accept ...
//	         +--> worker N: ...
//
// The kernel wakes one waiter for each connection (exclusive wait, first in first
// out), so there is no thundering herd and no lock. More keep-alive connections
// than workers wait in the accept queue until one is free.
package prefork

import (
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/conn"
	"github.com/c10kit/c10kit/models/fork"
)

func init() {
	traits := models.Traits{
		Kind:         models.Pool,
		Processes:    "workers",
		Threads:      "1",
		Blocking:     true,
		Multiplexing: "none",
		Multicore:    true,
		CrashTakes:   "connection",
		Switches:     "1",
		Forks:        true,
	}
	models.Register(&models.Model{
		Name:     "prefork",
		About:    "a pool of processes, each blocking in accept and then in read",
		Variants: []models.Variant{{Name: "accept", Traits: traits}},
		New:      fork.NewServer,
	})
	fork.Register("prefork", fork.Model{Forker: forker, Child: child})
}

// forker is the life of the process that forks: it keeps the pool full.
func forker(f *fork.Forker) error {
	for {
		ok, err := f.Vacancy()
		if !ok {
			return err
		}
		if err := f.Fork(f.Env.Listener.FD); err != nil {
			f.Postpone(err) // fewer children serve on
		}
	}
}

// child is the life of one process of the pool, which ends with it.
func child(w *conn.ThreadWorker, listener int) error {
	for !w.Worn() {
		fd, ok, err := w.Accept(listener)
		if !ok {
			return err
		}
		w.Serve(fd)
	}
	return nil
}

// Package prefork is the server with a pool of processes made in advance (UNP,
// chapter 30, rows 2 to 5; muduo scheme 3; Apache's prefork): every child blocks in
// accept(2) on the one listener and serves what it gets, one connection at a time.
//
//	forker: fork x N; reap, replace
//	         |
//	         +--> child 1: accept --> serve until closed --> accept ...
//	         +--> child 2: accept --> ...
//	         +--> child N: ...
//
// The kernel wakes one waiter for each connection, whichever process it is in. More
// keep-alive connections than children wait in the accept queue until one is free.
package prefork

import (
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/conn"
	"github.com/c10kit/c10kit/models/fork"
)

func init() {
	models.Register(&models.Model{
		Name:  "prefork",
		About: "a pool of processes, each blocking in accept and then in read",
		Variants: []models.Variant{{Name: "accept", Traits: models.Traits{
			Kind:         models.Pool,
			Processes:    "workers",
			Threads:      "1",
			Blocking:     true,
			Multiplexing: "none",
			Multicore:    true,
			CrashTakes:   "connection",
			Switches:     "1",
			Forks:        true,
		}}},
		New: fork.NewServer,
	})
	fork.Register("prefork", fork.Model{
		Forker: forker,
		Child:  child,
		Exec:   func(string) bool { return false },
	})
}

// forker is the life of the process that forks: it keeps the pool full.
func forker(f *fork.Forker) error {
	for {
		for f.Children() < f.Env.Config.Workers && f.Ready() {
			if err := f.Fork(f.Env.Listener.FD); err != nil {
				return err
			}
		}
		if ok, err := f.Wait(); !ok {
			return err
		}
	}
}

// child is the life of one process of the pool.
func child(w *conn.ThreadWorker, listener int) {
	for !w.Worn() {
		fd, ok, _ := w.Accept(listener)
		if !ok {
			return
		}
		w.Serve(fd)
	}
}

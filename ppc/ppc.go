// Package ppc is the server with a process for each connection (UNP, chapter 30,
// row 1; muduo scheme 1): one process accepts and forks, each connection has a
// child of its own that ends with it.
//
//	forker: accept --> fork --> close; reap
//	         |
//	         +--> child: serve until closed, end
//
// The variant fork is a real fork without exec: the child is a copy of the forker,
// as in C. The variant exec starts the program anew for each connection, as inetd
// does, and shows what that costs.
package ppc

import (
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/conn"
	"github.com/c10kit/c10kit/models/fork"
)

func init() {
	traits := models.Traits{
		Kind:         models.PerConnection,
		Processes:    "1/conn",
		Threads:      "1",
		Blocking:     true,
		Multiplexing: "none",
		Multicore:    true,
		CrashTakes:   "connection",
		Switches:     "1",
		Forks:        true,
	}
	models.Register(&models.Model{
		Name:     "ppc",
		About:    "a process for each connection, forked from the one that accepts",
		Variants: []models.Variant{{Name: "fork", Traits: traits}, {Name: "exec", Traits: traits}},
		New:      fork.NewServer,
	})
	fork.Register("ppc", fork.Model{Forker: forker, Child: child, Exec: []string{"exec"}})
}

// forker is the life of the process that forks: for each connection. It closes its
// copy of that: as long as it is open, the child's close sends no FIN.
func forker(f *fork.Forker) error {
	for {
		fd, ok, err := f.Accept()
		if !ok {
			return err
		}
		if err := f.Fork(fd); err != nil {
			f.Refuse(fd) // no slot, no process: the connection is told so
			continue
		}
		f.Close(fd)
	}
}

// child is the life of a connection's process, which ends with it.
func child(w *conn.ThreadWorker, fd int) error {
	w.Serve(fd)
	return nil
}

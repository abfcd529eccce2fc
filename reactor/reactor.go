// Package reactor is the single event loop (muduo scheme 5): one thread waits in
// epoll for all connections at once and does for each what can be done without
// waiting.
//
//	            +----------------------------------------------+
//	            v                                              |
//	thread:  epoll_pwait --> for each event: accept            |
//	                                       | read, run, write -+
//
// No locks and no switch between connections; it sleeps only when none has
// anything to do. One handler that blocks stops them all, and one processor is
// all it can use.
package reactor

import (
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/conn"
)

func init() {
	models.Register(&models.Model{
		Name:  "reactor",
		About: "one event loop on one thread",
		Variants: []models.Variant{{Name: "epoll", Traits: models.Traits{
			Kind:         models.Events,
			Processes:    "1",
			Threads:      "1",
			Blocking:     false,
			Multiplexing: "epoll",
			Multicore:    false,
			CrashTakes:   "server",
			Switches:     "0-1",
			MaxWorkers:   1,
		}}},
		New: func(env *models.Env) (models.Server, error) { return &server{env}, nil },
	})
}

type server struct{ env *models.Env }

// Serve implements models.Server on the calling goroutine.
func (s *server) Serve() error {
	w, err := conn.NewEventsWorker(s.env, s.env.Listener)
	if err != nil {
		return err
	}
	w.Enter()
	defer w.Leave()
	return w.Run()
}

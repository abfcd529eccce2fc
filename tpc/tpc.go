// Package tpc is the server with a thread for each connection (UNP, chapter 30,
// row 6; muduo scheme 2): one thread accepts, each connection gets a thread of its
// own that ends with it.
//
//	acceptor: accept --> thread 1: serve until closed, end
//	          accept --> thread 2: serve until closed, end
//	          ...
//
// The variant thread makes real kernel threads: a goroutine that is locked to its
// thread and returns locked takes the thread with it. The variant goroutine is the
// control row: the same code without the lock, on however many threads the runtime
// finds necessary for blocking system calls.
package tpc

import (
	"errors"
	"runtime/debug"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/conn"
)

// Names of the variants.
const (
	variantThread    = "thread"
	variantGoroutine = "goroutine"
)

func init() {
	thread := models.Traits{
		Kind:         models.PerConnection,
		Processes:    "1",
		Threads:      "1/conn",
		Blocking:     true,
		Multiplexing: "none",
		Multicore:    true,
		CrashTakes:   "server",
		Switches:     "1",
	}
	goroutine := thread
	goroutine.Threads = "runtime"
	goroutine.Switches = "runtime"
	goroutine.Tree = true
	models.Register(&models.Model{
		Name:     "tpc",
		About:    "a thread for each connection, created and ended with it",
		Variants: []models.Variant{{Name: variantThread, Traits: thread}, {Name: variantGoroutine, Traits: goroutine}},
		New:      func(env *models.Env) (models.Server, error) { return &server{env: env}, nil },
	})
}

type server struct {
	env     *models.Env
	threads sync.WaitGroup

	mu   sync.Mutex
	idle []*conn.ThreadWorker // workers without a connection: their memory, not their thread
}

// Serve implements models.Server. The calling goroutine is the acceptor.
func (s *server) Serve() error {
	// The runtime gives up beyond 10,000 threads unless it is told of more.
	debug.SetMaxThreads(max(10_000, s.env.Config.MaxConns+1000))
	acceptor, err := conn.NewThreadWorker(s.env, conn.Blocking)
	if err != nil {
		return err
	}
	acceptor.Enter()
	defer acceptor.Leave()
	defer s.threads.Wait()
	for {
		fd, ok, err := acceptor.Accept(s.env.Listener.FD)
		if !ok {
			return err
		}
		w, err := s.worker()
		if errors.Is(err, board.ErrFull) {
			acceptor.Refuse(fd) // nobody else is left to do it
			continue
		}
		if err != nil {
			_ = unix.Close(fd)
			return errors.Join(err, s.env.Drain())
		}
		s.threads.Go(func() { s.threadMain(w, fd) })
	}
}

// threadMain is the life of a connection's thread.
func (s *server) threadMain(w *conn.ThreadWorker, fd int) {
	if s.env.Config.Variant == variantThread {
		w.Enter()
	}
	w.Serve(fd)
	thread := w.Rise()
	s.mu.Lock()
	s.idle = append(s.idle, w)
	s.mu.Unlock()
	thread.Leave()
}

// worker returns the memory of a connection's worker, of one that has ended if
// there is any. Acceptor only.
func (s *server) worker() (*conn.ThreadWorker, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.idle)
	if n == 0 {
		return conn.NewThreadWorker(s.env, conn.Blocking)
	}
	w := s.idle[n-1]
	if err := w.Again(); err != nil {
		return nil, err
	}
	s.idle = s.idle[:n-1]
	return w, nil
}

package brokentest

import (
	"bytes"
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
)

// Flaws are the variants but the first, "none".
var Flaws = []string{
	"BasicIO", "Head", "HTTP10", "Close", "ByteAtATime", "Pipelined", "HalfClose", "SlowReader", "SlowWriter",
	"ManyConns", "StreamUp", "StreamDown", "Timeouts", "Malformed", "Valid", "Drain", "Crash",
	"NoLeaks", "NoLeaks-block", "NoLeaks-goroutine", "Books", "Echo", "Unp", "Shed", "Copy",
}

func init() {
	traits := models.Traits{
		Kind:         models.PerConnection,
		Processes:    "1",
		Threads:      "1 per connection",
		Blocking:     true,
		Multiplexing: "none",
		Multicore:    true,
		CrashTakes:   "server",
		Switches:     "1",
	}
	m := &models.Model{
		Name:     "broken",
		About:    "a thread per connection with a flaw of one's choice: for the suite's own test",
		Variants: []models.Variant{{Name: "none", Traits: traits}},
		New: func(env *models.Env) (models.Server, error) {
			return &server{env: env, flaw: env.Config.Variant}, nil
		},
	}
	for _, f := range Flaws {
		m.Variants = append(m.Variants, models.Variant{Name: f, Traits: traits})
	}
	models.Register(m)
}

type server struct {
	env  *models.Env
	flaw string

	mu   sync.Mutex // guards slot and live
	slot *board.Slot
	live int // blocks that ended connections had not given back

	open    sync.WaitGroup
	flushes sync.Mutex // of the flaw SlowReader
}

// has reports whether the server has the flaw of the given name.
func (s *server) has(flaw string) bool { return s.flaw == flaw }

// count adds to a counter of the one slot that all connections share.
func (s *server) count(c board.Counter, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slot.Add(c, uint64(n))
}

func (s *server) opened() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int(s.slot.Read().Open())
}

// Serve implements models.Server.
func (s *server) Serve() error {
	var err error
	if s.slot, err = s.env.Board.Take(os.Getpid(), 0); err != nil {
		return err
	}
	err = s.accept()
	s.open.Wait()
	s.env.Board.End(s.slot, s.live)
	return err
}

func (s *server) accept() error {
	for {
		fd, _, err := unix.Accept4(s.env.Listener.FD, unix.SOCK_CLOEXEC)
		switch {
		case err == nil:
			s.take(fd)
		case errors.Is(err, unix.EINVAL):
			return nil
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR), errors.Is(err, unix.ECONNABORTED):
		default:
			return os.NewSyscallError("accept4", err)
		}
	}
}

// take serves a connection on a goroutine of its own, which is a thread as long as
// it sleeps in a system call.
func (s *server) take(fd int) {
	shed := !s.env.Admit()
	// FLAW ManyConns: from 900 connections on, it waits for one to end.
	for s.has("ManyConns") && s.opened() >= 900 && s.env.Board.Draining().Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	s.count(board.Connections, 1)
	if shed {
		s.count(board.Shed, 1)
	}
	// FLAW NoLeaks: a descriptor per connection stays open.
	if s.has("NoLeaks") {
		_, _ = unix.Eventfd(0, unix.EFD_CLOEXEC)
	}
	// FLAW NoLeaks-goroutine: a goroutine per connection never ends.
	if s.has("NoLeaks-goroutine") {
		go func() { select {} }()
	}
	s.open.Go(func() { s.serve(fd, shed) })
}

func (s *server) serve(fd int, shed bool) {
	defer s.count(board.Closed, 1)
	defer unix.Close(fd)
	if !shed {
		defer s.env.Dismiss()
	}
	// FLAW Shed: a connection over the limit is closed without a word.
	if s.has("Shed") && shed {
		return
	}
	w, p, err := s.env.NewWorker()
	if err != nil {
		s.count(board.Errors, 1)
		return
	}
	c := &connection{server: s, fd: fd, worker: w, opened: time.Now(), shed: shed}
	c.c.Shed = shed
	c.c.Open(w, p)
	// FLAW Crash: a handler's fault is caught, and takes its connection only.
	if s.has("Crash") {
		defer func() { _ = recover() }()
	}
	// FLAW NoLeaks-block: a block per connection is never given back.
	if s.has("NoLeaks-block") {
		c.lose()
	}
	if err := c.run(); err != nil {
		s.count(board.Errors, 1)
	}
	c.publish()
	c.c.Close(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live += w.Pool.Live()
}

// mangle returns p with the first old replaced, p itself if there is none.
func mangle(p []byte, old, replacement string) []byte {
	if !bytes.Contains(p, []byte(old)) {
		return p
	}
	return bytes.Replace(p, []byte(old), []byte(replacement), 1)
}

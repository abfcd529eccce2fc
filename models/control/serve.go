package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/c10kit/c10kit/internal/quiet"
	"github.com/c10kit/c10kit/internal/sys"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
)

// ErrCut is Serve's answer when a drain ran out of time: connections that were
// still being served end with the process.
var ErrCut = errors.New("the drain ran out of time and cut connections (--drain is how long it may take)")

// Serve runs a server in this process until it has drained: on ctx's end, on a
// drain request, or on the end of requests. It sets the process up as the model
// needs it (CPU affinity, GOMAXPROCS), so one process serves once. ready is called
// when the server listens. requests and answers are the control pipes; both may be
// nil. Call it on the main goroutine where the model may need the main thread out of
// the way.
//
// After ErrCut, threads of the server may still run: the caller exits.
func Serve(ctx context.Context, config models.Config, requests io.Reader, answers io.Writer, ready func(Ready)) error {
	// The main thread is kept for this goroutine: one that serves a connection and
	// ends with it (tpc) must not be the main thread, which cannot end.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	m, v, err := models.Find(config.Spec())
	if err != nil {
		return err
	}
	config = config.WithDefaults(m)
	config.Variant = v.Name
	if err := config.Check(); err != nil {
		return err
	}
	if err := sys.SetAffinity(config.CPUs); err != nil {
		return err
	}
	if !v.Traits.Tree { // a peer keeps what its users have as well
		quiet.All()
	}
	runtime.GOMAXPROCS(v.Traits.Gomaxprocs(config.Workers))
	// The runtime's own epoll and event descriptors come with the first timer in use,
	// whenever that is: now, so that later nobody takes them for a leak.
	time.AfterFunc(time.Hour, func() {}).Stop()
	b, err := board.New(config.Slots(v.Traits))
	if err != nil {
		return err
	}
	if v.Traits.Tree {
		b.SetTree()
	}
	l, err := listen(config, v.Traits)
	if err != nil {
		return errors.Join(err, b.Close())
	}
	env := &models.Env{Config: config, Listener: l, Board: b}
	server, err := m.New(env)
	if err != nil {
		return errors.Join(err, env.Close())
	}
	h := &host{env: env, answers: answers}
	return h.run(ctx, server, requests, func() {
		r := Ready{
			Addr: l.Addr.String(), Pid: os.Getpid(), Root: os.Getpid(),
			Gomaxprocs: runtime.GOMAXPROCS(0), Workers: config.Workers,
		}
		if s, ok := server.(models.Rooted); ok {
			r.Root = s.Root()
		}
		h.answer(answer{Ready: &r})
		if ready != nil {
			ready(r)
		}
	})
}

// listen opens the server's listener, or only keeps the address for a model that
// listens itself.
func listen(config models.Config, t models.Traits) (*models.Listener, error) {
	if t.Listens {
		return models.Keep(config.Addr, t.ReusePort)
	}
	return models.Listen(config.Addr, config.Backlog, t.ReusePort)
}

// accepting is what a server is whose listener was opened for it.
var accepting = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// host is a serving process.
type host struct {
	env     *models.Env
	answers io.Writer

	mu     sync.Mutex // guards closed, and the board's mapping while listen reads it
	closed bool
}

func (h *host) run(ctx context.Context, server models.Server, requests io.Reader, ready func()) error {
	served := make(chan error, 1)
	go func() { served <- server.Serve() }()
	drain := make(chan struct{}, 1)
	if requests != nil {
		go h.listen(requests, drain)
	}
	listening := accepting
	if s, ok := server.(models.Starter); ok {
		listening = s.Listening()
	}
	for ended := false; !ended; {
		select {
		case <-listening:
			ready()
			listening = nil // once
		case err := <-served:
			return errors.Join(err, h.close())
		case <-ctx.Done():
			ended = true
		case <-drain:
			ended = true
		}
	}
	if err := h.env.Drain(); err != nil {
		return err
	}
	timeout := time.NewTimer(h.env.Config.Drain)
	defer timeout.Stop()
	select {
	case err := <-served:
		return errors.Join(err, h.close())
	case <-timeout.C:
		return ErrCut
	}
}

func (h *host) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	return h.env.Close()
}

// listen answers requests, also those that come during a drain, until the pipe
// ends, which is a drain too. A drain that a signal began is nobody's answer: it
// would be taken for that of the next request.
func (h *host) listen(requests io.Reader, drain chan<- struct{}) {
	begin := func() {
		select {
		case drain <- struct{}{}:
		default: // begun already
		}
	}
	defer begin()
	lines := bufio.NewScanner(requests)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			h.answer(answer{Error: fmt.Sprintf("not a request: %v", err)})
			continue
		}
		a, ok := h.do(r)
		if !ok {
			return
		}
		h.answer(a)
		if a.Drain {
			begin()
		}
	}
}

// do carries out a request; not ok is that the server has ended meanwhile.
func (h *host) do(r request) (a answer, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return answer{}, false
	}
	switch r.Do {
	case "edge":
		e, err := readEdge(h.env.Board)
		if err != nil {
			return answer{Error: err.Error()}, true
		}
		return answer{Edge: &e}, true
	case "usage":
		u, err := readUsage()
		if err != nil {
			return answer{Error: err.Error()}, true
		}
		return answer{Usage: &u}, true
	case "stats":
		s := readStats(h.env.Board)
		return answer{Stats: &s}, true
	case "drain":
		if err := h.env.Drain(); err != nil {
			return answer{Error: err.Error()}, true
		}
		return answer{Drain: true}, true
	default:
		return answer{Error: fmt.Sprintf("unknown request %q", r.Do)}, true
	}
}

// answer writes one line. A parent that is gone is noticed by listen.
func (h *host) answer(a answer) {
	if h.answers == nil {
		return
	}
	line, err := json.Marshal(a)
	if err != nil {
		line = []byte(`{"error":"an answer that JSON cannot hold"}`)
	}
	_, _ = h.answers.Write(append(line, '\n'))
}

package modeltest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/control"
)

// patience is how long anything that should happen at once may take on a machine
// that is busy with something else.
const patience = 10 * time.Second

// poolWorkers is how many workers a pool gets where a check does not say.
const poolWorkers = 16

// Server is the model under test. A check starts as many children of it as it
// needs. Safe for several goroutines.
type Server struct {
	Model   *models.Model
	Variant models.Variant

	mu       sync.Mutex
	children []*Child
}

// Child is one server process.
type Child struct {
	*control.Process
	Config models.Config // as it was started, defaults filled in
	traits models.Traits
	ended  error
	once   sync.Once
}

func newServer(spec string) (*Server, error) {
	m, v, err := models.Find(spec)
	if err != nil {
		return nil, err
	}
	return &Server{Model: m, Variant: v}, nil
}

// Start runs a child on a free port; change, if not nil, edits its configuration.
func (s *Server) Start(ctx context.Context, change func(*models.Config)) (*Child, error) {
	config := models.Config{Variant: s.Variant.Name, Addr: "127.0.0.1:0"}
	if s.Variant.Traits.Kind == models.Pool {
		config.Workers = poolWorkers
	}
	if change != nil {
		change(&config)
	}
	config = config.WithDefaults(s.Model)
	p, err := control.Start(ctx, config)
	if err != nil {
		return nil, err
	}
	c := &Child{Process: p, Config: config, traits: s.Variant.Traits}
	s.mu.Lock()
	s.children = append(s.children, c)
	s.mu.Unlock()
	return c, nil
}

// end drains what is still running.
func (s *Server) end() error {
	var errs []error
	for _, c := range s.children {
		errs = append(errs, c.End())
	}
	return errors.Join(errs...)
}

// Serves reports whether the child can serve n connections at the same time.
func (c *Child) Serves(n int) bool { return c.atOnce(n) >= n }

// atOnce returns how many of n connections the child can serve at the same time.
func (c *Child) atOnce(n int) int {
	if limit := c.traits.Concurrency(c.Config.Workers); limit > 0 {
		return min(n, limit)
	}
	return n
}

// End drains the child and returns how it ended: nil for status 0. It may be
// called again and gives the same answer.
func (c *Child) End() error {
	c.once.Do(func() { c.ended = c.Stop(c.Config.Drain + patience) })
	return c.ended
}

// Terminated sends SIGTERM, lets meanwhile run, and returns an error unless the
// child then ends with status 0 within its drain time.
func (c *Child) Terminated(meanwhile func() error) error {
	begin := time.Now()
	if err := c.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := meanwhile(); err != nil {
		return err
	}
	return c.drained(begin)
}

// drained waits for the end of a drain that began at the given time.
func (c *Child) drained(begin time.Time) error {
	select {
	case <-c.Exited():
	case <-time.After(time.Until(begin.Add(c.Config.Drain))):
		return fmt.Errorf("the drain did not end within %v; the board says %+v", c.Config.Drain, c.Board.Total())
	}
	if err := c.End(); err != nil {
		return fmt.Errorf("the drained server did not exit with status 0: %w", err)
	}
	return nil
}

// until waits for the board to say what is wanted.
func (c *Child) until(what string, reached func(board.Counts) bool) error {
	end := time.Now().Add(patience)
	for {
		counts := c.Board.Total()
		if reached(counts) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the board never showed %s; it says %+v", what, counts)
		}
		select {
		case <-c.Exited():
			return fmt.Errorf("the server ended before the board showed %s: %w", what, errors.Join(errors.New("exited"), c.End()))
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// draining waits until the workers are told of the drain.
func (c *Child) draining() error {
	return c.until("the drain flag", func(board.Counts) bool { return c.Board.Draining().Load() != 0 })
}

// allClosed waits until the server has closed every connection.
func (c *Child) allClosed() error {
	return c.until("every connection closed", func(n board.Counts) bool { return n.Open() == 0 })
}

// settled waits until the child has sent more than the given number of bytes, and
// no more for a while: it waits for a client that does not read.
func (c *Child) settled(before uint64) error {
	last, since := before, time.Now()
	return c.until("output that has come to a stop", func(n board.Counts) bool {
		if n.BytesOut != last {
			last, since = n.BytesOut, time.Now()
		}
		return last > before && time.Since(since) > 50*time.Millisecond
	})
}

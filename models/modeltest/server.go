package modeltest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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

	check string // that is run
	only  string // the only part of it that is, if not empty, whatever Traits.Skips says

	mu       sync.Mutex
	children []*Child
}

// runs reports whether a part of the check is to be run: a case, or a path.
func (s *Server) runs(part string) bool {
	if s.only != "" {
		return s.only == part
	}
	skips := s.Variant.Traits.Skips
	return skips[part] == "" && skips[s.check+"/"+part] == ""
}

// served returns those exchanges whose paths the model serves.
func (s *Server) served(list []exchange) []exchange {
	return slices.DeleteFunc(slices.Clone(list), func(e exchange) bool {
		for path := range s.Variant.Traits.Skips {
			if strings.HasPrefix(path, "/") && strings.HasPrefix(e.path, path) {
				return s.only != path
			}
		}
		return strings.HasPrefix(s.only, "/")
	})
}

// caseNames lists the names of a check's cases.
func caseNames[T any](cases []T, name func(T) string) []string {
	names := make([]string, 0, len(cases))
	for _, c := range cases {
		names = append(names, name(c))
	}
	return names
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

// counts reports whether the board is a witness: it is where the check Books is not
// skipped.
func (c *Child) counts() bool { return c.traits.Skips["Books"] == "" }

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
	return c.see(what, "the board", func() (any, bool, error) {
		counts := c.Board.Total()
		return counts, reached(counts), nil
	})
}

// see waits for a witness to say what is wanted.
func (c *Child) see(what, witness string, look func() (says any, reached bool, err error)) error {
	end := time.Now().Add(patience)
	for exited := false; ; {
		says, reached, err := look()
		switch {
		case reached || err != nil:
			return err
		case exited: // looked at once more: it may have come with the end
			return fmt.Errorf("the server ended before %s showed %s: %w", witness, what, errors.Join(errors.New("exited"), c.End()))
		case time.Now().After(end):
			return fmt.Errorf("%s never showed %s; it says %+v", witness, what, says)
		}
		select {
		case <-c.Exited():
			exited = true
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// draining waits until the workers are told of the drain.
func (c *Child) draining() error {
	return c.until("the drain flag", func(board.Counts) bool { return c.Board.Draining().Load() != 0 })
}

// allClosed waits until the server has closed every connection.
func (c *Child) allClosed() error { return c.open(0) }

// open waits until the server has n connections.
func (c *Child) open(n int) error {
	if !c.counts() {
		return c.seeSockets(fmt.Sprintf("%d connections", n), func(t table) bool { return len(t.server) == n })
	}
	return c.until(fmt.Sprintf("%d connections", n), func(b board.Counts) bool { return b.Open() == uint64(n) })
}

// settled waits until the child has sent more than the given number of bytes, and
// no more for a while: it waits for a client that does not read.
func (c *Child) settled(before uint64) error {
	last, since := before, time.Now()
	if !c.counts() {
		last = 0
		return c.seeSockets("output that has come to a stop", func(t table) bool {
			if n := t.inFlight(); n != last {
				last, since = n, time.Now()
			}
			return last > 0 && time.Since(since) > 50*time.Millisecond
		})
	}
	return c.until("output that has come to a stop", func(n board.Counts) bool {
		if n.BytesOut != last {
			last, since = n.BytesOut, time.Now()
		}
		return last > before && time.Since(since) > 50*time.Millisecond
	})
}

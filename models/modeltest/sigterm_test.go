package modeltest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/control"
)

// This file: SIGTERM with a server full of connections, for every variant of every
// model.

// Connections of a server that can serve that many at a time.
const (
	sigtermBusy     = 40 // with a request in flight, of which
	sigtermInFlight = 30 // the board must still show so many after the signal
	sigtermIdle     = 16
)

func TestSIGTERM(t *testing.T) { sigterms(t, 1) }

// TestProofSIGTERM does it 20 times on each.
func TestProofSIGTERM(t *testing.T) {
	if os.Getenv("C10KIT_PROOFS") == "" {
		t.Skip("20 times each takes minutes: set C10KIT_PROOFS=1 (make proofs)")
	}
	sigterms(t, 20)
}

func sigterms(t *testing.T, times int) {
	for _, m := range models.All() {
		for _, v := range m.Variants {
			t.Run(models.Spec(m, v.Name), func(t *testing.T) {
				if v.Traits.Skips["Books"] != "" {
					t.Skip("no board says what is in flight: the check Drain is what there is")
				}
				if times == 1 {
					t.Parallel() // most of it is waiting for the tick of idle connections
				}
				for range times {
					if err := sigterm(m, v); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
}

// errTooSlow: requests were answered before the others had begun.
var errTooSlow = errors.New("too few requests in flight when the signal came")

// sigterm tries again with longer requests where the machine is too busy for 40 of
// 20 ms to be in flight at a time.
func sigterm(m *models.Model, v models.Variant) error {
	for d := 20 * time.Millisecond; ; d *= 2 {
		err := sigtermOnce(m, v, d)
		if !errors.Is(err, errTooSlow) || d > time.Second {
			return err
		}
	}
}

func sigtermOnce(m *models.Model, v models.Variant, d time.Duration) error {
	busy, inFlight, idle, halves := sigtermBusy, sigtermInFlight, sigtermIdle, 1
	config := models.Config{Variant: v.Name, Addr: "127.0.0.1:0"}
	if v.Traits.Kind == models.Pool {
		config.Workers = busy + idle + halves
	}
	config = config.WithDefaults(m)
	if v.Traits.Concurrency(config.Workers) == 1 {
		busy, inFlight, idle, halves = 1, 1, 0, 0 // iterative
	}
	p, err := control.Start(context.Background(), config)
	if err != nil {
		return err
	}
	s := &sigtermed{Process: p, path: "/wait/" + d.String()}
	defer func() {
		for _, c := range s.conns {
			c.Close()
		}
	}()
	err = s.full(busy, idle, halves)
	if err == nil {
		err = s.signal(busy, inFlight, idle)
	}
	if err != nil {
		return errors.Join(err, p.Kill())
	}
	left := time.Until(s.begin.Add(config.Drain))
	select {
	case <-p.Exited():
	case <-time.After(left):
		err = fmt.Errorf("the drain takes longer than %v; the board says %+v", config.Drain, p.Board.Total())
	}
	return errors.Join(err, p.Stop(0))
}

// sigtermed is a server under test with its connections: busy, idle, half.
type sigtermed struct {
	*control.Process
	path  string
	conns []*sigtermConn
	begin time.Time // of the signal
}

type sigtermConn struct {
	net.Conn
	r *bufio.Reader
}

const sigtermHost = " HTTP/1.1\r\nHost: a\r\n\r\n"

// full opens the connections, each served once but those with half a request.
func (s *sigtermed) full(busy, idle, halves int) error {
	for i := range busy + idle + halves {
		conn, err := net.DialTimeout("tcp", s.Addr(), 10*time.Second)
		if err != nil {
			return err
		}
		c := &sigtermConn{conn, bufio.NewReader(conn)}
		s.conns = append(s.conns, c)
		if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
			return err
		}
		if i >= busy+idle {
			before := s.Board.Total().BytesIn
			if _, err := io.WriteString(c, "GET /plaintext"); err != nil {
				return err
			}
			for end := time.Now().Add(10 * time.Second); s.Board.Total().BytesIn == before; time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					return errors.New("half a request is never read")
				}
			}
			continue
		}
		if _, err := io.WriteString(c, "GET /plaintext"+sigtermHost); err != nil {
			return err
		}
		if _, err := c.answer(); err != nil {
			return err
		}
	}
	return nil
}

// signal sends the requests and then SIGTERM, and looks at every connection.
func (s *sigtermed) signal(busy, inFlight, idle int) error {
	for _, c := range s.conns[:busy] {
		if _, err := io.WriteString(c, "GET "+s.path+sigtermHost); err != nil {
			return err
		}
	}
	before := s.Board.Total().Requests
	for end := time.Now().Add(10 * time.Second); s.Board.Total().InFlight() < uint64(inFlight); runtime.Gosched() {
		if s.Board.Total().Requests != before || time.Now().After(end) {
			return errTooSlow
		}
	}
	s.begin = time.Now()
	if err := s.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	for s.Board.Draining().Load() == 0 {
		if time.Since(s.begin) > 5*time.Second {
			return errors.New("SIGTERM began no drain")
		}
		runtime.Gosched()
	}
	if n := s.Board.Total().InFlight(); n < uint64(inFlight) {
		return fmt.Errorf("%w: %d", errTooSlow, n)
	}
	return s.look(busy, inFlight, idle)
}

// look wants an answer for all that was accepted, and then a FIN for everybody. The rest of
// half a request comes before the FINs are waited for, some of which come with the server's
// tick of a second: of two silent ones it makes a 408.
func (s *sigtermed) look(busy, inFlight, idle int) error {
	for _, c := range s.conns[busy+idle:] {
		if _, err := io.WriteString(c, sigtermHost); err != nil {
			return fmt.Errorf("the rest of half a request: %w", err)
		}
	}
	closes := 0
	for i, c := range s.conns {
		if i < busy || i >= busy+idle {
			r, err := c.answer()
			if err != nil {
				return fmt.Errorf("request %d in flight: %w", i, err)
			}
			if r.Close {
				closes++
			}
		}
		if b, err := c.r.ReadByte(); !errors.Is(err, io.EOF) {
			return fmt.Errorf("connection %d: byte %q, %w, want FIN", i, b, err)
		}
		c.Close() // the server lingers until then
	}
	if want := inFlight + len(s.conns) - busy - idle; closes < want {
		return fmt.Errorf("%d answers have Connection: close, want at least %d", closes, want)
	}
	return nil
}

func (c *sigtermConn) answer() (*http.Response, error) {
	r, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	if r.StatusCode != 200 {
		return nil, fmt.Errorf("status %s", r.Status)
	}
	return r, nil
}

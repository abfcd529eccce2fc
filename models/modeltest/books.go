package modeltest

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/c10kit/c10kit/models/board"
)

// This file: what a server must account for.

func books(ctx context.Context, s *Server) error {
	c, err := s.Start(ctx, nil)
	if err != nil {
		return err
	}
	const rounds = 12
	var answers, sent, received uint64
	for round := range rounds {
		err := c.talk(ctx, func(cl *Client) error {
			for _, e := range exchanges()[:1+round] {
				if _, err := e.do(cl); err != nil {
					return err
				}
				answers++
			}
			for range 10 {
				if _, err := cl.Get("/json"); err != nil {
					return err
				}
				answers++
			}
			sent += uint64(cl.sent)
			received += uint64(cl.received)
			return nil
		})
		if err != nil {
			return err
		}
	}
	err = c.until("all connections closed", func(n board.Counts) bool { return n.Closed == rounds })
	if err != nil {
		return err
	}
	edge, err := c.Edge()
	if err != nil {
		return err
	}
	got := c.Board.Total()
	want := board.Counts{
		Connections: rounds, Closed: rounds, Begun: answers, Requests: answers, BytesIn: sent, BytesOut: received,
		WakeUps: got.WakeUps, TimedWakeUps: got.TimedWakeUps, EAGAINs: got.EAGAINs, Ended: got.Ended,
	}
	if got != want {
		return fmt.Errorf("the board says %+v, the client %+v", got, want)
	}
	if edge.Board.Requests != answers {
		return fmt.Errorf("the edge says %d requests, the client %d", edge.Board.Requests, answers)
	}
	return nil
}

func noLeaks(ctx context.Context, s *Server) error {
	c, err := s.Start(ctx, nil)
	if err != nil {
		return err
	}
	const conns = 64
	var before, after state
	for _, st := range []*state{nil, &before, &after} { // the first round makes what is made once
		for done := 0; done < conns; {
			n := min(c.atOnce(16), conns-done)
			if err := together(n, func(i int) error { return c.leakRound(ctx, done+i) }); err != nil {
				return err
			}
			done += n
		}
		if err := c.allClosed(); err != nil {
			return err
		}
		if st != nil {
			if err := c.state(st); err != nil {
				return err
			}
		}
	}
	if err := after.since(before, conns, !c.counts()); err != nil {
		// Closing is counted before all of it has ended.
		time.Sleep(200 * time.Millisecond)
		if err := c.state(&after); err != nil {
			return err
		}
		if err := after.since(before, conns, !c.counts()); err != nil {
			return fmt.Errorf("after a second round of %d connections: %w", conns, err)
		}
	}
	return c.leaked()
}

// leakRound is one connection of a kind that i chooses: they end in every way.
func (c *Child) leakRound(ctx context.Context, i int) error {
	return c.talk(ctx, func(cl *Client) error {
		for _, e := range exchanges()[1:5] {
			if _, err := e.do(cl); err != nil {
				return err
			}
		}
		switch i % 4 {
		case 0: // refused
			if err := cl.Send("NOT HTTP\r\n\r\n"); err != nil {
				return err
			}
			_, err := cl.Receive("GET")
			return err
		case 1: // gone in the middle of a body
			if err := cl.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc"); err != nil {
				return err
			}
			return cl.Reset()
		case 2: // gone in the middle of an answer
			if err := cl.Send(request("GET", "/bytes/1073741824", "")); err != nil {
				return err
			}
			if _, err := cl.r.ReadByte(); err != nil {
				return err
			}
			return cl.Reset()
		}
		return nil
	})
}

// state is what must not grow.
type state struct {
	process
	goroutines int
}

func (c *Child) state(s *state) error {
	stats, err := c.Stats()
	if err != nil {
		return err
	}
	p, err := look(c.Pid())
	*s = state{p, stats.Goroutines}
	return err
}

// since compares with the state before a round of conns connections. The runtime
// keeps threads that it needed once, so a few more are no leak; one for each
// connection would be. pool says that a library may have a pool of goroutines, which
// does the same.
func (s state) since(before state, conns int, pool bool) error {
	goroutines := before.goroutines
	if pool {
		goroutines += conns / 4
	}
	if s.fds > before.fds || s.goroutines > goroutines || s.children > before.children || s.threads > before.threads+conns/2 {
		return fmt.Errorf("%d descriptors, %d goroutines, %d children, %d threads; before it were %d, %d, %d, %d",
			s.fds, s.goroutines, s.children, s.threads, before.fds, before.goroutines, before.children, before.threads)
	}
	return nil
}

// leaked ends the server and looks at what its workers had not given back.
func (c *Child) leaked() error {
	if err := c.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-c.Exited():
	case <-time.After(c.Config.Drain + patience):
		return fmt.Errorf("the drain did not end; the board says %+v", c.Board.Total())
	}
	total, blocks := c.Board.Total(), c.Board.Leaked()
	if err := c.End(); err != nil || !c.counts() {
		return err
	}
	if blocks != 0 || total.Open() != 0 || total.Ended == 0 {
		return fmt.Errorf("%d blocks were not given back; the board says %+v", blocks, total)
	}
	return nil
}

package modeltest

import (
	"context"
	"fmt"
	"time"

	"github.com/c10kit/c10kit/internal/race"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
)

// This file: checks with many connections.

const many = 1000

// manyFor is that, but 100 where a worker is a process with the race detector's
// shadow: a thousand of those take 30 GiB.
func manyFor(t models.Traits) int {
	if race.Enabled && t.Forks {
		return many / 10
	}
	return many
}

func manyConns(ctx context.Context, s *Server) error {
	c, err := s.Start(ctx, func(config *models.Config) {
		if s.Variant.Traits.Kind == models.Pool {
			config.Workers = manyFor(s.Variant.Traits)
		}
	})
	if err != nil {
		return err
	}
	many := manyFor(s.Variant.Traits)
	for done := 0; done < many; {
		n := c.atOnce(many)
		if err := c.inTurn(ctx, min(n, many-done)); err != nil {
			return err
		}
		done += n
	}
	if !c.counts() {
		return nil
	}
	return c.until("every connection", func(n board.Counts) bool { return n.Connections == uint64(many) })
}

// inTurn opens n connections, asks each for an answer, and again, and closes them.
func (c *Child) inTurn(ctx context.Context, n int) error {
	conns := make([]*Client, 0, n)
	defer func() {
		for _, cl := range conns {
			cl.Close()
		}
	}()
	for i := range n {
		cl, err := c.Dial(ctx)
		if err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
		conns = append(conns, cl)
	}
	for round := range 2 {
		for i, cl := range conns {
			if _, err := cl.Get("/plaintext"); err != nil {
				return fmt.Errorf("connection %d of %d, round %d: %w", i, n, round, err)
			}
		}
	}
	return nil
}

func shed(ctx context.Context, s *Server) error {
	const limit = 4
	if s.Variant.Traits.Concurrency(1) != 0 {
		return &NotApplicable{"connections wait for a worker and are never shed"}
	}
	c, err := s.Start(ctx, func(config *models.Config) {
		config.MaxConns, config.Workers = limit, 1
		config.LingerTimeout = time.Minute
		if s.Variant.Traits.ReusePort {
			config.Workers = 2 // the limit is the server's, not a loop's
		}
	})
	if err != nil {
		return err
	}
	var held [limit]*Client
	for i := range held {
		if held[i], err = c.Dial(ctx); err != nil {
			return err
		}
		defer held[i].Close()
		if _, err := held[i].Get("/plaintext"); err != nil {
			return fmt.Errorf("connection %d of %d: %w", i, limit, err)
		}
	}
	for _, text := range []string{"", request("GET", "/plaintext", "")} {
		if err := c.talk(ctx, func(cl *Client) error { return isShed(cl, text) }); err != nil {
			return err
		}
	}
	// Clients that stay although they are told to go cost the others nothing: neither
	// the time of whoever accepts nor a place, as long as the lingering close lasts.
	const rude = 10
	for range rude {
		cl, err := c.Dial(ctx)
		if err != nil {
			return err
		}
		defer cl.Close()
	}
	if err := c.until("all connections that were one too many", func(n board.Counts) bool { return n.Shed == 2+rude || !c.counts() }); err != nil {
		return err
	}
	if _, err := held[0].Get("/plaintext"); err != nil {
		return fmt.Errorf("a connection within the limit, after some were shed: %w", err)
	}
	held[1].Close()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) { // until the server has noticed
		err := c.othersServed(ctx, limit-1)
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}

// isShed sends text and wants 503 and the connection's end.
func isShed(cl *Client, text string) error {
	if err := cl.Send(text); err != nil {
		return err
	}
	a, err := cl.Receive("GET")
	if err != nil {
		return fmt.Errorf("a connection over the limit: %w", err)
	}
	if a.Status != 503 || !a.Close {
		return fmt.Errorf("a connection over the limit: status %d, close %v, want 503 and a close", a.Status, a.Close)
	}
	return cl.End()
}

package modeltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
)

// This file: what a server does to a client that keeps it waiting.

// limit is the timeout that a case is about; all others are far away.
const limit = 300 * time.Millisecond

// timeoutCase is a client that is too slow in one way. Each has a child of its
// own, so that only one timeout is short and a model that serves one connection at
// a time is not asked for more.
type timeoutCase struct {
	name  string
	short func(*models.Config)
	run   func(*Child, *Client) error
}

var timeoutCases = []timeoutCase{
	{"silent", func(c *models.Config) { c.HeaderTimeout = limit }, silent},
	{"half a head", func(c *models.Config) { c.HeaderTimeout = limit }, func(_ *Child, cl *Client) error {
		return timedOut(cl, "GET /plaintext HTTP/1.1\r\nHo", 0)
	}},
	{"a head that trickles", func(c *models.Config) { c.HeaderTimeout = limit }, func(_ *Child, cl *Client) error {
		return timedOut(cl, "GET /plaintext HTTP/1.1\r\nHost: a\r\n", 30*time.Millisecond)
	}},
	{"half a body", func(c *models.Config) { c.BodyTimeout = limit }, func(_ *Child, cl *Client) error {
		return timedOut(cl, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc", 0)
	}},
	{"a body that trickles", func(c *models.Config) { c.RequestTimeout = limit }, func(_ *Child, cl *Client) error {
		return timedOut(cl, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", 30*time.Millisecond)
	}},
	{"idle", func(c *models.Config) { c.IdleTimeout = limit }, idle},
	{"a client that does not read", func(c *models.Config) { c.BodyTimeout = limit }, unread},
}

func timeouts(ctx context.Context, s *Server) error {
	return together(len(timeoutCases), func(i int) error {
		tc := timeoutCases[i]
		if !s.runs(tc.name) {
			return nil
		}
		c, err := s.Start(ctx, func(config *models.Config) {
			config.HeaderTimeout, config.BodyTimeout, config.RequestTimeout = time.Minute, time.Minute, time.Minute
			config.IdleTimeout = time.Minute
			tc.short(config)
		})
		if err != nil {
			return err
		}
		begin := time.Now() // the server's time runs from accept on
		cl, err := c.dial(ctx, 4<<10)
		if err != nil {
			return err
		}
		defer cl.Close()
		if err := tc.run(c, cl); err != nil {
			return fmt.Errorf("%s: %w", tc.name, err)
		}
		if took := time.Since(begin); took < limit-10*time.Millisecond {
			return fmt.Errorf("%s: given up after %v, before its time of %v", tc.name, took, limit)
		}
		return nil
	})
}

// together runs f for 0 to n-1 at the same time and joins what they return.
func together(n int, f func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// timedOut sends the start of a request, then, unless every is 0, eleven bytes
// more again and again, until 408 comes.
func timedOut(cl *Client, start string, every time.Duration) error {
	if err := cl.Send(start); err != nil {
		return err
	}
	answered := make(chan struct{})
	trickled := make(chan struct{})
	go func() {
		defer close(trickled)
		for every > 0 {
			select {
			case <-answered:
				return
			case <-time.After(every):
				// An error means that the server has closed: the answer tells.
				_ = cl.Send("X-More: 1\r\n")
			}
		}
	}()
	a, err := cl.Receive("GET")
	close(answered)
	<-trickled
	if err != nil {
		return err
	}
	if a.Status != 408 || !a.Close {
		return fmt.Errorf("status %d, close %v, want 408 and a close", a.Status, a.Close)
	}
	return cl.End()
}

// silent sends nothing: the server may close without a word or with 408.
func silent(_ *Child, cl *Client) error {
	a, err := cl.Receive("GET")
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	case a.Status != 408:
		return fmt.Errorf("status %d, want 408 or nothing", a.Status)
	}
	return cl.End()
}

// idle sends one request and no other.
func idle(_ *Child, cl *Client) error {
	if _, err := cl.Get("/plaintext"); err != nil {
		return err
	}
	return cl.End()
}

// unread asks for more than the sockets hold and reads nothing of it.
func unread(c *Child, cl *Client) error {
	if err := cl.Send(request("GET", "/bytes/67108864", "")); err != nil {
		return err
	}
	if !c.counts() {
		return errors.Join(c.open(1), c.allClosed())
	}
	return c.until("the connection given up", func(n board.Counts) bool { return n.Closed == 1 })
}

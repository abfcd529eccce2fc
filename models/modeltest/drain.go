package modeltest

import (
	"context"
	"fmt"
	"time"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
)

// This file: the end of a server. Each case has a child of its own.

type drainCase struct {
	name string
	run  func(context.Context, *Child) error
}

var drainCases = []drainCase{
	{"requests in flight", drainInFlight},
	{"idle connections", drainIdle},
	{"half a request", drainHalf},
	{"half a request that stays half", drainSilent},
	{"an answer that is not read yet", drainUnread},
	{"end of the control pipe", drainPipe},
}

func drain(ctx context.Context, s *Server) error {
	return together(len(drainCases), func(i int) error {
		dc := drainCases[i]
		if !s.runs(dc.name) {
			return nil
		}
		c, err := s.Start(ctx, func(config *models.Config) { config.Drain = models.DefaultDrain + patience })
		if err == nil {
			err = dc.run(ctx, c)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", dc.name, err)
		}
		return nil
	})
}

// waiting opens connections with a request each that takes a while and returns
// when the server has begun all of them, well before it answers the first: on a
// busy machine they have to take longer.
func (c *Child) waiting(ctx context.Context) ([]*Client, error) {
	n := c.atOnce(4)
	conns := make([]*Client, 0, n)
	for range n {
		cl, err := c.Dial(ctx)
		if err != nil {
			return conns, err
		}
		conns = append(conns, cl)
	}
	for d := 300 * time.Millisecond; ; d *= 2 {
		before := c.Board.Total().Begun
		begin := time.Now()
		for _, cl := range conns {
			if err := cl.Send(request("GET", "/wait/"+d.String(), "")); err != nil {
				return conns, err
			}
		}
		err := c.begun(before+uint64(n), conns)
		if err != nil || time.Since(begin) < d/2 || d > patience/4 {
			return conns, err
		}
		for _, cl := range conns {
			if _, err := cl.Receive("GET"); err != nil {
				return conns, err
			}
		}
	}
}

// begun waits until the board says so of that many requests, or the clients' have been
// read where nobody counts them.
func (c *Child) begun(n uint64, conns []*Client) error {
	if !c.counts() {
		return c.taken(conns...)
	}
	return c.until("all requests begun", func(b board.Counts) bool { return b.Begun == n })
}

// half waits until the server has read the half of a request that cl sent.
func (c *Child) half(cl *Client) error {
	if !c.counts() {
		return c.taken(cl)
	}
	return c.until("half a request", func(b board.Counts) bool { return b.BytesIn > 0 })
}

// lastAnswer wants a complete answer that ends the connection.
func (cl *Client) lastAnswer() error {
	a, err := cl.Receive("GET")
	if err != nil {
		return err
	}
	if a.Status != 200 || !a.Close {
		return fmt.Errorf("status %d, close %v, want 200 and Connection: close", a.Status, a.Close)
	}
	return cl.End()
}

func lastAnswers(conns []*Client) error {
	for _, cl := range conns {
		if err := cl.lastAnswer(); err != nil {
			return err
		}
	}
	return nil
}

func closeAll(conns []*Client) {
	for _, cl := range conns {
		cl.Close()
	}
}

func drainInFlight(ctx context.Context, c *Child) error {
	conns, err := c.waiting(ctx)
	defer func() { closeAll(conns) }()
	if err != nil {
		return err
	}
	return c.Terminated(func() error { return lastAnswers(conns) })
}

func drainPipe(ctx context.Context, c *Child) error {
	conns, err := c.waiting(ctx)
	defer func() { closeAll(conns) }()
	if err != nil {
		return err
	}
	begin := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- c.End() }() // closes the pipe
	if err := lastAnswers(conns); err != nil {
		return err
	}
	if err := <-ended; err != nil {
		return err
	}
	return c.drained(begin)
}

func drainIdle(ctx context.Context, c *Child) error {
	var conns []*Client
	defer func() { closeAll(conns) }()
	for range c.atOnce(4) {
		cl, err := c.Dial(ctx)
		if err != nil {
			return err
		}
		conns = append(conns, cl)
		if _, err := cl.Get("/plaintext"); err != nil {
			return err
		}
	}
	return c.Terminated(func() error {
		for _, cl := range conns {
			if err := cl.End(); err != nil {
				return err
			}
		}
		return nil
	})
}

func drainHalf(ctx context.Context, c *Child) error {
	return c.talk(ctx, func(cl *Client) error {
		if err := cl.Send("GET /plaintext HTTP/1.1\r\n"); err != nil {
			return err
		}
		if err := c.half(cl); err != nil {
			return err
		}
		return c.Terminated(func() error {
			if err := c.draining(); err != nil {
				return err
			}
			if err := cl.Send("Host: a\r\n\r\n"); err != nil {
				return err
			}
			return cl.lastAnswer()
		})
	})
}

// drainSilent is about a client that does not finish its request: the drain does not
// wait for --drain to pass, nor for --header-timeout, but tells it so (408) and ends.
func drainSilent(ctx context.Context, c *Child) error {
	return c.talk(ctx, func(cl *Client) error {
		if err := cl.Send("GET /plaintext HTTP/1.1\r\n"); err != nil {
			return err
		}
		if err := c.half(cl); err != nil {
			return err
		}
		begin := time.Now()
		err := c.Terminated(func() error {
			a, err := cl.Receive("GET")
			if err == nil && a.Status != 408 {
				err = fmt.Errorf("status %d, want 408", a.Status)
			}
			return err
		})
		if took := time.Since(begin); err == nil && took > models.DefaultHeaderTimeout-2*time.Second {
			err = fmt.Errorf("the drain took %v: it waited for the rest of a request", took)
		}
		return err
	})
}

// drainUnread is about an answer that is complete for the app and not for the
// socket: its connection is idle and may not be cut. The app hands out a file by
// the megabyte, so an answer that ends with the megabyte in which the socket got
// stuck does it.
func drainUnread(ctx context.Context, c *Child) error {
	stuck, err := c.stuck(ctx, streamSize)
	if err != nil {
		return err
	}
	took, err := c.pushed()
	if err != nil {
		return err
	}
	size := (took/mib + 1) * mib
	if size-took < mib/8 {
		size += mib
	}
	if err := stuck.Reset(); err != nil {
		return err
	}
	if err := c.allClosed(); err != nil {
		return err
	}
	cl, err := c.stuck(ctx, size)
	if err != nil {
		return err
	}
	defer cl.Close()
	return c.Terminated(func() error {
		if err := c.draining(); err != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond) // it has got around to this connection
		if err := cl.receivePattern(size, 0); err != nil {
			return err
		}
		return cl.End()
	})
}

// pushed returns how many bytes a server has got rid of that nobody has read.
func (c *Child) pushed() (int64, error) {
	if !c.counts() {
		t, err := c.sockets()
		return int64(t.inFlight()), err
	}
	return int64(c.Board.Total().BytesOut), nil
}

// stuck asks for n bytes and returns when the server cannot send any more of them.
func (c *Child) stuck(ctx context.Context, n int64) (*Client, error) {
	before := c.Board.Total().BytesOut
	cl, err := c.dial(ctx, 4<<10)
	if err != nil {
		return nil, err
	}
	err = cl.Send(request("GET", fmt.Sprintf("/bytes/%d", n), ""))
	if err == nil {
		err = c.settled(before)
	}
	if err != nil {
		cl.Close()
		return nil, err
	}
	return cl, nil
}

package modeltest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/c10kit/c10kit/models/board"
)

// This file: checks of how a client cuts what it sends.

func byteAtATime(ctx context.Context, s *Server) error {
	c, err := s.Start(ctx, nil)
	if err != nil {
		return err
	}
	return c.talk(ctx, func(cl *Client) error {
		for _, e := range []exchange{exchanges()[0], exchanges()[8]} {
			for _, b := range []byte(request(e.method, e.path, e.body)) {
				if err := c.sendByte(cl, b); err != nil {
					return err
				}
			}
			a, err := cl.Receive(e.method)
			if err != nil {
				return fmt.Errorf("%s %s, a byte at a time: %w", e.method, e.path, err)
			}
			if a.Status != e.status || string(a.Body) != e.want {
				return fmt.Errorf("%s %s, a byte at a time: status %d, body %q", e.method, e.path, a.Status, a.Body)
			}
		}
		return nil
	})
}

// sendByte writes one byte and waits until the board says that it was read, so
// that no two of them arrive together; a server that closes instead of reading
// is told by the answer.
func (c *Child) sendByte(cl *Client, b byte) error {
	if _, err := cl.Write([]byte{b}); err != nil {
		return err
	}
	if !c.counts() {
		return c.taken(cl)
	}
	return c.until("the byte that was sent", func(n board.Counts) bool {
		return int64(n.BytesIn) >= cl.sent || n.Open() == 0
	})
}

func pipelined(ctx context.Context, s *Server) error {
	c, err := s.Start(ctx, nil)
	if err != nil {
		return err
	}
	all := pattern(1000)
	for _, n := range []int{16, 1000} {
		var requests strings.Builder
		for i := range n {
			requests.WriteString(request("GET", fmt.Sprintf("/bytes/%d", i), ""))
		}
		err := c.talk(ctx, func(cl *Client) error {
			if err := cl.Send(requests.String()); err != nil {
				return err
			}
			for i := range n {
				a, err := cl.Receive("GET")
				if err != nil {
					return fmt.Errorf("answer %d: %w", i, err)
				}
				if a.Status != 200 || !bytes.Equal(a.Body, all[:i]) {
					return fmt.Errorf("answer %d has status %d and %d bytes", i, a.Status, len(a.Body))
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("%d requests in one write: %w", n, err)
		}
	}
	return nil
}

func halfClose(ctx context.Context, s *Server) error {
	c, err := s.Start(ctx, nil)
	if err != nil {
		return err
	}
	for _, list := range [][]exchange{
		{exchanges()[0]},
		{exchanges()[0], exchanges()[6], exchanges()[8]},
		{exchanges()[4], exchanges()[10]},
	} {
		list = s.served(list)
		err := c.talk(ctx, func(cl *Client) error {
			for _, e := range list {
				if err := cl.Send(request(e.method, e.path, e.body)); err != nil {
					return err
				}
			}
			if err := cl.FIN(); err != nil {
				return err
			}
			for _, e := range list {
				a, err := cl.Receive(e.method)
				if err != nil {
					return fmt.Errorf("%s %s: %w", e.method, e.path, err)
				}
				if a.Status != e.status || string(a.Body) != e.want {
					return fmt.Errorf("%s %s: status %d, %s", e.method, e.path, a.Status, difference(a.Body, []byte(e.want)))
				}
			}
			return cl.End()
		})
		if err != nil {
			return fmt.Errorf("%d requests and a FIN: %w", len(list), err)
		}
	}
	return nil
}

// trickle is a request whose body comes in pieces.
type trickle struct{ name, head, body, want string }

var trickles = func() []trickle {
	body := string(pattern(2000))
	coded := chunked(body, 100)
	return []trickle{
		{"length", fmt.Sprintf("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", len(body)), body, body},
		{"chunked", "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", coded, body},
		{"chunked sink", "POST /sink HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", coded, digest([]byte(body))},
	}
}()

func slowWriter(ctx context.Context, s *Server) error {
	c, err := s.Start(ctx, nil)
	if err != nil {
		return err
	}
	for _, r := range trickles {
		if !s.runs(r.name) {
			continue
		}
		err := c.talk(ctx, func(cl *Client) error {
			if err := cl.Send(r.head); err != nil {
				return err
			}
			for rest := strings.NewReader(r.body); rest.Len() > 0; {
				if _, err := io.CopyN(cl, rest, int64(min(100, rest.Len()))); err != nil {
					return err
				}
				time.Sleep(5 * time.Millisecond)
			}
			if err := c.othersServed(ctx, 1); err != nil {
				return err
			}
			a, err := cl.Receive("POST")
			if err == nil && (a.Status != 200 || string(a.Body) != r.want) {
				err = fmt.Errorf("status %d, %s", a.Status, difference(a.Body, []byte(r.want)))
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("a body that trickles in after %q: %w", r.head, err)
		}
	}
	return nil
}

// othersServed checks that a connection is answered while n others are busy, if
// the model can serve that many.
func (c *Child) othersServed(ctx context.Context, n int) error {
	if !c.Serves(n + 1) {
		return nil
	}
	err := c.talk(ctx, func(cl *Client) error {
		_, err := cl.Get("/plaintext")
		return err
	})
	if err != nil {
		return fmt.Errorf("another connection meanwhile: %w", err)
	}
	return nil
}

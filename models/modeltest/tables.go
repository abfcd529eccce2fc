package modeltest

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/c10kit/c10kit/models/app/http1/http1test"
	"github.com/c10kit/c10kit/models/board"
)

// This file: the tables of http1test over real connections.

// deluge is what a client goes on to send after its request was refused: more
// than the server's receive buffer and a few reads hold.
const deluge = 256 << 10

var drop = strings.Repeat("deluge\r\n", 16<<10/8)

func malformed(ctx context.Context, s *Server) error {
	c, err := s.Start(ctx, nil)
	if err != nil {
		return err
	}
	var other *Client
	if c.Serves(2) {
		if other, err = c.Dial(ctx); err != nil {
			return err
		}
		defer other.Close()
	}
	lingers := http1test.Case{
		Name: "input after Connection: close", Source: "RFC 9112, 9.6", Status: 200,
		Raw: request("GET", "/plaintext", "", "Connection: close") + drop,
	}
	for _, hostile := range append(http1test.Hostile[:len(http1test.Hostile):len(http1test.Hostile)], lingers) {
		err := c.talk(ctx, func(cl *Client) error {
			if hostile.Status == 0 {
				return hopeless(cl, hostile)
			}
			return c.refuses(cl, other, hostile)
		})
		if err != nil {
			return fmt.Errorf("%s (%s), %.60q: %w", hostile.Name, hostile.Source, hostile.Raw, err)
		}
	}
	return nil
}

// refuses sends a hostile request and, when the server has answered, a deluge.
// The answer must survive it. Meanwhile another client is answered.
func (c *Child) refuses(cl, other *Client, hostile http1test.Case) error {
	before := c.Board.Total().BytesOut
	if err := cl.Send(hostile.Raw); err != nil {
		return err
	}
	if err := c.until("an answer", func(n board.Counts) bool { return n.BytesOut > before }); err != nil {
		return err
	}
	if other != nil {
		if _, err := other.Get("/plaintext"); err != nil {
			return fmt.Errorf("a valid request on another connection: %w", err)
		}
	}
	// In several writes: only the second one sees the reset that the first provoked.
	for range deluge / len(drop) {
		if err := cl.Send(drop); err != nil {
			return fmt.Errorf("sending on after the answer: %w", err)
		}
	}
	a, err := cl.Receive("GET")
	if err != nil {
		return err
	}
	if a.Status != hostile.Status || !a.Close {
		return fmt.Errorf("status %d, close %v, want %d and a close", a.Status, a.Close, hostile.Status)
	}
	return cl.End()
}

// hopeless sends what is no HTTP, or not all of it, and a FIN: the server may
// close without a word.
func hopeless(cl *Client, hostile http1test.Case) error {
	if err := cl.Send(hostile.Raw); err != nil {
		return err
	}
	if err := cl.FIN(); err != nil {
		return err
	}
	got, err := io.ReadAll(cl.r)
	if err == nil && len(got) > 0 && !strings.HasPrefix(string(got), "HTTP/1.1 4") {
		err = fmt.Errorf("answered with %.60q", got)
	}
	return err
}

func valid(ctx context.Context, s *Server) error {
	c, err := s.Start(ctx, nil)
	if err != nil {
		return err
	}
	for _, table := range [][]http1test.Case{http1test.Valid, http1test.Captured} {
		for _, v := range table {
			if err := c.talk(ctx, func(cl *Client) error { return accepts(cl, v) }); err != nil {
				return fmt.Errorf("%s (%s), %.60q: %w", v.Name, v.Source, v.Raw, err)
			}
		}
	}
	return nil
}

// accepts sends a valid request and wants the status of the table, and from /echo
// the body.
func accepts(cl *Client, v http1test.Case) error {
	if err := cl.Send(v.Raw); err != nil {
		return err
	}
	a, err := cl.Receive(v.Method)
	for err == nil && a.Status == 100 {
		a, err = cl.Receive(v.Method)
	}
	switch {
	case err != nil:
		return err
	case a.Status != v.Status:
		return fmt.Errorf("status %d, want %d", a.Status, v.Status)
	case a.Status == 200 && strings.HasSuffix(v.Target, "/echo") && string(a.Body) != v.Body:
		return fmt.Errorf("/echo: %s", difference(a.Body, []byte(v.Body)))
	}
	return nil
}

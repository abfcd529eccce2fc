package modeltest

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/c10kit/c10kit/models/app/http1/http1test"
)

// This file: the tables of http1test over real connections.

// deluge is what a client goes on to send after its request was refused: more
// than the server's receive buffer and a few reads hold.
const deluge = 256 << 10

var drop = strings.Repeat("deluge\r\n", 16<<10/8)

// validCases are what must be accepted, and hostileCases what must not, and one that
// goes on after it asked for a close.
var (
	validCases   = slices.Concat(http1test.Valid, http1test.Captured)
	hostileCases = append(slices.Clone(http1test.Hostile), http1test.Case{
		Name: "input after Connection: close", Source: "RFC 9112, 9.6", Status: 200,
		Raw: request("GET", "/plaintext", "", "Connection: close") + drop,
	})
)

func caseName(c http1test.Case) string { return c.Name }

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
	for _, hostile := range hostileCases {
		if !s.runs(hostile.Name) {
			continue
		}
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
	if err := cl.Send(hostile.Raw); err != nil {
		return err
	}
	if _, err := cl.r.Peek(1); err != nil {
		return fmt.Errorf("waiting for an answer: %w", err)
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
	for _, v := range validCases {
		if !s.runs(v.Name) {
			continue
		}
		if err := c.talk(ctx, func(cl *Client) error { return accepts(cl, v) }); err != nil {
			return fmt.Errorf("%s (%s), %.60q: %w", v.Name, v.Source, v.Raw, err)
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

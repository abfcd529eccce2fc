package modeltest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/c10kit/c10kit/models"
)

// This file: checks of the apps that are not HTTP.

func echo(ctx context.Context, s *Server) error {
	c, err := s.Start(ctx, func(config *models.Config) { config.App = "echo" })
	if err != nil {
		return err
	}
	for _, n := range []int{1, 100, 5000, 3 * mib} {
		payload := pattern(n)
		err := c.talk(ctx, func(cl *Client) error {
			if err := cl.bounce(payload[:1]); err != nil {
				return err
			}
			if err := cl.bounce(payload); err != nil {
				return err
			}
			if err := cl.FIN(); err != nil {
				return err
			}
			return cl.End()
		})
		if err != nil {
			return fmt.Errorf("echo of %d bytes: %w", n, err)
		}
	}
	// The FIN comes while answers are on their way.
	return c.talk(ctx, func(cl *Client) error {
		payload := pattern(100_000)
		sent := make(chan error, 1)
		go func() {
			_, err := cl.Write(payload)
			if err == nil {
				err = cl.FIN()
			}
			sent <- err
		}()
		got, err := io.ReadAll(cl.r)
		if err := <-sent; err != nil {
			return err
		}
		if err == nil && !bytes.Equal(got, payload) {
			err = fmt.Errorf("echo and FIN: %s", difference(got, payload))
		}
		return err
	})
}

// bounce sends payload and wants it back, reading while it writes.
func (cl *Client) bounce(payload []byte) error {
	sent := make(chan error, 1)
	go func() {
		_, err := cl.Write(payload)
		sent <- err
	}()
	got := make([]byte, len(payload))
	_, err := io.ReadFull(cl.r, got)
	if err := <-sent; err != nil {
		return err
	}
	if err == nil && !bytes.Equal(got, payload) {
		err = fmt.Errorf("what came back differs: %s", difference(got, payload))
	}
	return err
}

func unp(ctx context.Context, s *Server) error {
	c, err := s.Start(ctx, func(config *models.Config) { config.App = "unp" })
	if err != nil {
		return err
	}
	sizes := []int{1, 10, 4000, 16384, 7}
	err = c.talk(ctx, func(cl *Client) error {
		for _, n := range sizes { // as Stevens's client does
			if err := cl.Send(fmt.Sprintln(n)); err != nil {
				return err
			}
			if err := cl.receiveBytes(n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = c.talk(ctx, func(cl *Client) error { // all at once, then FIN
		var all strings.Builder
		for _, n := range sizes {
			all.WriteString(fmt.Sprintln(n))
		}
		if err := cl.Send(all.String()); err != nil {
			return err
		}
		if err := cl.FIN(); err != nil {
			return err
		}
		for _, n := range sizes {
			if err := cl.receiveBytes(n); err != nil {
				return err
			}
		}
		return cl.End()
	})
	if err != nil {
		return fmt.Errorf("pipelined: %w", err)
	}
	for _, wrong := range []string{"0\n", "16385\n", "12x\n", "-1\n"} {
		err := c.talk(ctx, func(cl *Client) error {
			if err := cl.Send(wrong); err != nil {
				return err
			}
			return cl.End()
		})
		if err != nil {
			return fmt.Errorf("%q should close the connection: %w", wrong, err)
		}
	}
	return nil
}

// receiveBytes reads n bytes, which must be the pattern.
func (cl *Client) receiveBytes(n int) error {
	got := make([]byte, n)
	if k, err := io.ReadFull(cl.r, got); err != nil {
		return fmt.Errorf("%d of %d bytes: %w", k, n, err)
	}
	if want := pattern(n); !bytes.Equal(got, want) {
		return fmt.Errorf("%d bytes: %s", n, difference(got, want))
	}
	return nil
}

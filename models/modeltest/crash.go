package modeltest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"time"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
)

// This file: a memory fault in a handler (/crash), and what Traits.CrashTakes says
// of it.

func crash(ctx context.Context, s *Server) error {
	c, err := s.Start(ctx, func(config *models.Config) { config.Lab = true })
	if err != nil {
		return err
	}
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
	switch takes := s.Variant.Traits.CrashTakes; takes {
	case "server":
		return c.crashServer(conns)
	case "connection":
		return c.crashConnection(ctx, conns)
	default:
		return fmt.Errorf("Traits.CrashTakes is %q, which this check does not know", takes)
	}
}

// crashServer wants the end of the process, with a reason that the parent hears.
func (c *Child) crashServer(conns []*Client) error {
	if err := conns[0].crash(); err != nil {
		return err
	}
	select {
	case <-c.Exited():
	case <-time.After(patience):
		return errors.New("the server goes on after a crash that should have taken it down")
	}
	for _, cl := range conns[1:] {
		if _, err := cl.Get("/plaintext"); err == nil {
			return errors.New("a connection of a server that has crashed was answered")
		}
	}
	if conn, err := net.DialTimeout("tcp", c.Addr(), patience); err == nil {
		conn.Close()
		return errors.New("a server that has crashed still accepts")
	}
	err := c.End()
	c.ended = nil // as it should
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(err.Error(), "SIGSEGV") {
		return fmt.Errorf("the parent of a server that has crashed by SIGSEGV hears %v", err)
	}
	return nil
}

// crashConnection wants the end of one connection and its worker, and nothing else.
func (c *Child) crashConnection(ctx context.Context, conns []*Client) error {
	if !c.counts() {
		return c.crashRecovered(ctx, conns)
	}
	total := len(conns)
	workers := c.live()
	if c.traits.Kind == models.Pool { // all of which may not have begun yet
		workers = c.Config.Workers + 1
	}
	if err := c.until("all workers", func(board.Counts) bool { return c.live() == workers }); err != nil {
		return err
	}
	if err := conns[0].crash(); err != nil {
		return err
	}
	conns[0].Close()
	conns = conns[1:]
	for _, cl := range conns {
		if _, err := cl.Get("/plaintext"); err != nil {
			return fmt.Errorf("another connection of a server with a crashed worker: %w", err)
		}
	}
	err := c.until("the end of the worker's connection and request", func(n board.Counts) bool {
		return n.Open() == uint64(len(conns)) && n.InFlight() == 0 && n.Errors == 1 && n.Ended >= 1
	})
	if err != nil {
		return err
	}
	// A pool is full again; another model has a worker for each connection.
	err = c.until("a full pool again", func(board.Counts) bool {
		return c.live() == workers || c.traits.Kind == models.PerConnection && c.live() == workers-1
	})
	if err != nil {
		return err
	}
	cl, err := c.Dial(ctx)
	if err != nil {
		return err
	}
	defer cl.Close()
	if _, err := cl.Get("/plaintext"); err != nil {
		return fmt.Errorf("a connection in the place of the crashed one, %d of %d: %w", total, total, err)
	}
	return nil
}

// crashRecovered is crashConnection where no worker can be named.
func (c *Child) crashRecovered(ctx context.Context, conns []*Client) error {
	if err := conns[0].crash(); err != nil {
		return err
	}
	for _, cl := range conns[1:] {
		if _, err := cl.Get("/plaintext"); err != nil {
			return fmt.Errorf("another connection of a server with a crashed handler: %w", err)
		}
	}
	if err := c.open(len(conns) - 1); err != nil {
		return err
	}
	return c.othersServed(ctx, 1)
}

// crash asks for the fault; the connection must end without an answer.
func (cl *Client) crash() error {
	if err := cl.Send(request("GET", "/crash", "")); err != nil {
		return err
	}
	if a, err := cl.Receive("GET"); err == nil {
		return fmt.Errorf("/crash was answered with status %d", a.Status)
	}
	return nil
}

// live returns how many workers there are by the board, the forker included.
func (c *Child) live() int {
	n := 0
	slots := c.Board.Slots()
	for i := range slots {
		if slots[i].State() != board.Free && slots[i].Pid() != 0 {
			n++
		}
	}
	return n
}

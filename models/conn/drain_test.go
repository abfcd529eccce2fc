package conn_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/stage"
)

// This file: drain, and an accept that fails, under both drivers.

// TestDrainIdle: an idle connection is closed with a FIN; what has arrived before
// is answered.
func TestDrainIdle(t *testing.T) {
	each(t, stage.Limits{}, echo, func(t *testing.T, s *server) {
		c := s.dial(0)
		send(t, c, "x")
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		s.drain()
		receive(t, c, "")
	})
}

// TestDrainUnflushed: a connection whose pipeline is idle but whose client has not
// read its answer yet is not cut, and ends when it has.
func TestDrainUnflushed(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 100_000)
	var first stage.Stage
	first = func(c *stage.Conn) stage.Next {
		c.Idle = false
		if c.In.Len() > 0 {
			c.In.Release()
			c.Out.AppendString(text)
		}
		if c.EOF {
			return stage.Done()
		}
		c.Idle = true
		return stage.Block(stage.WaitInput, first)
	}
	each(t, stage.Limits{}, first, func(t *testing.T, s *server) {
		s.smallBuffers()
		c := s.dial(4 << 10)
		send(t, c, "x")
		s.until("output", func(n board.Counts) bool { return n.BytesOut > 0 })
		s.drain()
		time.Sleep(3 * tick)
		receive(t, c, text)
	})
}

// TestBusyDrain: what is under way when a drain begins is finished.
func TestBusyDrain(t *testing.T) {
	each(t, stage.Limits{}, after(stage.WaitTimer, 100*time.Millisecond), func(t *testing.T, s *server) {
		c := s.dial(0)
		s.until("the connection", func(n board.Counts) bool { return n.Connections == 1 })
		s.drain()
		receive(t, c, "in=0 eof=false expired=true")
	})
}

// TestNoDescriptors: accept fails for want of descriptors; the server waits, says so
// on the board, and goes on when there are some.
func TestNoDescriptors(t *testing.T) {
	each(t, stage.Limits{}, echo, func(t *testing.T, s *server) {
		for s.slot.State() == board.Starting {
			time.Sleep(time.Millisecond)
		}
		client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(client)
		var limit unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		none := limit
		none.Cur = 3
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &none); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * tick) // an accept that sleeps has its number already
		to := &unix.SockaddrInet4{Port: int(s.env.Listener.Addr.Port()), Addr: [4]byte{127, 0, 0, 1}}
		connected := unix.Connect(client, to)
		for end := time.Now().Add(5 * time.Second); s.slot.Read().Errors < 2 && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		if n := s.slot.Read(); connected != nil || n.Errors < 2 || n.Connections != 0 {
			t.Fatalf("connect %v; the slot counts %+v, want 2 errors and no connection", connected, n)
		}
		s.until("the connection", func(n board.Counts) bool { return n.Connections == 1 })
		if n := s.slot.Read(); n.Errors > 20 {
			t.Errorf("%d failed accepts: it spins", n.Errors)
		}
	})
}

package conn_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/buf"
	"github.com/c10kit/c10kit/models/stage"
)

// This file: how bytes leave, and how connections end, under both drivers.

// answer puts text out as soon as something has come and is done.
func answer(text string, linger bool) stage.Stage {
	return func(c *stage.Conn) stage.Next {
		if c.In.Len() == 0 && !c.EOF {
			c.Deadline = c.Worker.After(0)
			return stage.Block(stage.WaitInput, answer(text, linger))
		}
		c.Out.AppendString(text)
		c.Linger = linger
		return stage.Done()
	}
}

// echo sends back what comes, a run at a time, until EOF.
func echo(c *stage.Conn) stage.Next {
	c.Idle = false
	if c.In.Len() > 0 {
		c.Begun++
		c.Out.MoveAll(&c.In)
		c.Ended++
	}
	if c.EOF {
		return stage.Done()
	}
	c.Idle = true
	return stage.Block(stage.WaitInput, echo)
}

func TestEchoCounts(t *testing.T) {
	each(t, stage.Limits{}, echo, func(t *testing.T, s *server) {
		payload := strings.Repeat("payload.", 100_000)
		c := s.dial(0)
		sent := make(chan error, 1)
		go func() {
			_, err := io.WriteString(c, payload)
			sent <- errors.Join(err, c.CloseWrite())
		}()
		receive(t, c, payload)
		if err := <-sent; err != nil {
			t.Error(err)
		}
		s.until("the end", func(n board.Counts) bool { return n.Closed == 1 })
		n := s.slot.Read()
		if n.BytesIn != uint64(len(payload)) || n.BytesOut != n.BytesIn || n.Begun == 0 || n.Requests != n.Begun || n.Errors != 0 {
			t.Errorf("the slot counts %+v for %d bytes each way", n, len(payload))
		}
	})
}

// releases counts what a chain gave back.
type releases chan uint32

func (r releases) ReleaseBlock(id uint32) { r <- id }

// TestFileRanges: memory, file, memory, file, in the order they were appended, to a
// client that makes every write a short one.
func TestFileRanges(t *testing.T) {
	content := make([]byte, 1<<20)
	for i := range content {
		content[i] = byte(i) ^ byte(i>>9)
	}
	fd, err := unix.MemfdCreate("ranges", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if n, err := unix.Write(fd, content); n != len(content) || err != nil {
		t.Fatalf("write: %d, %v", n, err)
	}
	released := make(releases, 10)
	first := func(c *stage.Conn) stage.Next {
		c.Out.AppendString("head\n")
		c.Out.AppendFile(fd, 10, len(content)-10, released, 1)
		c.Out.AppendString("\nmiddle\n")
		c.Out.AppendFile(fd, 0, 10, released, 2)
		c.Out.AppendFile(fd, 500_000, 300_000, released, 3)
		c.Out.AppendString("\nend")
		return stage.Done()
	}
	want := fmt.Sprintf("head\n%s\nmiddle\n%s%s\nend", content[10:], content[:10], content[500_000:800_000])
	each(t, stage.Limits{}, first, func(t *testing.T, s *server) {
		s.smallBuffers()
		c := s.dial(4 << 10)
		time.Sleep(3 * tick) // the socket is full
		receive(t, c, want)
		for id := uint32(1); id <= 3; id++ {
			if got := <-released; got != id {
				t.Errorf("range %d was released in the place of %d", got, id)
			}
		}
	})
}

// TestShortFile: a file that ends before its range does cannot be sent. The
// connection is cut, not spun on.
func TestShortFile(t *testing.T) {
	fd, err := unix.MemfdCreate("short", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if _, err := unix.Write(fd, []byte("short")); err != nil {
		t.Fatal(err)
	}
	first := func(c *stage.Conn) stage.Next {
		c.Out.AppendFile(fd, 0, 100, nil, 0)
		return stage.Done()
	}
	each(t, stage.Limits{}, first, func(t *testing.T, s *server) {
		receive(t, s.dial(0), "short")
		if n := s.slot.Read(); n.Errors != 1 {
			t.Errorf("%d errors counted, want 1", n.Errors)
		}
	})
}

// TestManyWindows: more windows than one writev takes, some of them shared.
func TestManyWindows(t *testing.T) {
	static := buf.NewStatic(bytes.Repeat([]byte("0123456789"), 100))
	var want strings.Builder
	for i := range 500 {
		want.WriteString(strings.Repeat("0123456789", 100)[i : i+10+i%7])
		fmt.Fprintf(&want, "<%d>", i)
	}
	first := func(c *stage.Conn) stage.Next {
		for i := range 500 {
			c.Out.AppendStatic(static, i, 10+i%7)
			c.Out.AppendString(fmt.Sprintf("<%d>", i))
		}
		return stage.Done()
	}
	each(t, stage.Limits{}, first, func(t *testing.T, s *server) { receive(t, s.dial(0), want.String()) })
}

// TestStalledClient: one that takes nothing for Limits.Body is given up; one that
// takes a little now and then is not.
func TestStalledClient(t *testing.T) {
	const size = 8 << 20
	block := buf.NewStatic(bytes.Repeat([]byte{'x'}, 1<<20))
	first := func(c *stage.Conn) stage.Next {
		for range size >> 20 {
			c.Out.AppendStatic(block, 0, 1<<20)
		}
		return stage.Done()
	}
	each(t, stage.Limits{Body: 200 * time.Millisecond}, first, func(t *testing.T, s *server) {
		begin := time.Now()
		s.dial(4 << 10)
		s.until("the client given up", func(n board.Counts) bool { return n.Closed == 1 })
		if n := s.slot.Read(); n.Errors != 1 {
			t.Errorf("%d errors counted, want 1", n.Errors)
		}
		if d := time.Since(begin); d < 200*time.Millisecond {
			t.Errorf("given up after %v, before its time", d)
		}
	})
	const body = 400 * time.Millisecond // five times as long as the client sleeps
	each(t, stage.Limits{Body: body}, first, func(t *testing.T, s *server) {
		s.smallBuffers()
		c := s.dial(64 << 10)
		got := 0
		p := make([]byte, 512<<10)
		for begin := time.Now(); time.Since(begin) < 3*body; time.Sleep(4 * tick) {
			n, err := io.ReadAtLeast(c, p[:128<<10], 64<<10)
			if err != nil {
				t.Fatalf("after %d bytes: %v", got, err)
			}
			got += n
		}
		rest, err := io.ReadAll(c)
		if err != nil || got+len(rest) != size {
			t.Errorf("received %d of %d bytes: %v", got+len(rest), size, err)
		}
	})
}

// TestStallIsForgotten: a client that was slow to take an answer, and took it, may
// be idle for longer than Limits.Body afterwards.
func TestStallIsForgotten(t *testing.T) {
	const body = 400 * time.Millisecond
	each(t, stage.Limits{Body: body}, echo, func(t *testing.T, s *server) {
		s.smallBuffers()
		c := s.dial(4 << 10)
		payload := strings.Repeat("slow", 50_000)
		go func() { _, _ = io.WriteString(c, payload) }() // received below, or not
		time.Sleep(2 * tick)
		if _, err := io.ReadFull(c, make([]byte, len(payload))); err != nil {
			t.Fatal(err)
		}
		time.Sleep(body + body/2)
		send(t, c, "x")
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		receive(t, c, "x")
	})
}

// TestDataAndFIN: both are there before the server looks for the first time. No
// event will tell it of the FIN after it has read the data.
func TestDataAndFIN(t *testing.T) {
	first := func(c *stage.Conn) stage.Next {
		time.Sleep(20 * time.Millisecond) // the server is busy
		return stage.Go(echo)
	}
	each(t, stage.Limits{}, first, func(t *testing.T, s *server) {
		for range 3 {
			c := s.dial(0)
			send(t, c, "abc")
			if err := c.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			receive(t, c, "abc")
		}
	})
}

// TestLinger: the client goes on sending after the answer; the answer arrives, and
// then the end, without a reset.
func TestLinger(t *testing.T) {
	each(t, stage.Limits{Linger: 10 * time.Second}, answer("answer", true), func(t *testing.T, s *server) {
		c := s.dial(0)
		for range 64 {
			send(t, c, strings.Repeat("deluge..", 2<<10))
			time.Sleep(100 * time.Microsecond)
		}
		receive(t, c, "answer")
		c.Close()
		s.until("the end", func(n board.Counts) bool { return n.Closed == 1 })
		if n := s.slot.Read(); n.Errors != 0 {
			t.Errorf("%d errors counted, want none", n.Errors)
		}
	})
}

// TestLingerEnds: however long the client goes on.
func TestLingerEnds(t *testing.T) {
	each(t, stage.Limits{Linger: 60 * time.Millisecond}, answer("answer", true), func(t *testing.T, s *server) {
		quiet := s.dial(0)
		send(t, quiet, "x")
		receive(t, quiet, "answer")
		s.until("the quiet one closed", func(n board.Counts) bool { return n.Closed == 1 })
		c := s.dial(0)
		var err error
		for end := time.Now().Add(10 * time.Second); err == nil && time.Now().Before(end); {
			_, err = c.Write(make([]byte, 100))
		}
		if !errors.Is(err, unix.EPIPE) && !errors.Is(err, unix.ECONNRESET) {
			t.Errorf("a client that never ends: %v, want it cut off", err)
		}
	})
}

// TestNoLinger: the other way, a stage that does not ask for it gets the kernel's
// reset for what it left unread.
func TestNoLinger(t *testing.T) {
	each(t, stage.Limits{}, answer("answer", false), func(t *testing.T, s *server) {
		c := s.dial(0)
		_, err := io.WriteString(c, strings.Repeat("unread", 100_000)) // may meet the reset already
		if err == nil {
			_, err = io.ReadAll(c)
		}
		if !errors.Is(err, unix.ECONNRESET) && !errors.Is(err, unix.EPIPE) {
			t.Errorf("closing with unread input: %v, want a reset", err)
		}
	})
}

// TestMoreThanEOF: a stage that waits for input after EOF waits for nothing: the
// connection ends, but not before all output is flushed.
func TestMoreThanEOF(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 100_000)
	var greedy stage.Stage
	greedy = func(c *stage.Conn) stage.Next {
		if c.In.Len() > 0 {
			c.In.Release()
			c.Out.AppendString(text)
		}
		return stage.Block(stage.WaitInput, greedy)
	}
	each(t, stage.Limits{}, greedy, func(t *testing.T, s *server) {
		s.smallBuffers()
		c := s.dial(4 << 10)
		send(t, c, "x")
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * tick)
		receive(t, c, text)
	})
}

// TestReset: a client that resets is an error of its own and nobody else's.
func TestReset(t *testing.T) {
	each(t, stage.Limits{}, echo, func(t *testing.T, s *server) {
		c := s.dial(0)
		send(t, c, "x")
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if err := c.SetLinger(0); err != nil {
			t.Fatal(err)
		}
		c.Close()
		s.until("the end", func(n board.Counts) bool { return n.Closed == 1 && n.Errors == 1 })
		next := s.dial(0)
		send(t, next, "y")
		if err := next.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		receive(t, next, "y")
	})
}

// TestShed: the loop tells the pipeline of a connection over its limit.
func TestShed(t *testing.T) {
	first := func(c *stage.Conn) stage.Next {
		if c.Shed {
			c.Out.AppendString("full")
			return stage.Done()
		}
		return stage.Go(echo)
	}
	s := start(t, drivers[1], stage.Limits{}, 1, first)
	one := s.dial(0)
	send(t, one, "x")
	if _, err := io.ReadFull(one, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	receive(t, s.dial(0), "full")
	one.Close()
	s.until("room", func(n board.Counts) bool { return n.Open() == 0 })
	next := s.dial(0)
	send(t, next, "y")
	if err := next.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	receive(t, next, "y")
	if n := s.slot.Read(); n.Shed != 1 || n.Connections != 3 {
		t.Errorf("%d of %d connections shed, want 1 of 3", n.Shed, n.Connections)
	}
}

package conn_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/stage"
)

// This file: every wait that a stage can ask for, under both drivers.

// after lets a connection wait for w, then say what it found and end.
func after(w stage.Wait, deadline time.Duration) stage.Stage {
	var first, then stage.Stage
	first = func(c *stage.Conn) stage.Next {
		c.Deadline = c.Worker.After(deadline)
		return stage.Block(w, then)
	}
	then = func(c *stage.Conn) stage.Next {
		c.Out.AppendString(fmt.Sprintf("in=%d eof=%v expired=%v", c.In.Len(), c.EOF, c.Expired))
		return stage.Done()
	}
	return first
}

func TestWaitInput(t *testing.T) {
	each(t, stage.Limits{}, after(stage.WaitInput, 0), func(t *testing.T, s *server) {
		c := s.dial(0)
		send(t, c, "abc")
		receive(t, c, "in=3 eof=false expired=false")
		c = s.dial(0)
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		receive(t, c, "in=0 eof=true expired=false")
	})
}

func TestWaitInputExpires(t *testing.T) {
	each(t, stage.Limits{}, after(stage.WaitInput, 30*time.Millisecond), func(t *testing.T, s *server) {
		begin := time.Now()
		receive(t, s.dial(0), "in=0 eof=false expired=true")
		if d := time.Since(begin); d < 30*time.Millisecond {
			t.Errorf("expired after %v, 30ms were asked for", d)
		}
	})
}

// TestWaitInputExpiresForATrickle: a peer that sends a byte before each tick does
// not keep a stage waiting that wants more: it looks at Expired, not at the clock.
func TestWaitInputExpiresForATrickle(t *testing.T) {
	var more stage.Stage
	more = func(c *stage.Conn) stage.Next {
		if c.Expired {
			c.Out.AppendString("expired")
			c.Linger = true
			return stage.Done()
		}
		if c.Deadline == 0 {
			c.Deadline = c.Worker.After(100 * time.Millisecond)
		}
		return stage.Block(stage.WaitInput, more)
	}
	each(t, stage.Limits{Linger: 10 * time.Second}, more, func(t *testing.T, s *server) {
		c := s.dial(0)
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(5 * time.Millisecond):
					if i == 1000 {
						return
					}
					_, _ = c.Write([]byte{'x'})
				}
			}
		}()
		receive(t, c, "expired")
		close(stop)
		<-stopped
		if n := s.slot.Read().BytesIn; n > 500 {
			t.Errorf("it took %d bytes of the trickle to expire", n)
		}
	})
}

func TestWaitTimer(t *testing.T) {
	each(t, stage.Limits{}, after(stage.WaitTimer, 30*time.Millisecond), func(t *testing.T, s *server) {
		c := s.dial(0)
		send(t, c, "not looked at")
		begin := time.Now()
		s.until("the timer's wake-up", func(n board.Counts) bool { return n.Closed == 1 })
		if d := time.Since(begin); d < 20*time.Millisecond {
			t.Errorf("the timer of 30ms fired after %v", d)
		}
	})
	// Without unread input, which would make the close a reset.
	each(t, stage.Limits{}, after(stage.WaitTimer, 30*time.Millisecond), func(t *testing.T, s *server) {
		receive(t, s.dial(0), "in=0 eof=false expired=true")
	})
}

func TestWaitWorkerAndRoom(t *testing.T) {
	each(t, stage.Limits{}, after(stage.WaitWorker, 0), func(t *testing.T, s *server) {
		receive(t, s.dial(0), "in=0 eof=false expired=false")
	})
	each(t, stage.Limits{}, after(stage.WaitRoom, 0), func(t *testing.T, s *server) {
		receive(t, s.dial(0), "in=0 eof=false expired=false")
	})
}

// TestWaitRoomBoundsOutput: a stage that asks for room sees Out below the bound,
// however slowly the client reads; all of it arrives.
func TestWaitRoomBoundsOutput(t *testing.T) {
	const pieces = 300
	piece := strings.Repeat("0123456789abcdef", 1024)
	var most atomic.Int64
	first := func(*stage.Conn) stage.Next {
		left := pieces
		var pump stage.Stage
		pump = func(c *stage.Conn) stage.Next {
			for ; left > 0; left-- {
				if !c.HasRoom() {
					return stage.Block(stage.WaitRoom, pump)
				}
				c.Out.AppendString(piece)
				most.Store(max(most.Load(), int64(c.Out.Len())))
			}
			return stage.Done()
		}
		return stage.Go(pump)
	}
	each(t, stage.Limits{}, first, func(t *testing.T, s *server) {
		s.smallBuffers()
		c := s.dial(4 << 10)
		s.until("output that does not fit", func(n board.Counts) bool { return n.BytesOut > 0 })
		time.Sleep(5 * time.Millisecond)
		receive(t, c, strings.Repeat(piece, pieces))
		if limit := int64(s.worker.OutLimit + len(piece)); most.Load() > limit {
			t.Errorf("Out grew to %d bytes, its bound is %d", most.Load(), limit)
		}
	})
}

// resource is a stage that waits for an eventfd, tells the test its number, and
// says which of event and deadline came.
func resource(fds chan<- int, deadline time.Duration) stage.Stage {
	return func(c *stage.Conn) stage.Next {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		if err != nil {
			panic(err)
		}
		c.Resource, c.Deadline = fd, c.Worker.After(deadline)
		fds <- fd
		return stage.Block(stage.WaitResource, func(c *stage.Conn) stage.Next {
			var p [8]byte
			_, err := unix.Read(fd, p[:])
			c.Out.AppendString(fmt.Sprintf("read=%v expired=%v\n", err, c.Expired))
			unix.Close(fd)
			c.Deadline = 0
			return stage.Block(stage.WaitInput, func(*stage.Conn) stage.Next { return stage.Done() })
		})
	}
}

func TestWaitResource(t *testing.T) {
	fds := make(chan int, 10)
	each(t, stage.Limits{}, resource(fds, 0), func(t *testing.T, s *server) {
		c := s.dial(0)
		fd := <-fds
		time.Sleep(5 * time.Millisecond) // it waits
		if _, err := unix.Write(fd, []byte{1, 0, 0, 0, 0, 0, 0, 0}); err != nil {
			t.Fatal(err)
		}
		send(t, c, ".") // ends the connection when it has been said
		s.until("the end", func(n board.Counts) bool { return n.Closed == 1 })
		receive(t, c, "read=<nil> expired=false\n")
	})
}

// TestWaitResourceExpires: a stage that gave a resource up closes it, and its number
// goes to a connection, which must be served as if nothing had been.
func TestWaitResourceExpires(t *testing.T) {
	fds := make(chan int, 10)
	const want = "read=resource temporarily unavailable expired=true\n"
	each(t, stage.Limits{}, resource(fds, 30*time.Millisecond), func(t *testing.T, s *server) {
		first := s.dial(0)
		other, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(other)
		number := <-fds
		line := make([]byte, 100)
		if n, err := first.Read(line); err != nil || string(line[:n]) != want {
			t.Fatalf("%q, %v; want %q", line[:n], err, want)
		}
		if strings.HasSuffix(t.Name(), "/thread") {
			return // one connection at a time
		}
		if err := unix.Connect(other, &unix.SockaddrInet4{Port: int(s.env.Listener.Addr.Port()), Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			t.Fatal(err)
		}
		s.until("the second connection", func(n board.Counts) bool { return n.Connections == 2 })
		if second := <-fds; second == number {
			t.Fatalf("the second connection did not get the number %d: the test proves nothing", number)
		}
		send(t, first, ".")
		s.until("the first closed", func(n board.Counts) bool { return n.Closed == 1 })
		if n, err := unix.Read(other, line); err != nil || string(line[:n]) != want {
			t.Fatalf("%q, %v; want %q", line[:n], err, want)
		}
		if _, err := unix.Write(other, []byte(".")); err != nil {
			t.Fatal(err)
		}
		s.until("the second closed", func(n board.Counts) bool { return n.Closed == 2 })
	})
}

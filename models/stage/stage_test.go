package stage_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/c10kit/c10kit/models/stage"
)

// script is a pipeline whose stages are given, for a test to watch.
type script struct {
	first          stage.Stage
	opened, closed int
}

func (s *script) Open(c *stage.Conn) stage.Stage { s.opened++; c.State = s; return s.first }
func (s *script) Close(*stage.Conn)              { s.closed++ }

func newWorker(copying bool) (*stage.Worker, *atomic.Uint32) {
	flag := new(atomic.Uint32)
	return stage.NewWorker(copying, stage.Limits{}, flag), flag
}

// TestRun: Go goes on at once, Block stops with what it waits for and goes on at the
// next Run, Done stays done.
func TestRun(t *testing.T) {
	var trace []string
	note := func(name string, n stage.Next) stage.Next { trace = append(trace, name); return n }
	last := func(*stage.Conn) stage.Next { return note("last", stage.Done()) }
	third := func(*stage.Conn) stage.Next { return note("third", stage.Block(stage.WaitRoom, last)) }
	second := func(*stage.Conn) stage.Next { return note("second", stage.Block(stage.WaitInput, third)) }
	first := func(*stage.Conn) stage.Next { return note("first", stage.Go(second)) }

	w, _ := newWorker(false)
	p := &script{first: first}
	var c stage.Conn
	c.Open(w, p)
	for i, want := range []struct {
		wait  stage.Wait
		trace string
	}{
		{stage.WaitInput, "[first second]"},
		{stage.WaitRoom, "[first second third]"},
		{0, "[first second third last]"},
		{0, "[first second third last]"},
	} {
		if wait := stage.Run(&c); wait != want.wait || fmt.Sprint(trace) != want.trace {
			t.Errorf("run %d waits for %d after %v", i, wait, trace)
		}
	}
	c.Close(p)
	if p.opened != 1 || p.closed != 1 {
		t.Errorf("opened %d times, closed %d times", p.opened, p.closed)
	}
}

// TestConnAgain: a Conn that is used for the next connection starts afresh, but for
// Shed, which the model sets before Open.
func TestConnAgain(t *testing.T) {
	w, _ := newWorker(false)
	p := &script{first: func(*stage.Conn) stage.Next { return stage.Block(stage.WaitInput, nil) }}
	var c stage.Conn
	c.Shed = true
	c.Open(w, p)
	if !c.Shed || c.Resource != -1 || c.Worker != w || c.State != p {
		t.Errorf("after Open: %+v", &c)
	}
	c.In.AppendString("left over")
	c.Out.AppendString("not sent")
	c.EOF, c.Deadline, c.Expired, c.Idle, c.Linger, c.Begun, c.Ended = true, 1, true, true, true, 2, 3
	c.Close(p)
	if n := w.Pool.Live(); n != 0 || c.State != nil {
		t.Errorf("after Close %d blocks are in use, state %v", n, c.State)
	}
	c.Open(w, p)
	defer c.Close(p)
	if c.In.Len() != 0 || c.Out.Len() != 0 || c.EOF || c.Deadline != 0 || c.Expired || c.Idle || c.Linger || c.Shed || c.Begun != 0 || c.Ended != 0 {
		t.Errorf("opened again: %+v", &c)
	}
}

func TestHasRoom(t *testing.T) {
	w, _ := newWorker(false)
	w.OutLimit = 10
	p := &script{}
	var c stage.Conn
	c.Open(w, p)
	defer c.Close(p)
	for n := range 20 {
		if got := c.HasRoom(); got != (n < 10) {
			t.Errorf("with %d bytes of 10: %v", n, got)
		}
		c.Out.AppendString("x")
	}
}

func TestDraining(t *testing.T) {
	w, flag := newWorker(false)
	if w.Draining() {
		t.Error("draining from the start")
	}
	if flag.Store(1); !w.Draining() {
		t.Error("the flag is not looked at")
	}
}

func TestAfter(t *testing.T) {
	w, _ := newWorker(false)
	w.Clock.Now = 1000
	if got := w.After(0); got != 0 {
		t.Errorf("After(0) is %d instead of never", got)
	}
	if got := w.After(time.Microsecond); got != 2000 {
		t.Errorf("After is %d", got)
	}
}

// TestCopying: the worker's pool is the twin that was asked for.
func TestCopying(t *testing.T) {
	for _, copying := range []bool{false, true} {
		if w, _ := newWorker(copying); w.Pool.Copying() != copying {
			t.Errorf("copying=%v", w.Pool.Copying())
		}
	}
}

// TestClock: it never goes back, and stands still in between.
func TestClock(t *testing.T) {
	var c stage.Clock
	for range 1000 {
		before := c.Now
		if now := c.Update(); now != c.Now || now < before {
			t.Fatalf("%d after %d, Now %d", now, before, c.Now)
		}
	}
}

// TestDate: an IMF-fixdate of the second that the wall clock shows, formatted anew
// only when Now has come to the next one.
func TestDate(t *testing.T) {
	var c stage.Clock
	c.Update()
	before := time.Now().Truncate(time.Second)
	date := string(c.Date())
	after := time.Now()
	at, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", date)
	if err != nil || at.Before(before) || at.After(after) {
		t.Fatalf("%q is not between %v and %v: %v", date, before, after, err)
	}
	same := &c.Date()[0]
	copy(c.Date(), "old!")
	if got := string(c.Date()[:4]); got != "old!" || &c.Date()[0] != same {
		t.Errorf("formatted twice in a second: %q", got)
	}
	c.Now += int64(time.Second)
	if got := string(c.Date()[:4]); got == "old!" {
		t.Error("not formatted anew a second later")
	}
}

// TestNoAllocation: neither running nor opening a connection allocates, once the
// worker has what it needs.
func TestNoAllocation(t *testing.T) {
	w, _ := newWorker(false)
	p := &script{first: echo}
	var c stage.Conn
	serve := func() {
		c.Open(w, p)
		for range 3 {
			c.In.AppendString("hello")
			if stage.Run(&c) != stage.WaitInput {
				t.Fatal("done")
			}
			c.Out.TrimFront(c.Out.Len())
		}
		w.Clock.Date()
		c.Close(p)
	}
	serve()
	if n := testing.AllocsPerRun(100, serve); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func echo(c *stage.Conn) stage.Next {
	c.Out.MoveAll(&c.In)
	if c.EOF {
		return stage.Done()
	}
	return stage.Block(stage.WaitInput, echo)
}

// A stage echoes what has come, then waits for more; what the example does around
// it is the work of a model.
func ExampleRun() {
	w := stage.NewWorker(false, stage.Limits{}, new(atomic.Uint32))
	p := &script{first: echo}
	var c stage.Conn
	c.Open(w, p)
	for _, word := range []string{"", "one ", "two"} {
		c.In.AppendString(word)
		fmt.Println(stage.Run(&c) == stage.WaitInput, c.Out.Len())
	}
	c.EOF = true
	fmt.Println(stage.Run(&c) == 0, string(c.Out.Bytes()))
	c.Close(p)
	// Output:
	// true 0
	// true 4
	// true 7
	// true one two
}

func BenchmarkRun(b *testing.B) {
	w, _ := newWorker(false)
	p := &script{first: echo}
	var c stage.Conn
	c.Open(w, p)
	defer c.Close(p)
	b.ReportAllocs()
	for b.Loop() {
		stage.Run(&c)
	}
}

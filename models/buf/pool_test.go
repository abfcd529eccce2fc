package buf

import (
	"bytes"
	"sync"
	"testing"
)

// TestReturnFromAnotherWorker: a worker sends blocks to another, which frees them,
// while the first takes new ones. For the race detector.
func TestReturnFromAnotherWorker(t *testing.T) {
	const rounds = 5000
	home := NewPool(false)
	handOver := make(chan *Chain, 8)
	back := make(chan *Chain, 8) // empty chains of the first worker, for another round
	for range cap(back) {
		c := &Chain{}
		c.Init(home)
		back <- c
	}
	var wg sync.WaitGroup
	wg.Go(func() { // the worker that frees
		away := NewPool(false)
		var mine Chain
		mine.Init(away)
		for c := range handOver {
			want := c.First()[0]
			mine.MoveAll(c)
			back <- c
			mine.AppendString("of the second worker")
			if got := mine.First(); got[0] != want {
				t.Errorf("got %d instead of %d", got[0], want)
			}
			mine.Release()
		}
		if n := away.Live(); n != 0 {
			t.Errorf("%d blocks of the second worker are still in use", n)
		}
	})
	for i := range rounds {
		c := <-back
		c.Append(bytes.Repeat([]byte{byte(i)}, 1+i%6000))
		c.AppendForeign([]byte{byte(i)}, ignored{}, 0)
		handOver <- c
	}
	close(handOver)
	wg.Wait()
	if n := home.Live(); n != 0 {
		t.Errorf("%d blocks did not come home", n)
	}
	if n := home.small.n + home.large.n; n > 64 {
		t.Errorf("%d blocks were made for %d chains that are on the way at most: they were not used again", n, cap(back)+cap(handOver)+1)
	}
}

type ignored struct{}

func (ignored) ReleaseBlock(uint32) {}

// TestSharedBetweenWorkers: both workers refer to the same blocks and let go of them
// at the same time.
func TestSharedBetweenWorkers(t *testing.T) {
	first, second := NewPool(false), NewPool(false)
	static := NewStatic([]byte("for all"))
	for range 500 {
		var a, b Chain
		a.Init(first)
		b.Init(second)
		a.AppendString("shared by two")
		a.AppendStatic(static, 0, 7)
		b.Share(&a, 0, a.Len())
		var wg sync.WaitGroup
		wg.Go(a.Release)
		wg.Go(b.Release)
		wg.Wait()
	}
	if n, m := first.Live(), second.Live(); n != 0 || m != 0 {
		t.Errorf("%d and %d blocks are still in use", n, m)
	}
	if n := static.refs.Load(); n != 1 {
		t.Errorf("%d references to the static block", n)
	}
}

// TestReserve: after Reserve, so many blocks are taken without an allocation.
func TestReserve(t *testing.T) {
	p := NewPool(false)
	p.Reserve(20)
	var c Chain
	c.Init(p)
	page := make([]byte, SmallSize)
	if n := testing.AllocsPerRun(10, func() {
		for range 20 {
			c.Append(page)
		}
		c.Release()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestReuse: blocks are used again, the last one first, and only so many are kept.
func TestReuse(t *testing.T) {
	p := NewPool(false)
	var c Chain
	c.Init(p)
	c.AppendString("x")
	block := c.head.blk
	c.Release()
	c.AppendString("y")
	if c.head.blk != block {
		t.Error("another block was taken than the one just given back")
	}
	c.Release()
	page := make([]byte, SmallSize)
	for range maxFreeSmall + 100 {
		var one Chain
		one.Init(p)
		one.Append(page)
		c.MoveAll(&one)
	}
	c.Release()
	if p.small.n != maxFreeSmall || p.freeBufs > maxFreeBufs || p.Live() != 0 {
		t.Errorf("%d blocks and %d descriptors are kept, %d live", p.small.n, p.freeBufs, p.Live())
	}
}

// TestPulledUp: Contiguous copies only what lies in several windows, and counts it.
func TestPulledUp(t *testing.T) {
	p := NewPool(false)
	var c Chain
	c.Init(p)
	c.Append(make([]byte, SmallSize))
	c.AppendString("in the next block")
	c.Contiguous(SmallSize)
	if n := p.PulledUp(); n != 0 {
		t.Errorf("%d copies of what lay in one window", n)
	}
	c.Contiguous(SmallSize + 1)
	c.Contiguous(SmallSize + 1)
	if n := p.PulledUp(); n != 1 {
		t.Errorf("%d copies instead of 1", n)
	}
	c.Release()
}

// TestSharedIsNotWritten: the room around a window belongs to nobody while its block
// has another window, and to the last one after that.
func TestSharedIsNotWritten(t *testing.T) {
	p := NewPool(false)
	var a, b Chain
	a.Init(p)
	b.Init(p)
	a.AppendString("hello")
	b.Share(&a, 1, 3)
	a.AppendString("A")
	b.AppendString("B")
	a.Prepend([]byte("P"))
	if string(a.Bytes()) != "PhelloA" || string(b.Bytes()) != "ellB" {
		t.Errorf("%q and %q", a.Bytes(), b.Bytes())
	}
	b.TrimBack(1)
	a.Release()
	block := b.head.blk
	b.AppendString("C")
	b.Prepend([]byte("D"))
	if b.head != b.tail || b.head.blk != block || string(b.Bytes()) != "DellC" {
		t.Errorf("the last owner did not write in place: %q", b.Bytes())
	}
	b.Release()
}

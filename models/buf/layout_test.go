package buf

import (
	"bytes"
	"fmt"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counter is a Releaser that knows what is still out.
type counter map[uint32]int

func (c counter) ReleaseBlock(id uint32) {
	c[id]--
	if c[id] < 0 {
		panic(fmt.Sprintf("block %d was released twice", id))
	}
}

// lend returns the id of a new block.
func (c counter) lend() uint32 {
	id := uint32(len(c))
	c[id] = 1
	return id
}

// out returns how many are still out.
func (c counter) out() (n int) {
	for _, out := range c {
		n += out
	}
	return n
}

// layouts build the same bytes at the end of an empty chain in different memory.
// Each is a state that a real connection's chain gets into.
var layouts = map[string]func(c *Chain, data []byte, lent counter){
	"one block": func(c *Chain, data []byte, _ counter) { c.Append(data) },
	"a block per byte": func(c *Chain, data []byte, lent counter) {
		for i := range data {
			c.AppendForeign(data[i:i+1], lent, lent.lend())
		}
	},
	"foreign": func(c *Chain, data []byte, lent counter) { c.AppendForeign(data, lent, lent.lend()) },
	"split": func(c *Chain, data []byte, _ counter) {
		// Two pooled blocks, the first one with room behind that is not used.
		var second Chain
		second.Init(c.pool)
		second.Append(data[len(data)/3:])
		c.Append(data[:len(data)/3])
		c.MoveAll(&second)
	},
	"shared": func(c *Chain, data []byte, _ counter) {
		// Pieces of one block, whose end was shared with a chain that is gone.
		var whole Chain
		whole.Init(c.pool)
		whole.Append(data)
		for i := 0; i < len(data); i += 7 {
			c.Share(&whole, i, min(7, len(data)-i))
		}
		whole.Release()
	},
	"prepended": func(c *Chain, data []byte, _ counter) {
		for end := len(data); end > 0; end -= min(5, end) {
			c.Prepend(data[end-min(5, end) : end])
		}
	},
	"static": func(c *Chain, data []byte, _ counter) {
		c.AppendStatic(NewStatic(append([]byte("before"), data...)), 6, len(data))
	},
	"trimmed": func(c *Chain, data []byte, _ counter) {
		c.AppendString("in front of it")
		c.Append(data)
		c.AppendString("behind it")
		c.TrimFront(len("in front of it"))
		c.TrimBack(len("behind it"))
	},
	"of another worker": func(c *Chain, data []byte, _ counter) {
		var other Chain
		other.Init(NewPool(false))
		other.Append(data)
		c.MoveAll(&other)
	},
}

// each runs f over every layout, with sharing and copying pools, and expects that
// everything comes back.
func each(t *testing.T, data []byte, f func(t *testing.T, c *Chain)) {
	for name, fill := range layouts {
		for _, copying := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/copying=%v", name, copying), func(t *testing.T) {
				lent := counter{}
				pool := NewPool(copying)
				var c Chain
				c.Init(pool)
				fill(&c, data, lent)
				check(t, &c, data)
				f(t, &c)
				c.Release()
				check(t, &c, nil)
				if pool.Live() != 0 || lent.out() != 0 {
					t.Errorf("%d blocks are still in use, %d are still lent", pool.Live(), lent.out())
				}
			})
		}
	}
}

// check compares a chain with what it should hold, byte by byte and pointer by
// pointer.
func check(t fataler, c *Chain, want []byte) {
	t.Helper()
	got := []byte{}
	var prev *Buf
	for b := c.head; b != nil; prev, b = b, b.next {
		switch {
		case b.prev != prev:
			t.Fatalf("a window does not point back to the one before it")
		case b.n <= 0 || b.off < 0 || b.blk.data != nil && b.off+b.n > len(b.blk.data):
			t.Fatalf("a window of %d bytes at %d in a block of %d", b.n, b.off, len(b.blk.data))
		case b.blk.refs.Load() < 1:
			t.Fatalf("a window on a block with %d references", b.blk.refs.Load())
		}
		got = append(got, content(t, b)...)
	}
	if c.tail != prev {
		t.Fatalf("the tail is not the last window")
	}
	if !bytes.Equal(got, want) || c.Len() != len(want) {
		t.Fatalf("the chain holds %d bytes, %.80q, and says %d; %d are wanted, %.80q", len(got), got, c.Len(), len(want), want)
	}
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// content returns the bytes of a window, out of its file if need be.
func content(t fataler, b *Buf) []byte {
	t.Helper()
	fd, off, file := b.File()
	if !file {
		return b.Bytes()
	}
	p := make([]byte, b.Len())
	if n, err := unix.Pread(fd, p, off); n != len(p) || err != nil {
		t.Fatalf("pread of %d bytes at %d: %d, %v", len(p), off, n, err)
	}
	return p
}

// TestOperations: every operation, at every offset, over every layout.
func TestOperations(t *testing.T) {
	data := []byte("the quick brown fox jumps over the lazy dog")
	other := func(c *Chain) *Chain {
		var o Chain
		o.Init(c.pool)
		o.AppendString("<>")
		return &o
	}
	for n := range len(data) + 1 {
		for name, op := range map[string]func(t *testing.T, c *Chain){
			"TrimFront": func(t *testing.T, c *Chain) { c.TrimFront(n); check(t, c, data[n:]) },
			"TrimBack":  func(t *testing.T, c *Chain) { c.TrimBack(n); check(t, c, data[:len(data)-n]) },
			"Move": func(t *testing.T, c *Chain) {
				o := other(c)
				o.Move(c, n)
				check(t, o, append([]byte("<>"), data[:n]...))
				check(t, c, data[n:])
				o.Release()
			},
			"Share": func(t *testing.T, c *Chain) {
				o := other(c)
				o.Share(c, n, len(data)-n)
				o.Share(c, 0, n)
				check(t, o, append([]byte("<>"), append(bytes.Clone(data[n:]), data[:n]...)...))
				check(t, c, data)
				c.Append([]byte("+")) // must not be seen by the other
				check(t, o, append([]byte("<>"), append(bytes.Clone(data[n:]), data[:n]...)...))
				o.Release()
				check(t, c, append(bytes.Clone(data), '+'))
			},
			"Share with itself": func(t *testing.T, c *Chain) {
				c.Share(c, n, len(data)-n)
				check(t, c, append(bytes.Clone(data), data[n:]...))
			},
			"Move to itself": func(t *testing.T, c *Chain) {
				c.Move(c, n)
				check(t, c, append(bytes.Clone(data[n:]), data[:n]...))
			},
			"Contiguous": func(t *testing.T, c *Chain) {
				if got := c.Contiguous(n); !bytes.Equal(got, data[:n]) {
					t.Errorf("Contiguous(%d) is %q", n, got)
				}
				check(t, c, data)
			},
			"CopyTo": func(t *testing.T, c *Chain) {
				p := make([]byte, 10)
				if m := c.CopyTo(p, n); !bytes.Equal(p[:m], data[n:min(n+10, len(data))]) {
					t.Errorf("CopyTo from %d: %q", n, p[:m])
				}
			},
			"IndexByte": func(t *testing.T, c *Chain) {
				for _, ch := range []byte("tgo!") {
					want := bytes.IndexByte(data[n:], ch)
					if want >= 0 {
						want += n
					}
					if got := c.IndexByte(ch, n); got != want {
						t.Errorf("IndexByte(%q, %d) is %d instead of %d", ch, n, got, want)
					}
				}
			},
			"Index": func(t *testing.T, c *Chain) {
				for _, sep := range []string{"", "t", "the", "the lazy", "over the lazy dog", "dogs", "ox", string(data)} {
					want := bytes.Index(data[n:], []byte(sep))
					if want >= 0 {
						want += n
					}
					if got := c.Index([]byte(sep), n); got != want {
						t.Errorf("Index(%q, %d) is %d instead of %d", sep, n, got, want)
					}
				}
			},
			"Prepend and Append": func(t *testing.T, c *Chain) {
				c.TrimFront(n)
				c.Prepend([]byte("["))
				c.AppendString("]")
				c.Prepend(nil)
				check(t, c, append(append([]byte("["), data[n:]...), ']'))
			},
		} {
			t.Run(fmt.Sprintf("%s/%d", name, n), func(t *testing.T) { each(t, data, op) })
		}
	}
}

// TestFirst: the first window, and what is none.
func TestFirst(t *testing.T) {
	each(t, []byte("abc"), func(t *testing.T, c *Chain) {
		if got := c.First(); !bytes.HasPrefix([]byte("abc"), got) || len(got) == 0 {
			t.Errorf("First is %q", got)
		}
		if got := c.Bytes(); string(got) != "abc" {
			t.Errorf("Bytes is %q", got)
		}
		c.TrimFront(3)
		if c.First() != nil || c.Front() != nil {
			t.Error("an empty chain has a first window")
		}
	})
}

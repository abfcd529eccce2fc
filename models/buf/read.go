package buf

import "bytes"

// This file: what looks into a chain. File ranges are opaque to all of it.

const opaque = "buf: a file range cannot be read through its chain"

// First returns the memory of the first window, borrowed until the chain is
// changed; nil if the chain is empty or starts with a file range.
func (c *Chain) First() []byte {
	if c.head == nil {
		return nil
	}
	return c.head.Bytes()
}

// Contiguous returns the first n bytes as one slice, borrowed until the chain is
// changed. If they lie in several windows they are copied together first, into
// one block that takes their place (BSD's m_pullup): the only copy a parser
// makes, for a message head that happens to cross the end of a block; PulledUp
// counts them. n is at most LargeSize.
func (c *Chain) Contiguous(n int) []byte {
	if n < 0 || n > c.n {
		panic("buf: Contiguous past the end of the chain")
	}
	if n == 0 {
		return nil
	}
	if c.head.n >= n {
		if c.head.blk.data == nil {
			panic(opaque)
		}
		return c.head.blk.data[c.head.off : c.head.off+n]
	}
	if n > LargeSize {
		panic("buf: Contiguous of more than LargeSize bytes")
	}
	b := c.pool.getBuf()
	b.blk = c.pool.get(n)
	c.CopyTo(b.blk.data[:n], 0)
	c.TrimFront(n)
	b.n = n
	c.linkFront(b)
	c.n += n
	c.pool.pulled++
	return b.blk.data[:n]
}

// CopyTo copies bytes from offset off of the chain into dst and returns how many
// there were.
func (c *Chain) CopyTo(dst []byte, off int) int {
	done := 0
	for b := c.head; b != nil && done < len(dst); b = b.next {
		if off >= b.n {
			off -= b.n
			continue
		}
		if b.blk.data == nil {
			panic(opaque)
		}
		done += copy(dst[done:], b.blk.data[b.off+off:b.off+b.n])
		off = 0
	}
	return done
}

// Bytes returns a copy of the whole chain, owned by the caller. For tests and
// for the rare caller that needs to keep the bytes.
func (c *Chain) Bytes() []byte {
	p := make([]byte, c.n)
	c.CopyTo(p, 0)
	return p
}

// IndexByte returns the offset of the first ch at or after from, -1 if there is
// none.
func (c *Chain) IndexByte(ch byte, from int) int {
	at := 0
	for b := c.head; b != nil; b = b.next {
		if from < at+b.n {
			if b.blk.data == nil {
				panic(opaque)
			}
			skip := max(0, from-at)
			if i := bytes.IndexByte(b.blk.data[b.off+skip:b.off+b.n], ch); i >= 0 {
				return at + skip + i
			}
		}
		at += b.n
	}
	return -1
}

// Index returns the offset of the first sep at or after from, -1 if there is
// none; it finds a sep that lies across windows. O(windows + bytes) for the
// first byte of sep, times len(sep) where that occurs.
func (c *Chain) Index(sep []byte, from int) int {
	if len(sep) == 0 {
		return min(from, c.n)
	}
	for {
		at := c.IndexByte(sep[0], from)
		if at < 0 || at+len(sep) > c.n {
			return -1
		}
		if c.hasAt(sep, at) {
			return at
		}
		from = at + 1
	}
}

// hasAt reports whether sep stands at offset off.
func (c *Chain) hasAt(sep []byte, off int) bool {
	for b := c.head; b != nil && len(sep) > 0; b = b.next {
		if off >= b.n {
			off -= b.n
			continue
		}
		if b.blk.data == nil {
			panic(opaque)
		}
		w := b.blk.data[b.off+off : b.off+b.n]
		n := min(len(w), len(sep))
		if !bytes.Equal(w[:n], sep[:n]) {
			return false
		}
		sep, off = sep[n:], 0
	}
	return len(sep) == 0
}

package buf

// This file: what moves, shares and cuts bytes of chains without copying them.

// TrimFront gives back the first n bytes.
func (c *Chain) TrimFront(n int) {
	if n < 0 || n > c.n {
		panic("buf: TrimFront past the end of the chain")
	}
	c.n -= n
	for n > 0 {
		b := c.head
		if n < b.n {
			b.off += n
			b.n -= n
			return
		}
		n -= b.n
		c.drop(b)
	}
}

// TrimBack gives back the last n bytes.
func (c *Chain) TrimBack(n int) {
	if n < 0 || n > c.n {
		panic("buf: TrimBack past the start of the chain")
	}
	c.n -= n
	for n > 0 {
		b := c.tail
		if n < b.n {
			b.n -= n
			return
		}
		n -= b.n
		c.drop(b)
	}
}

// MoveAll moves everything that src holds to the end of c; src is empty
// afterwards. Windows change hands whole. The two chains may belong to different
// pools (a connection handed to another worker), never to two running threads.
func (c *Chain) MoveAll(src *Chain) { c.Move(src, src.n) }

// Move moves the first n bytes of src to the end of c: whole windows change
// hands, the one that n cuts is shared by both.
func (c *Chain) Move(src *Chain, n int) {
	if n < 0 || n > src.n {
		panic("buf: Move of more than the chain holds")
	}
	if c.pool.copying {
		c.Share(src, 0, n)
		src.TrimFront(n)
		return
	}
	for n > 0 {
		b := src.head
		if n < b.n {
			b.blk.retain()
			c.linkWindow(b.blk, b.off, n)
			src.TrimFront(n)
			return
		}
		n -= b.n
		src.n -= b.n
		src.unlink(b)
		c.link(b)
		c.n += b.n
	}
}

// Share appends bytes off..off+n of src to c; both refer to the same blocks
// afterwards. c and src may be the same chain. A copying pool copies memory.
func (c *Chain) Share(src *Chain, off, n int) {
	if off < 0 || n < 0 || off+n > src.n {
		panic("buf: Share past the end of the chain")
	}
	for b := src.head; n > 0; b = b.next {
		if off >= b.n {
			off -= b.n
			continue
		}
		take := min(n, b.n-off)
		if c.pool.copying && b.blk.data != nil {
			c.Append(b.blk.data[b.off+off : b.off+off+take])
		} else {
			b.blk.retain()
			c.linkWindow(b.blk, b.off+off, take)
		}
		n -= take
		off = 0
	}
}

package buf

// Chain is a string of bytes kept as a list of windows on blocks. Make one with
// Init; it owns what it holds until the bytes are moved, trimmed or released.
//
// Cost: everything at the ends is O(1) per window touched; Move, Share and the
// searches walk the windows; nothing copies bytes unless its comment says so.
type Chain struct {
	pool       *Pool
	head, tail *Buf
	n          int // bytes
}

// Init makes c an empty chain of the worker that owns pool.
func (c *Chain) Init(pool *Pool) { *c = Chain{pool: pool} }

// Pool returns the pool that the chain takes its memory from.
func (c *Chain) Pool() *Pool { return c.pool }

// Len returns the number of bytes.
func (c *Chain) Len() int { return c.n }

// Front returns the first window, nil if the chain is empty.
func (c *Chain) Front() *Buf { return c.head }

// Append copies p to the end, into the last block's tailroom where it is free to
// be written and into new blocks after that.
func (c *Chain) Append(p []byte) {
	for len(p) > 0 {
		room := c.Reserve(1, len(p))
		n := copy(room, p)
		c.Commit(n)
		p = p[n:]
	}
}

// AppendString is Append for a string.
func (c *Chain) AppendString(s string) {
	for len(s) > 0 {
		room := c.Reserve(1, len(s))
		n := copy(room, s)
		c.Commit(n)
		s = s[n:]
	}
}

// Reserve returns writable memory behind the last byte, at least least bytes of
// it (1 to LargeSize), from a block that suits want bytes if it has to take a
// new one. The memory becomes part of the chain only by Commit, which must be
// the next call that changes the chain.
func (c *Chain) Reserve(least, want int) []byte {
	if least < 1 {
		panic("buf: Reserve of nothing")
	}
	if c.tail != nil {
		if room := c.tail.tailroom(); len(room) >= least {
			return room
		}
	}
	if least > LargeSize {
		panic("buf: Reserve of more than LargeSize bytes")
	}
	size := SmallSize
	if want > SmallSize || least > SmallSize {
		size = LargeSize
	}
	b := c.pool.getBuf()
	b.blk = c.pool.get(size)
	c.link(b)
	return b.blk.data
}

// Commit adds the first n bytes of what Reserve returned; 0 gives it all back.
func (c *Chain) Commit(n int) {
	b := c.tail
	if n < 0 || b == nil || n > len(b.blk.data)-b.off-b.n {
		panic("buf: Commit of more than was reserved")
	}
	b.n += n
	c.n += n
	if b.n == 0 {
		c.drop(b)
	}
}

// Prepend copies p before the first byte: into its headroom where that is free
// to be written and large enough, otherwise into a new block whose end it fills,
// so that the next Prepend finds headroom. p is at most LargeSize bytes.
func (c *Chain) Prepend(p []byte) {
	if len(p) == 0 {
		return
	}
	b := c.head
	if b == nil || b.headroom() < len(p) {
		if len(p) > LargeSize {
			panic("buf: Prepend of more than LargeSize bytes")
		}
		b = c.pool.getBuf()
		b.blk = c.pool.get(len(p))
		b.off = len(b.blk.data)
		c.linkFront(b)
	}
	b.off -= len(p)
	b.n += len(p)
	c.n += len(p)
	copy(b.blk.data[b.off:], p)
}

// AppendForeign appends data without copying it. The memory must not change
// until to.ReleaseBlock(id) is called, by whichever worker drops the last
// reference; to may not be nil (see AppendStatic for memory that lives for ever).
func (c *Chain) AppendForeign(data []byte, to Releaser, id uint32) {
	if to == nil {
		panic("buf: AppendForeign to nobody; memory that is never taken back is AppendStatic's")
	}
	if c.pool.copying || len(data) == 0 {
		c.Append(data)
		to.ReleaseBlock(id)
		return
	}
	blk := c.pool.getShell()
	blk.data, blk.lender, blk.lenderID = data, to, id
	c.linkWindow(blk, 0, len(data))
}

// AppendFile appends n bytes of the file fd from offset off without reading
// them. When the last reference is dropped, to (if not nil) is told; until then
// fd must stay open. Reading from the chain (Bytes, Index, CopyTo) does not see
// into a file: such a range is only written to a socket, trimmed, moved, shared.
func (c *Chain) AppendFile(fd int, off int64, n int, to Releaser, id uint32) {
	if fd < 0 || off < 0 || n < 0 {
		panic("buf: AppendFile of a negative range, or of no file")
	}
	if n == 0 {
		if to != nil {
			to.ReleaseBlock(id)
		}
		return
	}
	blk := c.pool.getShell()
	blk.fd, blk.lender, blk.lenderID = fd, to, id
	c.linkWindow(blk, int(off), n)
}

// AppendStatic appends bytes off..off+n of a static block (NewStatic,
// NewStaticFile), shared.
func (c *Chain) AppendStatic(blk *Block, off, n int) {
	if off < 0 || n < 0 || blk.data != nil && n > len(blk.data)-off {
		panic("buf: AppendStatic past the end of the block")
	}
	switch {
	case n == 0:
	case c.pool.copying && blk.data != nil:
		c.Append(blk.data[off : off+n])
	default:
		blk.retain()
		c.linkWindow(blk, off, n)
	}
}

// Release gives back everything; the chain is empty afterwards and can be used
// again.
func (c *Chain) Release() {
	for c.head != nil {
		c.n -= c.head.n
		c.drop(c.head)
	}
}

// link appends b to the list; its bytes are counted by the caller.
func (c *Chain) link(b *Buf) {
	b.prev, b.next = c.tail, nil
	if c.tail == nil {
		c.head = b
	} else {
		c.tail.next = b
	}
	c.tail = b
}

func (c *Chain) linkFront(b *Buf) {
	b.prev, b.next = nil, c.head
	if c.head == nil {
		c.tail = b
	} else {
		c.head.prev = b
	}
	c.head = b
}

// linkWindow appends a window and takes over the caller's reference to blk.
func (c *Chain) linkWindow(blk *Block, off, n int) {
	b := c.pool.getBuf()
	b.blk, b.off, b.n = blk, off, n
	c.link(b)
	c.n += n
}

func (c *Chain) unlink(b *Buf) {
	if b.prev == nil {
		c.head = b.next
	} else {
		b.prev.next = b.next
	}
	if b.next == nil {
		c.tail = b.prev
	} else {
		b.next.prev = b.prev
	}
	b.prev, b.next = nil, nil
}

// drop takes b out of the list and releases its block; its bytes are counted by
// the caller.
func (c *Chain) drop(b *Buf) {
	c.unlink(b)
	b.blk.release(c.pool)
	c.pool.putBuf(b)
}

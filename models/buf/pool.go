package buf

import "sync/atomic"

// How many free blocks and descriptors a pool keeps; what comes back beyond
// that goes to the garbage collector, so that a burst of connections does not
// pin its peak for ever.
const (
	maxFreeSmall = 4096 // 16 MiB
	maxFreeLarge = 128  // 8 MiB
	maxFreeBufs  = 8192
)

// Pool is one worker's supply of blocks and of window descriptors: plain free
// lists, last in first out, so that the next read lands in memory that is still
// in the cache.
//
// A Pool must be used by one thread at a time, its owner. Other workers touch
// only the return list, through Block.release.
type Pool struct {
	small, large, shells freeList
	bufs                 *Buf
	freeBufs             int

	returned atomic.Pointer[Block] // pushed by other workers, swapped out whole by the owner

	live    int  // blocks handed out and not yet back (those on the return list count as out)
	pulled  int  // Contiguous had to copy
	copying bool // the twin that copies where the chain shares
}

// freeList is a stack of blocks of one kind.
type freeList struct {
	top *Block
	n   int
}

func (l *freeList) push(b *Block) { b.next, l.top, l.n = l.top, b, l.n+1 }

func (l *freeList) pop() *Block {
	b := l.top
	if b != nil {
		l.top, b.next, l.n = b.next, nil, l.n-1
	}
	return b
}

// NewPool returns an empty pool that grows as it is used. A copying pool makes
// its chains copy wherever they would otherwise share or move memory (Share,
// Move, MoveAll, AppendForeign, AppendStatic): the same program with and without
// zero copy, for `--copy`.
func NewPool(copying bool) *Pool { return &Pool{copying: copying} }

// Copying reports whether chains of this pool copy instead of sharing.
func (p *Pool) Copying() bool { return p.copying }

// Reserve makes sure that n small blocks and as many descriptors are free, each
// page of them touched, so that none is allocated later. A forking model calls
// it before the fork: a raw child must not allocate.
func (p *Pool) Reserve(n int) {
	for p.small.n < n {
		b := p.newBlock(SmallSize)
		clear(b.data)
		p.small.push(b)
	}
	for p.freeBufs < n {
		p.putBuf(&Buf{})
	}
}

// Live returns how many blocks of this pool are in use: pooled, foreign and file
// ranges, whichever worker holds them now. At the end of a worker it must be 0;
// anything else is a leak. Called by the owner, or after it ended.
func (p *Pool) Live() int {
	p.takeBack()
	return p.live
}

// PulledUp returns how often Contiguous had to copy because what it was asked
// for lay in more than one block. Called by the owner, or after it ended.
func (p *Pool) PulledUp() int { return p.pulled }

func (p *Pool) newBlock(size int) *Block {
	b := &Block{data: make([]byte, size), fd: -1, home: p}
	b.refs.Store(1)
	return b
}

// get returns a block of SmallSize or LargeSize, the smaller that holds n bytes,
// with one reference.
func (p *Pool) get(n int) *Block {
	list, size := &p.small, SmallSize
	if n > SmallSize {
		list, size = &p.large, LargeSize
	}
	b := list.pop()
	if b == nil {
		p.takeBack()
		if b = list.pop(); b == nil {
			b = p.newBlock(size)
		}
	}
	b.free = false
	p.live++
	return b
}

// getShell returns a block without memory, for a foreign or a file range.
func (p *Pool) getShell() *Block {
	b := p.shells.pop()
	if b == nil {
		b = &Block{fd: -1, home: p}
		b.refs.Store(1)
	}
	b.free = false
	p.live++
	return b
}

// put takes a block home. Owner only.
func (p *Pool) put(b *Block) {
	p.live--
	switch {
	case b.lender != nil || b.fd >= 0:
		b.data, b.lender, b.fd = nil, nil, -1
		if p.shells.n < maxFreeBufs {
			p.shells.push(b)
		}
	case len(b.data) == SmallSize:
		if p.small.n < maxFreeSmall {
			p.small.push(b)
		}
	default:
		if p.large.n < maxFreeLarge {
			p.large.push(b)
		}
	}
}

// giveBack is put for a worker that does not own p: a Treiber stack with push
// only. The owner swaps the whole list out, so that no node is ever popped from
// under a concurrent push and the ABA problem cannot arise.
func (p *Pool) giveBack(b *Block) {
	for {
		top := p.returned.Load()
		b.next = top
		if p.returned.CompareAndSwap(top, b) {
			return
		}
	}
}

// takeBack empties the return list into the free lists.
func (p *Pool) takeBack() {
	if p.returned.Load() == nil {
		return
	}
	for b := p.returned.Swap(nil); b != nil; {
		next := b.next
		p.put(b)
		b = next
	}
}

func (p *Pool) getBuf() *Buf {
	b := p.bufs
	if b == nil {
		return &Buf{}
	}
	p.bufs, b.next = b.next, nil
	p.freeBufs--
	return b
}

func (p *Pool) putBuf(b *Buf) {
	*b = Buf{}
	if p.freeBufs < maxFreeBufs {
		b.next, p.bufs = p.bufs, b
		p.freeBufs++
	}
}

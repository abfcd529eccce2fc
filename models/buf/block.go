package buf

import "sync/atomic"

// Sizes of a pool's blocks in bytes. Two classes are enough: requests and small
// answers fit the small one, whose page count decides what an idle blocking
// connection costs, and streams use the large one, where the system call is
// amortised (at 4 KiB a read costs as much as the copy it makes, at 64 KiB a
// twentieth of it).
const (
	SmallSize = 4 << 10  // 4 KiB
	LargeSize = 64 << 10 // 64 KiB
)

// Releaser takes back memory that was lent to a chain by AppendForeign.
//
// ReleaseBlock is called once, with the id that was given, by the worker that
// drops the last reference: an implementation shared by several workers must be
// safe for that. An interface with a number, instead of a function value, so
// that lending a ring's buffer allocates no closure.
type Releaser interface {
	ReleaseBlock(id uint32)
}

// Block is reference-counted memory or a range of a file. Blocks are handled by
// chains; only the types that create or lend memory name it.
type Block struct {
	data []byte // nil for a file range
	refs atomic.Int32
	free bool // on a free list or the return list; refs is 1 there
	fd   int  // the file of a file range, -1 otherwise

	home     *Pool    // where the block, or the bare descriptor of foreign memory, goes back to
	lender   Releaser // told when foreign memory is free, may be nil
	lenderID uint32
	next     *Block // free list or return list
}

// NewStatic returns a block over data that is never written and never freed: a
// constant that many answers refer to. The caller must not change data again.
// Safe to share between workers.
func NewStatic(data []byte) *Block {
	b := &Block{data: data, fd: -1}
	b.refs.Store(1)
	return b
}

// NewStaticFile returns a block over the file of descriptor fd, which must stay
// open as long as any chain refers to it. Safe to share between workers.
func NewStaticFile(fd int) *Block {
	b := &Block{fd: fd}
	b.refs.Store(1)
	return b
}

// writable reports whether the free room of b may be written: memory of a pool
// that nobody else refers to.
func (b *Block) writable() bool {
	return b.data != nil && b.home != nil && b.lender == nil && b.refs.Load() == 1
}

func (b *Block) retain() { b.refs.Add(1) }

// release drops one reference on behalf of the worker that owns p.
func (b *Block) release(p *Pool) {
	if b.free {
		panic("buf: block released more often than it was referenced")
	}
	// The only reference cannot become two meanwhile, so it need not be counted down:
	// a locked instruction less here and, as a free block keeps its count of 1, another
	// one less when it is taken again.
	if b.refs.Load() != 1 {
		if b.refs.Add(-1) > 0 {
			return
		}
		b.refs.Store(1)
	}
	b.free = true
	if b.lender != nil {
		b.lender.ReleaseBlock(b.lenderID)
	}
	switch b.home {
	case nil: // static: the creator's reference was dropped, the collector has it
	case p:
		p.put(b)
	default:
		b.home.giveBack(b)
	}
}

package buf

// Buf is a window on a block: bytes off..off+n of its memory, or of its file. It
// belongs to one chain; its memory may be read until the chain is changed.
type Buf struct {
	blk        *Block
	off, n     int
	prev, next *Buf
}

// Len returns the window's length in bytes.
func (b *Buf) Len() int { return b.n }

// Next returns the following window of the chain, nil after the last.
func (b *Buf) Next() *Buf { return b.next }

// Bytes returns the window's memory, borrowed: it is valid until its chain is
// changed and must not be written. It is nil for a file range.
func (b *Buf) Bytes() []byte {
	if b.blk.data == nil {
		return nil
	}
	return b.blk.data[b.off : b.off+b.n]
}

// File returns the descriptor and the offset of a file range, and whether the
// window is one. The descriptor stays the lender's.
func (b *Buf) File() (fd int, off int64, ok bool) {
	return b.blk.fd, int64(b.off), b.blk.fd >= 0
}

// tailroom returns the writable memory behind the window, empty if it is shared.
func (b *Buf) tailroom() []byte {
	if !b.blk.writable() {
		return nil
	}
	return b.blk.data[b.off+b.n:]
}

// headroom returns how many writable bytes lie before the window.
func (b *Buf) headroom() int {
	if !b.blk.writable() {
		return 0
	}
	return b.off
}

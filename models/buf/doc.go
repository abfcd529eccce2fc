// Package buf is the zero-copy buffer chain under every c10kit model: bytes
// that were read from a socket are parsed, echoed, hashed and written again
// where they lie.
//
// Three concepts, a file each:
//
//   - a Block is memory with a reference count (block.go), taken from the Pool
//     of one worker (pool.go), lent by somebody else (a foreign block, such as
//     a buffer of an io_uring provided-buffer ring), or a range of a file;
//
//   - a Buf is a window on a Block (buf.go);
//
//   - a Chain is a list of Bufs that reads as one string of bytes (chain.go).
//
// How they hang together:
//
//	Chain  head                                   tail
//	        |                                       |
//	        v                                       v
//	      +-----+ next  +-----+ next  +-----+ next +-----+
//	      | Buf |------>| Buf |------>| Buf |----->| Buf |
//	      +-----+<------+-----+<------+-----+<-----+-----+
//	         |      prev   |       ____/ |            |
//	         v             v      v      | refs = 2   v
//	      Block 1       Block 2 (shared)-'         Block 3
//
//	Block  |<------------------- len(data) ------------------->|
//	       +---------------+-----------------------+-----------+
//	       |   headroom    |  window of a Buf      | tailroom  |
//	       +---------------+-----------------------+-----------+
//	       0              off                   off+n       len(data)
//
//	invariant: 0 <= off <= off+n <= len(data), refs = number of Bufs on it
//
// Memory is written only while the count is 1: the head- and tailroom of a
// shared block belong to nobody. A file range has no data, only a descriptor,
// and its window counts bytes of the file.
//
// # Ownership and threads
//
// A Pool belongs to one worker (a thread, or a process). A Chain belongs to the
// worker whose Pool it was made with, and so do its Bufs: none of their methods
// may be called by two threads at once. What may cross threads is a Block, by
// sharing or moving it into another worker's chain; its last owner gives it
// back to its home pool over an atomic list that the home worker empties when
// it runs dry. There is no mutex and no sync.Pool: the latter loses its content
// at each garbage collection, so that a server's allocations per request would
// depend on when the collector ran.
//
// Misuse (trimming past the end, releasing twice) panics with a sentence, as an
// index out of range does: it is a bug of the caller, never a request's fault.
package buf

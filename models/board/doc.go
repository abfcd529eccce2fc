// Package board is the scoreboard: what every worker of a server is doing, in
// shared memory, as Apache's scoreboard is. Workers write their own slot with
// plain atomic stores; a reader in another process finds the mapping, reads it
// and disturbs nobody.
//
// The mapping is a memfd named c10kit-board, so that a forked or re-executed
// child inherits it and /proc/PID/fd tells a stranger where it is. It holds no
// pointers and nothing but 32- and 64-bit words of sync/atomic, so its layout is
// the same in every process.
//
//	offset   0 +----------------------------------------------------+
//	           | Header: magic, version, slot count, drain flag,     |
//	           |         server pid, high-water mark, CPU and        |
//	           |         switches of ended workers                   |
//	       128 +----------------------------------------------------+
//	           | Slot of totals: what workers that ended had counted |
//	       256 +----------------------------------------------------+
//	           | Slot 0   gen, state, pid, tid, counters (128 bytes) |
//	       384 +----------------------------------------------------+
//	           | Slot 1                                              |
//	           | ...      touched lazily: an unused slot costs no page
//
// One writer each: a slot is allocated by the acceptor or the parent (Board.Take)
// and from then on written by its worker only. A thread ends it itself (Board.Left). A
// process says that it exits (Board.Exits) and its parent ends the slot when it reaps
// it (Board.Reaped, or ReapedZombie if it has several threads), whether it exited or was
// killed: so its context switches are in
// /proc while the slot is in use, a zombie's too, and in the totals from then on.
// Whoever ends a slot first makes its state ended, then adds to the totals, then makes
// the generation grow: a reader (package probe) rests on that order.
// Both add the slot's counters to the totals. The generation is odd while the slot is
// in use and grows with every Take and End, so a reader that saw the same generation
// before and after knows that it read one worker.
//
//	                                                 thread: --Left-------------+
//	free --Take--> starting -> accepting <-> serving                            +--> free
//	                                                 process: --Exits--> ended  |
//	                                                          (zombie) --Reaped-+
//	gen even        gen odd                                                     gen even
package board

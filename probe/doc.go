// Package probe reads a server's process tree from outside, with /proc alone and
// without root, at the edges of a measured window and, within a budget, during it:
// context switches of its workers and of the rest, CPU time, memory, threads,
// processes, and how long it was kept from a processor. It knows no model: nginx is
// a tree as c10kit's servers are. What workers are, a scoreboard tells (Workers);
// where there is none, the whole tree is one number.
//
//	Proc.Find(addr)          who listens there: the top of the tree
//	     |
//	NewServer(proc, pid, OnBoard(board) or nil)
//	     |
//	     |     first edge                         second edge
//	     +---- Read ------- measured window ------ Read ----> Sub: a Window
//	     |                  Sampler + Sources                 Memory, outside
//
//	                 c10kit serve tpc            each thread's switches go to
//	              +--------------------+
//	              | acceptor, workers  |  live seats of the board   } Voluntary,
//	              |  (ended: totals)   |  Ended                     } Involuntary
//	              | runtime's threads  |  neither                     Rest
//	              +--------------------+
//
// What could not be read is an error that names the cure, and never a zero. What
// could be read and may be wrong is told beside the figure: Switches.Uncertain,
// Lost, Unseen.
//
// Who may read what: anybody the stat, status and schedstat of every process (unless
// /proc is mounted with hidepid), and every CPU clock; the server's user and root
// its descriptors and its memory, proc(5).
package probe

// Package watch follows one server through a measured window: it puts together what
// the process tree (probe), the sockets of its port (probe/inetdiag) and the network
// namespace (probe/netstat) say at both edges, and a series in between.
//
//	New --> Open ............ window ............ Close --> Counted
//	          |  first edge                         |  second edge, then memory
//	          |                                     |  and TIME_WAITs, which take
//	          +-- Series: every 250 ms, 0.5% CPU ---+  long and disturb
//
// The order within an edge puts what moves fastest next to the window: at Open the
// listeners, the namespace's counters, the processors' idle time and then the tree, at Close
// the tree first. The board is read on both sides of the tree.
package watch

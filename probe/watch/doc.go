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
// namespace, the listeners and then the tree, at Close the tree first.
package watch

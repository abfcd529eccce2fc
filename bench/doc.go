// Package bench is the experiment: it starts a server, loads it, asks it for its
// clocks at both edges of a window, collects what was measured, and does so for
// every cell of a plan, round after round.
//
//	cell   |<- start ->|<- warm-up ->|<------- window ------->|<- stop ->|
//	server  exec, listen   serves      edge ............ edge   drain, exit
//	load                   sends       records every answer     closes
//	                                   |  |  |  | series, every 250 ms
//
//	round 1:  cell B, cell A, cell C      the order is drawn from the seed,
//	round 2:  cell C, cell B, cell A      so that a noisy minute of the machine
//	round 3:  cell A, cell C, cell B      hits no cell in every round
//
// A server is started anew for each cell: runs of one process resemble each other
// more than runs of two (hysteresis: Zhang et al., Treadmill, ISCA 2016). Each
// cell listens on an address of its own, so that whose a TIME_WAIT is can be told by it;
// the kernel's table of them all share, each with a part of its own (timewaits.go).
package bench

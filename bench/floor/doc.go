// Package floor holds the yardsticks that c10kit's speed goals are measured against, and the way to compare two
// servers fairly.
//
//   - The C floor (c/epoll.c) is a one-thread epoll server that answers without parsing: what is left is the kernel's
//     part of a request. What is in C is built with the machine's C compiler into the user's cache when it is asked for.
//   - The same designs in C (c/tpc.c, c/prethread.c, c/prefork.c, c/ppc.c) answer likewise, from blocking threads or
//     processes: one read and one write a request, as the models of these names.
//   - The plain Go loop (goloop.go) is the C floor in Go with raw system calls: what the language and its runtime
//     cost, without a pipeline. It runs in a re-executed child of this binary.
//   - ABA compares them, or anything else: paired base-candidate-base runs, the median of the ratios, and an exact
//     interval for it.
//
// A program that calls Start for the Go loop, or its TestMain, must begin with
//
//	if reexec.Init() { return }
//
// Start makes each yardstick a child process with the CPUs, the CPU clock and the end of its own:
//
//	Start --> a thread with the wanted affinity --clone--> child: listening on 127.0.0.1:PORT
//	                                                         |  Proc.CPU: its CPU clock, with all threads and children
//	                                                         |  Proc.Stop, the end of ctx, or our own end: it ends
package floor

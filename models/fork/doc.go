// Package fork is what the models have in common whose workers are processes: the
// process tree, its life and its death. A model adds when it forks and what a
// child does.
//
//	supervisor            ordinary Go: the pid that the user knows, signals, control pipe
//	    | re-exec, board and listener inherited, a pipe whose end is a drain
//	forker                one goroutine, GOMAXPROCS 1, no collector but between forks
//	    | fork (internal/rawfork), or re-exec where that cannot be
//	workers               serve, and end by themselves
//
// Every arrow is a PDEATHSIG of SIGKILL: whoever dies, what is below dies with it.
// What is above goes on: the supervisor takes the workers of a dead forker off the
// system's hands (it is their subreaper) and the board, and starts a forker again;
// the forker replaces workers that died. Both do it with a back-off of 10 ms doubling
// to a second for those that died young.
//
// Where a raw fork is not possible (the race detector, a sanitizer), and in the
// variants that are about exec, a worker is re-executed: it starts as a Go program
// of its own, with the runtime, and serves with blocking system calls that the
// runtime knows of.
//
// A drain: the supervisor raises the board's flag, shuts the listener down, which
// wakes every accept in every process, and closes the forker's pipe. The forker
// waits for its children and ends; they end when what they accepted is answered.
package fork

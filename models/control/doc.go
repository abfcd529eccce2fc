// Package control runs a server process and talks to it.
//
// One process serves (Serve), another starts it and asks (Start, Process): an
// experiment, the conformance suite, a supervisor. They share a pair of pipes,
// descriptors 3 and 4 of the server, and speak one line of JSON a request:
//
//	parent                                        server
//	  | fork, exec "c10kit-server CONFIG"            |
//	  |--------------------------------------------->| affinity, GOMAXPROCS, board, listen
//	  |<-- {"addr":"127.0.0.1:4242","pid":...} ------| ready
//	  |--- {"do":"edge"} --------------------------->| CPU clock, allocations, board totals
//	  |<-- {"edge":{...}} ---------------------------|
//	  |--- {"do":"usage"} -------------------------->| context switches of the process
//	  |<-- {"usage":{...}} --------------------------|
//	  |--- {"do":"stats"} -------------------------->| goroutines, heap, GOMAXPROCS
//	  |<-- {"stats":{...}} --------------------------|
//	  |--- {"do":"drain"} -------------------------->| begins to drain
//	  |<-- {"drain":true} ---------------------------|
//	  |                                              | exit 0: drained; 1: cut or failed
//
// The end of the pipe means drain, so a server never outlives whoever started it:
// and if that is killed together with the server's thread, PDEATHSIG is SIGKILL.
// Signals are for users: SIGTERM and SIGINT drain as well.
package control

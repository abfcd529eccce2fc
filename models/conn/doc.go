// Package conn is how bytes reach a pipeline: Fill reads from the socket into
// Conn.In, Flush writes Conn.Out to it, and a driver around the two does the
// waiting that a blocked stage asks for. A model chooses a driver and a flavour.
//
//	flavour       used by                                 system calls
//	Blocking      tpc, prethread, iterative, ppc:exec     Syscall: the runtime may hand the P on
//	RawBlocking   forked children: ppc:fork, prefork      RawSyscall only: no runtime to tell
//	NonBlocking   reactor, hybrid                         RawSyscall, for calls that return at once
//	completion    proactor                                a ring; brings a driver of its own
//
// A blocking RawSyscall in a process with a Go runtime is forbidden: the thread
// keeps its P, and the next garbage collection, goroutine dump or ReadMemStats
// waits for it for ever.
//
//   - [Thread] (blocking.go) serves one connection at a time on the calling
//     thread, in the first two flavours;
//   - [Events] (events.go, session.go) serves many on one poll.Loop, in the third.
//
// Both do the same for a connection, so that every model has the same timeouts,
// the same lingering close and the same drain.
package conn

// Package rawfork forks a Go process by a raw clone(2), without exec: the child
// goes on in a copy of the parent's memory, as fork(2) has it in C, and never uses
// the Go scheduler again. It is what ppc and prefork are made of.
//
//	supervisor        forker                               child
//	ordinary Go       one goroutine, GOMAXPROCS 1          one thread, no scheduler
//
//	re-executes --->  Prepare
//	                  :
//	                  Fork: pin, block signals, clone ---> signals to default
//	                        restore mask, unpin            die with the forker
//	                  :                                    close descriptors
//	                  Collect: GC, between forks           unblock signals
//	                  :                                    child(): raw system calls
//	                  Reap: wait4(WNOHANG) <-------------- exit_group
//
// # What a child may do
//
// clone copies one thread. Every other thread of the runtime (sysmon, idle
// threads, whoever would run a garbage collection or another goroutine) is missing
// in the child, and a lock that one of them held is held for ever. So the function
// given to [Forker.Fork], and all that it calls:
//
//   - makes system calls by RawSyscall only; Syscall tells the scheduler, which may
//     take the scheduler's lock to wake a sysmon that is not there;
//   - uses no channel, select, go statement, time.Sleep, timer, net, os.File, log,
//     and no mutex that the forker may have held;
//   - waits in system calls: read, accept4, clock_nanosleep, ppoll;
//   - does not allocate in a loop: there is no collector. A stray allocation and a
//     growing stack are survived: see docs/adr/0012-raw-fork.md for why;
//   - uses math/rand only if it may yield the same numbers as in every sibling.
//
// Memory faults and panics end the child and nobody else: a fault kills it by
// SIGSEGV (there is no handler that would make it a panic), a panic prints its
// trace to descriptor 2 and exits with status 2.
//
// The rules for the forker are those of [Prepare]. The decision, each rule with the
// part of the Go runtime that it comes from, is docs/adr/0012-raw-fork.md.
package rawfork

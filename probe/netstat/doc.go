// Package netstat reads the TCP counters of a network namespace: /proc/net/netstat,
// /proc/net/snmp, /proc/net/sockstat and sockstat6, each under a /proc that may be
// another folder.
//
//	net/netstat    TcpExt: SyncookiesSent ListenOverflows ...   names, in a line
//	net/snmp       TcpExt: 0              17              ...   values, in the next
//
//	net/sockstat   TCP: inuse 5 orphan 0 tw 147 alloc 7 mem 1   name and value in turn
//
// A [Reader] reads all of them into [Values]; the difference of two is a window. A
// [TimeWaitGauge] reads just the number of TIME_WAIT sockets, often. None needs a
// privilege, and the hot paths allocate nothing.
//
// What a kernel does not have is missing, and [Values.Missing] names it; it never
// reads as 0. All counters are those of a whole namespace, the load generator's and
// everybody else's connections included: probe/inetdiag tells ports apart, and
// internal/netns makes a namespace in which one is alone.
//
// Why not prometheus/procfs, which reads the same files: it opens and closes a file
// for each reading and allocates for each line, where a gauge at ten readings a second
// is to cost nothing beside what it measures; and a wrapper that tells missing counters
// by name, from the kernel's spelling, would be as long as this parser.
//
// Sources: proc_pid_net(5); Documentation/networking/snmp_counter.rst in the kernel's
// sources, for what each counter means.
package netstat

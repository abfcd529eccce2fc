// Package netstat reads the TCP counters of a network namespace: /proc/net/netstat and
// /proc/net/snmp, each under a /proc that may be another folder.
//
//	net/netstat    TcpExt: SyncookiesSent ListenOverflows ...   names, in a line
//	net/snmp       TcpExt: 0              17              ...   values, in the next
//
// A [Reader] reads them into [Values]; the difference of two is a window. It needs no
// privilege, and the hot path allocates nothing. Of some hundred counters it knows those
// that a published figure is made of or, in tests, held against.
//
// What a kernel does not have is missing, and [Values.Get] says so; it never reads as 0.
// All counters are those of a whole namespace, the load generator's and
// everybody else's connections included: probe/inetdiag tells ports apart, and
// internal/netns makes a namespace in which one is alone.
//
// Why not prometheus/procfs, which reads the same files: it opens and closes a file
// for each reading and allocates for each line, where an edge is to cost nothing beside
// what it measures; and a wrapper that tells missing counters by name, from the kernel's
// spelling, would be as long as this parser.
//
// Sources: proc_pid_net(5); Documentation/networking/snmp_counter.rst in the kernel's
// sources, for what each counter means.
package netstat

// Package inetdiag asks the kernel for its TCP sockets over NETLINK_SOCK_DIAG
// (sock_diag(7)), as ss(8) does: TIME_WAIT by side, the accept queue and drops of
// each listener, how many connections are in which state. It needs no privilege and
// sees one network namespace, that of the thread which called [Open].
//
//	request    nlmsghdr | inet_diag_req | bytecode: local or remote end is addr:port
//	           dump                state mask, family
//
//	answers    nlmsghdr | inet_diag_msg | attributes     one per socket that matches,
//	           nlmsghdr | inet_diag_msg | attributes     32 KiB of them a read
//	           ...
//	           nlmsghdr NLMSG_DONE
//
// State and bytecode are looked at inside the kernel, so that only sockets that match
// are sent. A dump still walks the whole table of connections (its size is that of
// "TCP established hash table entries" in the kernel's log), which is most of its
// price: BenchmarkTimeWaits. So IPv4 and IPv6 are asked for together where the kernel
// can do that. Both are needed: a server listening on [::] has its IPv4 connections
// among the IPv6 ones, as ::ffff:1.2.3.4.
//
// A dump is not a snapshot: a socket that comes or goes meanwhile may or may not be
// in it. On a quiet port the numbers are exact.
//
// Why by hand: github.com/vishvananda/netlink asks for every state and filters
// nothing, so that 30,000 TIME_WAITs of other ports would all be sent and kept.
package inetdiag

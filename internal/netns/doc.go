// Package netns runs a test or a command in a network namespace of its own: its
// counters start at zero, its ports and sysctls are its own, and nothing that other
// programs do on the machine shows in it.
//
//	this process                    child                               the same process
//	                                argv[0] c10kit-netns
//	Command, Test -- clone(2) --->  init of this package -- execve ---> the command, or
//	                 NEWNET         lo up                               this test binary with
//	                 NEWUSER if     sysctls written                     -test.run=^TestName$
//	                 not root       (a failure ends it: status 3)
//
// The namespace is entered by clone(2), before there is a second thread, and not by
// unshare(2) on a running program: unshare moves one thread, every other thread of
// the Go runtime would stay behind, and CLONE_NEWUSER is refused to a program with
// threads at all (unshare(2), EINVAL).
//
// Root, or whoever has CAP_SYS_ADMIN, needs the network namespace only. Everybody
// else gets a user namespace around it, in which he is root over that network and
// over nothing else. Where the machine forbids it, [Supported] says so, and how to
// allow it.
//
// The child's part runs in this package's init, so a program that imports it needs
// no line in its main or TestMain; a forgotten one would start the program a second
// time, and in a test binary that is a chain without end.
//
// [Loss] loses segments on purpose, in any namespace: it stands in for sch_netem,
// which many kernels are built without.
package netns

// Package modeltest is the conformance suite: what a server model must do,
// whatever its threads, processes and loops are. Every model, every peer and
// every student's model passes it:
//
//	func TestMain(m *testing.M)  { modeltest.Main(m) }
//	func TestModel(t *testing.T) { modeltest.TestModel(t, "reactor:epoll") }
//
// The server under test runs as it does in production, in a child process
// (models/control: this test binary, re-executed), and is judged from outside: by
// what its sockets answer, by its scoreboard, by /proc, by its exit status.
//
//	test process                              server process
//	  Check --- TCP, as a client ------------> model, app
//	    |  \--- board (shared memory) <------- slots
//	    |---- control pipe: stats, drain ----> runtime
//	    \---- /proc/PID: RssAnon, fd, task
//
// A check returns an error instead of failing a test, so that the suite itself
// can be tested: package brokentest has a model with one flaw for each check, and
// each flaw is found by its check and by no other.
//
// Each check has children of its own, which are drained at its end and must exit
// with status 0. A model may skip only what its Traits.Skips names: a check, a case of
// one, or a path that it does not serve, each with the reason.
//
// A model that skips Books keeps no scoreboard. There the kernel's table of sockets is
// the witness (sock_diag(7)): what a server has read is no longer in the receive queue,
// what it has closed has no descriptor.
package modeltest

// Package loadgen drives a server with requests and keeps exact books about
// what happened to each of them. It knows addresses and protocols, never a
// server model, and imports nothing else of this project.
//
// This is the closed loop: each of Conns connections sends a request (or a
// pipelined batch), waits for the whole answer and sends the next at once. A
// closed loop slows down with its server, so its latencies say how long an
// answer took, not how long a user arriving at a fixed rate would have waited.
//
//	controlling goroutine (Run)            N locked threads
//	+-------------------------+    word    +-------------------------------+
//	| warm-up, window, Sample | ---------> | pacer: may I send, since when |
//	| Opened, Closed, Ctrl-C  |            |   |                           |
//	|                         | <--------- | conns: socket + state machine |
//	+-------------------------+  answers   |   |                           |
//	                            published  | recorder: counts per latency  |
//	                                       +-------------------------------+
//
// The three parts of a thread know each other by one call each: a pacer grants
// sends and says from which instant their latency counts, a connection carries
// them out, a Recorder keeps the latencies. A rate schedule is another pacer.
//
// A connection slot lives through these states; a request is in flight in
// exactly connecting and busy (Config.Think adds the states below):
//
//	          grant              EPOLLOUT            last answer,
//	+--------+ -----> +----------+ -----> +--------+ server closes  +-----+
//	| closed |        |connecting|        |  busy  | -------------> | fin |
//	+--------+ <----+ +----------+   +--> +--------+                +-----+
//	  ^    ^        |   | fails      |        | no grant               | EOF
//	  |    |  +---------+ |    grant |        v                        |
//	  |    +--| backoff |<+          |    +--------+                   |
//	  |       +---------+            +----| parked |                   |
//	  |                                   +--------+                   |
//	  +--- any failure, or the connection's last answer <--------------+
//
// # Think time
//
// With Config.Think a slot sleeps where a user would think. Its sleep begins
// when the connection is established, and with the answer; it does nothing new
// before the end, whatever becomes of the connection meanwhile:
//
//	connecting --> thinking --> busy             granted, not in flight
//	busy       --> resting  --> parked | closed  our turn: a request or the close
//	busy       --> fin      --> away --> closed  the server's FIN comes first
//
// All sleeps are equally long, so a queue of slots is enough to time them. The
// intended start of a request is the end of the sleep: its latency counts from
// there, even if this thread is late to send it.
//
// # Stages and the window
//
//	hold -> warm -> quiesce -> open -> shut -> stop
//
// Run stores the stage in a word that every thread compares after each wake-up
// and with each read. The word also numbers the sampler's questions, so that one
// asked with a stage is answered where a thread enters it. The measured window of
// a thread begins when it sees open, which is stored after Config.Opened has
// returned, and ends when it sees shut, which is stored before Config.Closed is
// called. A request belongs to the window when
// its answer was completed, or its failure noticed, inside it. Requests in
// flight at the opening are the book's Carried, those in flight at the end its
// InFlight, and their ages are kept, so that
//
//	Carried + Started == OK + Failed + InFlight + Thinking
//
// holds to the last request, for the window and for the whole run. Thinking are
// those granted to a connection that still thought; Carried contains the same at
// the opening.
//
// # Cost
//
// In steady state a request costs one write, one read, its share of one
// epoll_pwait and one clock reading; nothing is allocated and the collector is
// off. The threads are locked, and the runtime wants processors of its own
// beside them: the caller sets GOMAXPROCS to Threads + 2.
package loadgen

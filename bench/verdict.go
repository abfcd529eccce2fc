package bench

import (
	"fmt"
	"strings"

	"github.com/c10kit/c10kit/results"
)

// lossPerMille is how many of 1,000 segments must be sent again for loss to be what
// limited a cell: each costs its connection at least the 200 ms of a retransmission
// timer, a thousand times what a request takes on loopback.
const lossPerMille = 1

// limits are the figures by which the verdict on a cell is found.
type limits struct {
	spec        string
	conns       int
	concurrency int // connections that the model serves at the same time; 0 is no bound
	neverServed int
	failed      bool // the window was opened, and no request succeeded in it

	server, client side

	ports        uint64 // connects that found no free local port
	overflows    uint64 // connections that the full accept queue dropped
	queue        uint64 // how long it may be
	slowConnects uint64 // handshakes that needed a second SYN
	segments     uint64 // TCP segments sent in the namespace
	retransmits  uint64 // of them, for the second time and more
}

// side is the server or the generator: which share of its processors' time it used, which
// it waited for because others were on them, and which the hypervisor had taken.
type side struct {
	used, waited, stolen float64
	of                   string // what it had: "1 CPU", "2 threads"
	unknown              error  // why nobody knows what it used
	// thread is all three together of one processor, by the busiest thread of a side that has
	// several: with that at its limit, the others have nothing to do, and processors idle.
	thread float64
}

func (s side) share() float64 { return max(s.used+s.waited+s.stolen, s.thread) }

func (s side) String() string {
	if s.unknown != nil {
		return fmt.Sprintf("not known (%v)", s.unknown)
	}
	text := fmt.Sprintf("%.0f%% of %s", 100*s.used, s.of)
	var beside []string
	if s.waited >= 0.01 {
		beside = append(beside, fmt.Sprintf("+%.0f%% waiting", 100*s.waited))
	}
	if s.stolen >= 0.01 {
		beside = append(beside, fmt.Sprintf("+%.0f%% stolen", 100*s.stolen))
	}
	if len(beside) > 0 {
		text += " (" + strings.Join(beside, ", ") + ")"
	}
	if s.thread >= results.Busy && s.thread > s.used+s.waited+s.stolen {
		text += fmt.Sprintf(", a thread of it %.0f%% of one", 100*min(s.thread, 1))
	}
	return text
}

// verdict says what limited a cell: the first of these that the figures show.
//
//	concurrency   connections beyond what the model serves at a time: whoever is busy
//	              meanwhile is busy with the others
//	ports         connects failed for want of a port: what was asked was not sent
//	none          no request succeeded: what was busy was busy with errors
//	server-cpu,   the busier side, if it had no time left. A busy server overflows its
//	client        queue and a busy machine is late with its timers: the time is the cause
//	accept-queue  with time left, connections were dropped because accept came too late
//	loss          with time left and no overflow, segments had to be sent again. (An
//	              overflow makes the client send again too: so it comes first.)
//	none          nothing of this reached its limit; or it is not known, and that is said
//
// A single connect without a port and a single dropped connection are enough, where a lost
// segment is not: a segment is now and then lost to a busy machine, but a table of ports or
// a queue that was full once had reached its limit, and no server with time left lets that
// happen by chance. How many they were the evidence says, and how long the queue may be.
func (l limits) verdict() results.Verdict {
	both := fmt.Sprintf("server %v, load %v", l.server, l.client)
	v := func(name, format string, args ...any) results.Verdict {
		return results.Verdict{Name: name, Evidence: fmt.Sprintf(format, args...)}
	}
	switch {
	case l.concurrency > 0 && l.conns > l.concurrency && l.neverServed > 0:
		return v(results.VerdictConcurrency, "%d of %d connections were never served: %s serves %d at a time",
			l.neverServed, l.conns, l.spec, l.concurrency)
	case l.ports > 0:
		return v(results.VerdictPorts, "%d connects found no free local port (EADDRNOTAVAIL); more sources have more ports", l.ports)
	case l.failed:
		return v(results.VerdictNone, "%s; %s", results.NoSuccess, both)
	case l.server.unknown != nil:
		return v(results.VerdictNone, "it cannot be told: %v", l.server.unknown)
	case l.server.share() >= results.Busy && l.server.share() >= l.client.share():
		return v(results.VerdictServerCPU, "%s%s", both, l.alsoOverflows())
	case l.client.share() >= results.Busy:
		return v(results.VerdictClient, "%s%s", both, l.alsoOverflows())
	case l.overflows > 0:
		return v(results.VerdictAcceptQueue, "%d connections were dropped by a full accept queue of %d, %d waited a second or more for the next try; %s",
			l.overflows, l.queue, l.slowConnects, both)
	case l.lost():
		return v(results.VerdictLoss, "%d of %d segments were sent again, %d connects among them; %s",
			l.retransmits, l.segments, l.slowConnects, both)
	}
	return v(results.VerdictNone, "%s", both)
}

// lost reports whether segments that were sent again explain time that nobody used.
func (l limits) lost() bool {
	return l.retransmits > 0 && l.retransmits*1000 >= l.segments*lossPerMille
}

func (l limits) alsoOverflows() string {
	if l.overflows == 0 {
		return ""
	}
	return fmt.Sprintf("; %d connections were dropped by a full accept queue", l.overflows)
}

// counted is n things in words: "1 CPU", "2 CPUs".
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

package bench

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/control"
	"github.com/c10kit/c10kit/probe"
	"github.com/c10kit/c10kit/probe/watch"
	"github.com/c10kit/c10kit/results"
)

// TestVerdict: each rule, and which goes before which.
func TestVerdict(t *testing.T) {
	idle := side{used: 0.3, of: "1 CPU"}
	full := side{used: 0.99, of: "1 CPU"}
	crowded := side{used: 0.52, waited: 0.46, of: "1 thread"}
	for _, tc := range []struct {
		name string
		l    limits
		want string
		says string
	}{
		{"nothing", limits{server: idle, client: idle}, results.VerdictNone, "server 30% of 1 CPU, load 30% of 1 CPU"},
		{"server", limits{server: full, client: idle}, results.VerdictServerCPU, "99%"},
		{"client", limits{server: idle, client: full}, results.VerdictClient, "99%"},
		{"the busier", limits{server: side{used: 0.96}, client: side{used: 0.98}}, results.VerdictClient, ""},
		{"others take its CPU", limits{server: idle, client: crowded}, results.VerdictClient, "52% of 1 thread (+46% waiting)"},
		{"the hypervisor takes it", limits{server: side{used: 0.85, waited: 0.04, stolen: 0.1, of: "1 CPU"}, client: idle}, results.VerdictServerCPU, "85% of 1 CPU (+4% waiting, +10% stolen)"},
		{"it takes what was left over", limits{server: side{used: 0.3, stolen: 0.6, of: "1 CPU"}, client: idle}, results.VerdictNone, "30% of 1 CPU (+60% stolen)"},
		{"a thread", limits{server: side{used: 0.5, thread: 0.97, of: "2 CPUs"}, client: idle}, results.VerdictServerCPU, "50% of 2 CPUs, a thread of it 97% of one"},
		{"no thread", limits{server: side{used: 0.5, thread: 0.6, of: "2 CPUs"}, client: idle}, results.VerdictNone, "server 50% of 2 CPUs, load"},
		{"errors only", limits{failed: true, server: full, client: idle}, results.VerdictNone, "no request succeeded"},
		{"a full server overflows", limits{server: full, client: idle, overflows: 3}, results.VerdictServerCPU, "3 connections were dropped"},
		{"overflow", limits{server: idle, client: idle, overflows: 3, queue: 1, retransmits: 9, segments: 100}, results.VerdictAcceptQueue, "full accept queue of 1"},
		{"loss", limits{server: idle, client: idle, retransmits: 9, segments: 9000}, results.VerdictLoss, "9 of 9000"},
		{"hardly any loss", limits{server: idle, client: idle, retransmits: 1, segments: 9000}, results.VerdictNone, ""},
		{"ports", limits{server: full, client: full, ports: 1}, results.VerdictPorts, "EADDRNOTAVAIL"},
		{"concurrency", limits{spec: "iterative", conns: 64, concurrency: 1, neverServed: 63, server: full, ports: 1}, results.VerdictConcurrency, "63 of 64 connections were never served: iterative serves 1"},
		{"all were served in turn", limits{conns: 64, concurrency: 1, server: full}, results.VerdictServerCPU, ""},
	} {
		if v := tc.l.verdict(); v.Name != tc.want || !strings.Contains(v.Evidence, tc.says) {
			t.Errorf("%s: %+v, want %s with %q", tc.name, v, tc.want, tc.says)
		}
	}
}

// TestServerSide: what a server could use is bounded by its workers or threads, and what it
// waited for by what others took of all the processors that it was given.
func TestServerSide(t *testing.T) {
	const s = time.Second
	one, two, four := []int{0}, []int{0, 1}, []int{0, 1, 2, 3}
	for _, tc := range []struct {
		name    string
		cpus    []int
		workers int // results.WorkersTree: a tree
		counted watch.Counted
		want    side
		limited bool
	}{
		{"its CPU is used up", one, 1, counts(s, 0.98, 0.3, 0.02, 0), side{used: 0.98, of: "1 CPU"}, true},
		{"threads that wait for each other only", one, 64, counts(s, 0.5, 0.4, 0.5, 0), side{used: 0.5, of: "1 CPU"}, false},
		{"a loop that shares two CPUs with the load", two, 1, counts(s, 0.6, 0.39, 0, 0), side{used: 0.6, waited: 0.39, of: "1 CPU"}, true},
		{"a loop beside an idle CPU that is its own", two, 1, counts(s, 0.6, 0.39, 0.9, 0), side{used: 0.6, waited: 0.39, of: "1 CPU"}, true},
		{"a loop that waits for requests", two, 1, counts(s, 0.6, 0.01, 1.2, 0), side{used: 0.6, waited: 0.01, of: "1 CPU"}, false},
		{"many threads wait no longer than there is time", two, 64, counts(s, 0.8, 30, 0, 0), side{used: 0.4, waited: 0.6, of: "2 CPUs"}, true},
		{"a command of one thread", two, results.WorkersTree, counts(s, 0.97, 0, 1, 1), side{used: 0.97, of: "1 CPU"}, true},
		{"a command with one thread that works", four, results.WorkersTree, counts(s, 1, 0, 3, 9, 0.96, 0.01), side{used: 0.25, thread: 0.97, of: "4 CPUs"}, true},
		{"the same, the CPU shared with the load", two, results.WorkersTree, counts(s, 0.7, 0.28, 0, 9, 0.69, 0.27), side{used: 0.35, waited: 0.14, thread: 0.96, of: "2 CPUs"}, true},
		{"a command of many threads with time left", two, results.WorkersTree, counts(s, 1, 0, 1, 9, 0.5, 0.1), side{used: 0.5, thread: 0.6, of: "2 CPUs"}, false},
	} {
		w := &window{plan: Plan{Layout: Layout{Server: tc.cpus}}, cell: results.Cell{Workers: tc.workers}}
		if w.traits = (models.Traits{Tree: tc.workers == results.WorkersTree}); !w.traits.Tree {
			w.after = control.Edge{MonotonicNs: int64(s), UserNs: int64(tc.counted.CPU.User)}
		}
		got := w.serverSide(tc.counted)
		near := func(a, b float64) bool { return math.Abs(a-b) < 1e-6 }
		if got.of != tc.want.of || !near(got.used, tc.want.used) || !near(got.waited, tc.want.waited) || !near(got.thread, tc.want.thread) {
			t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
		}
		if limited := got.share() >= results.Busy; limited != tc.limited {
			t.Errorf("%s: at its limit %v: %v", tc.name, limited, got)
		}
	}
}

// counts is a window in which a server used, waited for and left idle so much of processors,
// with so many threads, the busiest of which ran and waited so much.
func counts(elapsed time.Duration, used, delay, idle float64, threads int, busiest ...float64) (c watch.Counted) {
	of := func(share float64) time.Duration { return time.Duration(share * float64(elapsed)) }
	c.Elapsed, c.Threads, c.Idle, c.Delay, c.CPU.User = elapsed, threads, of(idle), of(delay), of(used)
	if len(busiest) == 2 {
		c.Busiest = probe.ThreadTime{Ran: of(busiest[0]), Delay: of(busiest[1])}
	}
	return c
}

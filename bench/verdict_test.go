package bench

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/c10kit/c10kit/loadgen"
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
		{"errors only, of a server that nobody can read", limits{failed: true, server: side{unknown: errNoSample}, client: idle}, results.VerdictNone, "no request succeeded; server not known (no sample of the window saw it), load 30%"},
		{"not known", limits{server: side{unknown: errNoSample}, client: full}, results.VerdictNone, "it cannot be told: no sample"},
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
		{"one thread, stolen while the load hardly runs", two, 1, taken(0.15, counts(s, 0.85, 0, 0.9, 0)), side{used: 0.85, stolen: 0.15 * 0.85 / 0.95, of: "1 CPU"}, true},
		{"stolen from the load", two, 1, taken(0.3, counts(s, 0.3, 0, 0.4, 0)), side{used: 0.3, stolen: 0.3 * 0.3 / 1.3, of: "1 CPU"}, false},
		{"stolen on its own CPU", one, 1, taken(0.14, counts(s, 0.84, 0, 0.02, 0)), side{used: 0.84, stolen: 0.14, of: "1 CPU"}, true},
		{"two loops on two CPUs, both stolen", two, 2, taken(0.3, counts(s, 1.66, 0, 0.04, 0)), side{used: 0.83, stolen: 0.15, of: "2 CPUs"}, true},
		{"a command with one thread that works, stolen", two, results.WorkersTree, taken(0.15, counts(s, 0.85, 0, 0.9, 9, 0.84, 0.02)), side{used: 0.425, stolen: 0.15 * 0.85 / 0.95 / 2, thread: 0.86 + 0.15*0.84/0.95, of: "2 CPUs"}, true},
		{"a command of many threads with time left", two, results.WorkersTree, counts(s, 1, 0, 1, 9, 0.5, 0.1), side{used: 0.5, thread: 0.6, of: "2 CPUs"}, false},
	} {
		w := &window{plan: Plan{Layout: Layout{Server: tc.cpus}}, cell: results.Cell{Workers: tc.workers}}
		if w.traits = (models.Traits{Tree: tc.workers == results.WorkersTree}); !w.traits.Tree {
			w.after = control.Edge{MonotonicNs: int64(s), UserNs: int64(tc.counted.CPU.User)}
		}
		got := w.serverSide(tc.counted)
		near := func(a, b float64) bool { return math.Abs(a-b) < 1e-6 }
		if got.of != tc.want.of || !near(got.used, tc.want.used) || !near(got.waited, tc.want.waited) ||
			!near(got.stolen, tc.want.stolen) || !near(got.thread, tc.want.thread) {
			t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
		}
		if limited := got.share() >= results.Busy; limited != tc.limited {
			t.Errorf("%s: at its limit %v: %v", tc.name, limited, got)
		}
	}
}

// TestClientSide: what the generator's threads had less than their processors' time, of as
// many processors as there are threads.
func TestClientSide(t *testing.T) {
	const s = time.Second
	for _, tc := range []struct {
		name                   string
		threads                int
		used, waited, stolen   time.Duration
		wantWaited, wantStolen float64
		limited                bool
	}{
		{"idle", 1, s / 10, 0, 0, 0, 0, false},
		{"waits", 1, s / 2, 48 * s / 100, 0, 0.48, 0, true},
		{"not known", 1, s / 2, -1, 0, 0, 0, false},
		{"a wait of before the window ends in it", 1, s / 2, 3 * s, 0, 0.5, 0, true},
		{"one thread whose processor is stolen", 1, s / 2, 0, 46 * s / 100, 0, 0.46, true},
		{"of two processors a half", 2, s, 0, s, 0, 0.5, true},
		{"no more than there was", 1, 7 * s / 10, 2 * s / 10, s, 0.2, 0.1, true},
	} {
		w := &window{plan: Plan{Layout: Layout{Load: []int{0, 1}}}, cell: results.Cell{Conns: tc.threads}}
		load := loadgen.Result{Elapsed: s, Threads: make([]loadgen.CPU, tc.threads), CPU: loadgen.CPU{User: tc.used, Waited: tc.waited}}
		c := watch.Counted{LoadStolen: tc.stolen}
		c.Elapsed = s
		got := w.clientSide(&load, c)
		near := func(a, b float64) bool { return math.Abs(a-b) < 1e-6 }
		if !near(got.waited, tc.wantWaited) || !near(got.stolen, tc.wantStolen) || got.share() >= results.Busy != tc.limited {
			t.Errorf("%s: %+v, at its limit %v", tc.name, got, got.share() >= results.Busy)
		}
		if n := len(w.plan.loadCPUs(w.cell)); n != tc.threads {
			t.Errorf("%s: steal is read of %d processors, %d threads run", tc.name, n, tc.threads)
		}
	}
}

// TestStolen: no side loses more than what it had left, and of what is not known nothing.
func TestStolen(t *testing.T) {
	const s = time.Second
	c := watch.Counted{}
	c.Elapsed = s
	for _, tc := range []struct {
		taken time.Duration
		cpus  int
		s     side
		want  float64
	}{
		{0, 1, side{}, 0},
		{s / 2, 1, side{}, 0.5},
		{s / 2, 2, side{}, 0.25},
		{s / 2, 0, side{}, 0.5},
		{s / 2, 1, side{used: 0.8, waited: 0.1}, 0.1},
		{s / 2, 1, side{used: 1.1}, 0},
	} {
		if got := stolen(tc.taken, c, tc.cpus, tc.s); math.Abs(got-tc.want) > 1e-6 {
			t.Errorf("%+v: %v", tc, got)
		}
	}
	c.IdleErr = errNoSample
	if got := stolen(s, c, 1, side{}); got != 0 {
		t.Errorf("%v stolen where nobody knows", got)
	}
}

// TestLimits: what the verdict is found by, and what is said to be lacking.
func TestLimits(t *testing.T) {
	load := loadgen.Result{Elapsed: time.Second, Requests: 10, Threads: make([]loadgen.CPU, 1)}
	load.Failures = []loadgen.Failure{{Class: loadgen.ClassPorts, Count: 3}, {Class: loadgen.ClassPorts, Count: 4}, {Class: loadgen.ClassTimeout, Count: 9}}
	broken := errors.New("broken")
	tree, ours := models.Traits{Tree: true}, models.Traits{Kind: models.Pool}
	for _, tc := range []struct {
		name    string
		traits  models.Traits
		edge    error
		set     func(*watch.Counted, *loadgen.Result)
		unknown error
		lacks   []string
	}{
		{"all is known", ours, nil, func(*watch.Counted, *loadgen.Result) {}, nil, nil},
		{"the server does not answer", ours, broken, func(c *watch.Counted, _ *loadgen.Result) { c.DelayErr = broken }, broken, nil},
		{"no clock of a tree", tree, nil, func(c *watch.Counted, _ *loadgen.Result) { c.CPUErr = broken }, broken, nil},
		{"our server says itself", ours, nil, func(c *watch.Counted, _ *loadgen.Result) { c.CPUErr = broken }, nil, nil},
		{
			"no schedstat", ours, nil, func(c *watch.Counted, load *loadgen.Result) { c.DelayErr, load.CPU.Waited = broken, -1 }, nil,
			[]string{"the time that the server waited for a processor: broken", "the generator waited for a processor: the kernel keeps no schedstat"},
		},
		{"no /proc/stat", tree, nil, func(c *watch.Counted, _ *loadgen.Result) { c.IdleErr = broken }, nil, []string{"others and the hypervisor took from the processors: broken"}},
	} {
		w := &window{traits: tc.traits, edgeErr: tc.edge, cell: results.Cell{Conns: 8, Workers: 2}, plan: Plan{Layout: Layout{Server: []int{0}, Load: []int{1}}}}
		load, c := load, watch.Counted{}
		tc.set(&c, &load)
		l := w.limits(&load, c)
		if l.ports != 7 || l.failed || !errors.Is(l.server.unknown, tc.unknown) || (l.concurrency > 0) == tc.traits.Tree {
			t.Errorf("%s: %+v", tc.name, l)
		}
		lacks := l.lacking(&load, c)
		if len(lacks) != len(tc.lacks) {
			t.Errorf("%s: %q, want %q", tc.name, lacks, tc.lacks)
			continue
		}
		for i, want := range tc.lacks {
			if !strings.HasPrefix(lacks[i], "the verdict was found without ") || !strings.Contains(lacks[i], want) {
				t.Errorf("%s: %q, want %q", tc.name, lacks[i], want)
			}
		}
	}
}

// TestUnread: a figure of the series that no sample has is missing for the last error of its
// source.
func TestUnread(t *testing.T) {
	s := newSeries(&window{})
	if err := s.unread(watch.QueueSource); err != errNoSample {
		t.Errorf("of a window that was never opened: %v", err)
	}
	s.errs = map[string]error{}
	first, last := errors.New("first"), errors.New("last")
	for _, err := range []error{first, last} {
		s.probed(watch.Sample{Sample: probe.Sample{Errors: map[string]error{watch.QueueSource: err}}})
	}
	if err := s.unread(watch.QueueSource); err != last {
		t.Errorf("%v, want the last one", err)
	}
	if s.err = first; s.unread(watch.QueueSource) != first {
		t.Errorf("%v of a series that could not begin", s.unread(watch.QueueSource))
	}
}

// TestPerSecond: switches by perf events are told of the time since they were read before,
// however many samples without them lie between, and the voluntary ones where there are any.
func TestPerSecond(t *testing.T) {
	var got []results.Sample
	s := newSeries(&window{sample: func(x results.Sample) { got = append(got, x) }})
	s.errs = map[string]error{}
	for i, v := range []probe.Values{
		{watch.Perf: 100, watch.PerfVoluntary: 50}, {}, {watch.Perf: 300, watch.PerfVoluntary: 150}, {watch.Perf: 400},
	} {
		s.probed(watch.Sample{Sample: probe.Sample{At: time.Unix(int64(i), 0), Values: v}})
	}
	if len(got) != 2 || got[0].Values[results.SwitchesPerSec] != 100 || got[0].Values[results.VoluntaryPerSec] != 50 {
		t.Fatalf("%+v", got)
	}
	if _, ok := got[1].Values[results.VoluntaryPerSec]; ok || got[1].Values[results.SwitchesPerSec] != 100 {
		t.Errorf("%+v, when nobody read the voluntary ones", got[1])
	}
}

// TestServerCostsMissing: of a command the reason is its tree's and nobody is said to have
// been asked.
func TestServerCostsMissing(t *testing.T) {
	for _, tree := range []bool{true, false} {
		w := &window{traits: models.Traits{Tree: tree}, start: time.Unix(1, 0), edgeErr: errors.New("silence")}
		r, c := results.Result{}, watch.Counted{}
		c.CPUErr = errors.New("no clock")
		w.serverCosts(&r, &loadgen.Result{}, c)
		want := map[bool]string{true: "no clock", false: "the server did not answer: silence"}[tree]
		if why := r.Missing[results.CPUPerReq]; why != want {
			t.Errorf("tree %v: missing for %q, want %q", tree, why, want)
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

// taken is what was counted while the hypervisor took so many processors away.
func taken(stolen float64, c watch.Counted) watch.Counted {
	c.Stolen = time.Duration(stolen * float64(c.Elapsed))
	return c
}

package reports_test

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/c10kit/c10kit/results"
)

const noCounters = "open /proc/4711/task: permission denied: run as the user that started the server"

// figures are what one round of a fixture says; the others are scaled from it.
type figures struct {
	spec, variant string
	mode          string
	conns         int
	workers       int
	rate          float64
	p50, p99      float64
	cpu           float64
	verdict       results.Verdict
	errors        map[string]uint64
	neverServed   int
	notes         []string
	kernel        kernel
}

// kernel is what the kernel's counters say of a round: rates per request, and
// figures that rounds do not scale. Nil shares are not known.
type kernel struct {
	vol, invol, off, run, wake, again float64

	twServer, twClient, standing, pss, threads, procs float64
	overflows, retransmits                            float64

	shares []uint64
}

const mib = 1 << 20

// pool is how 64 workers shared connections out, the busiest with half as many
// again as the idlest.
func pool(least uint64) []uint64 {
	shares := make([]uint64, 64)
	for i := range shares {
		shares[i] = least + uint64(i*37%64)*least/126
	}
	return shares
}

var standard = []figures{
	{
		"iterative", "", results.ModeClose, 64, 1, 24813, 2.31e6, 3.44e6, 31200,
		results.Verdict{Name: results.VerdictServerCPU, Evidence: "served processes used 0.98 of 1 CPU"},
		nil, 0, nil,
		kernel{vol: 0.4, invol: 0.04, run: 0.15, wake: 2, twServer: 24813, standing: 1204, pss: 8.15 * mib, threads: 10, procs: 1},
	},
	{
		"reactor", "epoll", results.ModeClose, 64, 1, 26440, 2.21e6, 3.02e6, 29800,
		results.Verdict{Name: results.VerdictServerCPU, Evidence: "served processes used 0.99 of 1 CPU"},
		nil, 0, nil,
		kernel{vol: 0.38, invol: 0.07, run: 0.16, wake: 1.19, again: 0.63, twServer: 26440, standing: 911, pss: 8.17 * mib, threads: 10, procs: 1},
	},
	{
		"prethread", "accept", results.ModeClose, 64, 64, 21210, 2.84e6, 7.9e6, 36100,
		results.Verdict{Name: results.VerdictServerCPU, Evidence: "served processes used 0.99 of 1 CPU"},
		map[string]uint64{"connect/reset": 3, "read/timeout": 1},
		0, nil,
		kernel{
			vol: 1.96, invol: 0.36, off: 0.03, run: 0.47, wake: 2, twServer: 21206, twClient: 4, standing: 873, pss: 15.2 * mib,
			threads: 90, procs: 1, overflows: 3, retransmits: 12, shares: pool(280),
		},
	},
	{
		"reactor", "epoll", results.ModeKeepAlive, 64, 1, 67120, 913e3, 1.62e6, 12400,
		results.Verdict{Name: results.VerdictServerCPU, Evidence: "served processes used 0.99 of 1 CPU"},
		nil, 0, nil,
		kernel{vol: 0.0007, invol: 0.009, off: 0.0001, run: 0.009, wake: 0.03, again: 0.004, pss: 8.35 * mib, threads: 10, procs: 1, shares: []uint64{64}},
	},
	{
		"prethread", "accept", results.ModeKeepAlive, 64, 64, 55310, 1.08e6, 3.1e6, 16900,
		results.Verdict{Name: results.VerdictServerCPU, Evidence: "served processes used 0.98 of 1 CPU"},
		nil, 0,
		[]string{"64 workers for 64 connections: one each"},
		kernel{vol: 0.96, invol: 0.06, run: 0.12, wake: 1, pss: 14.5 * mib, threads: 90, procs: 1, shares: slices.Repeat([]uint64{1}, 64)},
	},
	{
		"iterative", "", results.ModeKeepAlive, 64, 1, 31870, 29e3, 61e3, 21100,
		results.Verdict{Name: results.VerdictConcurrency, Evidence: "63 of 64 connections never served"},
		nil, 63, nil,
		kernel{vol: 0.99, invol: 0.03, run: 0.12, wake: 1, pss: 8.22 * mib, threads: 10, procs: 1},
	},
	{
		"iterative", "", results.ModeKeepAlive, 1, 1, 31260, 29.4e3, 58e3, 21700,
		results.Verdict{Name: results.VerdictNone},
		nil, 0, nil,
		kernel{},
	},
}

// spread is what each round's figures are multiplied by: shuffled, so that the
// median is not the first.
var spread = []float64{1.02, 0.97, 1}

func (f figures) cell(round int) results.Cell {
	return results.Cell{
		Model: f.spec, Variant: f.variant, App: "http", Path: "/plaintext", Conns: f.conns, Workers: f.workers,
		Mode: f.mode, Closer: results.CloserServer, Pipeline: 1, Placement: results.PlacementSplit, Round: round,
	}.Identify()
}

func (f figures) result(round int) results.Result {
	k := spread[round-1]
	r := results.Result{
		Cell: f.cell(round), Requests: uint64(f.rate * k), Verdict: f.verdict,
		NeverServed: f.neverServed, Notes: f.notes,
	}
	r.Set(results.ReqPerSec, f.rate*k)
	r.Set(results.P50, f.p50/k)
	r.Set(results.P99, f.p99/k)
	r.Set(results.CPUPerReq, f.cpu/k)
	r.Set(results.Errors, 0)
	if round == 2 && f.errors != nil {
		r.Errors = f.errors
		r.Set(results.Errors, 4)
	}
	f.count(&r, k)
	if f.spec == "iterative" {
		r.Miss(results.Allocs, "the server did not answer on its control pipe")
	}
	return r
}

// count sets what the kernel counted: nothing of a fixture without threads, of a
// tree what can be told without naming a worker.
func (f figures) count(r *results.Result, k float64) {
	n := f.kernel
	if n.threads == 0 {
		r.Miss(results.CswVoluntary, noCounters)
		r.Miss(results.CswInvoluntary, noCounters)
		return
	}
	for m, v := range map[results.Metric]float64{
		results.CswVoluntary: n.vol * k, results.CswInvoluntary: n.invol * k, results.CswError: n.off,
		results.CswRuntime: n.run * k, results.WakeUps: n.wake, results.EAGAINs: n.again * k,
		results.TimeWaitServer: math.Round(n.twServer * k), results.TimeWaitClient: n.twClient,
		results.TimeWaitStandingServer: n.standing, results.TimeWaitStandingClient: 0,
		results.PSS: n.pss / k, results.Threads: n.threads, results.Procs: n.procs,
		results.Overflows: n.overflows, results.Retransmits: n.retransmits,
	} {
		r.Set(m, v)
	}
	if f.workers == results.WorkersTree {
		r.Miss(results.CswRuntime, "no worker can be named: the two others are of the whole tree")
		r.Miss(results.WakeUps, "the server keeps no scoreboard")
		r.Miss(results.EAGAINs, "the server keeps no scoreboard")
		return
	}
	for _, v := range n.shares {
		r.PerWorker = append(r.PerWorker, uint64(float64(v)*k))
	}
}

// fixture is a run with the given rounds, measured in another order than
// planned, as interleaved rounds are.
func fixture(all []figures, rounds int) *results.Stored {
	s := &results.Stored{Manifest: results.Manifest{
		Schema: results.Schema, Name: "compare",
		Start:  time.Date(2026, 11, 21, 21, 30, 5, 0, time.UTC),
		End:    time.Date(2026, 11, 21, 21, 30, 55, 0, time.UTC),
		Argv:   []string{"c10kit", "compare"},
		Seed:   42,
		Rounds: rounds, Window: time.Second, Placement: results.PlacementSplit,
		Kernel: "Linux 6.18.0", CPU: results.CPU{Model: "Example CPU @ 2.60GHz", Count: 2},
		Pinning:  results.Pinning{Server: []int{0}, Load: []int{1}},
		Warnings: []string{"server had 1 CPU: multicore effects not visible"},
	}}
	for _, f := range all {
		for round := 1; round <= rounds; round++ {
			s.Manifest.Cells = append(s.Manifest.Cells, f.cell(round))
		}
	}
	for round := 1; round <= rounds; round++ {
		for i := range all {
			s.Results = append(s.Results, all[(i+round)%len(all)].result(round))
		}
	}
	return s
}

// everyModel is one row for each spelling in the table of models: the widest
// names there are.
func everyModel() []figures {
	specs := [][2]string{
		{"iterative", ""},
		{"ppc", "fork"},
		{"ppc", "exec"},
		{"tpc", "thread"},
		{"tpc", "goroutine"},
		{"prefork", "exclusive"},
		{"prefork", "fdpass"},
		{"prethread", "leader"},
		{"reactor", "epoll"},
		{"hybrid", "reuseport"},
		{"hybrid", "acceptor"},
		{"proactor", "uring"},
		{"nethttp", ""},
		{"cmd", "httpd-prefork"},
	}
	var all []figures
	for i, s := range specs {
		f := standard[i%len(standard)]
		f.spec, f.variant, f.mode, f.conns, f.neverServed = s[0], s[1], results.ModeKeepAlive, 1024, 0
		f.rate, f.p99 = f.rate*float64(1+i)/3, f.p99*float64(1+i*i)
		f.verdict = results.Verdict{
			Name:     results.Verdicts()[i%len(results.Verdicts())],
			Evidence: fmt.Sprintf("evidence number %d", i%3),
		}
		if s[0] == "nethttp" || s[0] == "cmd" {
			f.workers = results.WorkersTree
		}
		if s[0] == "hybrid" {
			f.workers, f.kernel.shares = 3, []uint64{300, 341, 383}
		}
		all = append(all, f)
	}
	return all
}

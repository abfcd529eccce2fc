package reports_test

import (
	"fmt"
	"time"

	"github.com/c10kit/c10kit/results"
)

const notBuilt = "not counted by this version: the counters' probe is not built in"

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
}

var standard = []figures{
	{
		"iterative", "", results.ModeClose, 64, 1, 24813, 2.31e6, 3.44e6, 31200,
		results.Verdict{Name: results.VerdictServerCPU, Evidence: "served processes used 0.98 of 1 CPU"},
		nil, 0, nil,
	},
	{
		"reactor", "epoll", results.ModeClose, 64, 1, 26440, 2.21e6, 3.02e6, 29800,
		results.Verdict{Name: results.VerdictServerCPU, Evidence: "served processes used 0.99 of 1 CPU"},
		nil, 0, nil,
	},
	{
		"prethread", "accept", results.ModeClose, 64, 64, 21210, 2.84e6, 7.9e6, 36100,
		results.Verdict{Name: results.VerdictServerCPU, Evidence: "served processes used 0.99 of 1 CPU"},
		map[string]uint64{"connect/reset": 3, "read/timeout": 1},
		0, nil,
	},
	{
		"reactor", "epoll", results.ModeKeepAlive, 64, 1, 67120, 913e3, 1.62e6, 12400,
		results.Verdict{Name: results.VerdictServerCPU, Evidence: "served processes used 0.99 of 1 CPU"},
		nil, 0, nil,
	},
	{
		"prethread", "accept", results.ModeKeepAlive, 64, 64, 55310, 1.08e6, 3.1e6, 16900,
		results.Verdict{Name: results.VerdictServerCPU, Evidence: "served processes used 0.98 of 1 CPU"},
		nil, 0,
		[]string{"64 workers for 64 connections: one each"},
	},
	{
		"iterative", "", results.ModeKeepAlive, 64, 1, 31870, 29e3, 61e3, 21100,
		results.Verdict{Name: results.VerdictConcurrency, Evidence: "63 of 64 connections never served"},
		nil, 63, nil,
	},
	{
		"iterative", "", results.ModeKeepAlive, 1, 1, 31260, 29.4e3, 58e3, 21700,
		results.Verdict{Name: results.VerdictNone},
		nil, 0, nil,
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
	r.Miss(results.CswVoluntary, notBuilt)
	r.Miss(results.CswInvoluntary, notBuilt)
	if f.spec == "iterative" {
		r.Miss(results.Allocs, "the server did not answer on its control pipe")
	}
	return r
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
		all = append(all, f)
	}
	return all
}

package dashboard

import (
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/charmbracelet/colorprofile"
	"go.uber.org/goleak"

	"github.com/c10kit/c10kit/results"
)

var start = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorded is the run in testdata: c10kit compare -d 300ms --rounds 2, all six models and
// the baseline.
const recorded = "20261122-005601-compare"

func open(t testing.TB) *results.Stored {
	t.Helper()
	s, err := results.Open(filepath.Join("testdata", recorded))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Warnings) > 0 {
		t.Fatalf("the recorded run is damaged: %v", s.Warnings)
	}
	return s
}

// recording is the recorded run with what it lacks, made up: see enrich.
func recording(t testing.TB) Recording {
	s := open(t)
	enrich(s)
	return Record(s)
}

// enrich adds, where they are missing, the figures that the kernel's counters give, workers,
// and samples with latencies. They depend on the cell only, so that golden files stay.
func enrich(s *results.Stored) {
	counted := map[results.Metric]float64{
		results.CswVoluntary: 1.98, results.CswInvoluntary: 0.07, results.CswError: 0.001, results.CswRuntime: 0.4,
		results.TimeWaitServer: 5200, results.TimeWaitClient: 3, results.PSS: 13.6 * (1 << 20),
		results.Threads: 66, results.Procs: 1,
	}
	sampled := len(s.Samples) > 0
	for i := range s.Results {
		r := &s.Results[i]
		f := 1 + float64(len(r.Model)%5)/4 + float64(r.Round)/50
		for m, v := range counted {
			if _, ok := r.Values[m]; !ok && r.Model != "iterative" {
				delete(r.Missing, m)
				r.Set(m, math.Round(v*f*100)/100)
			}
		}
		if r.PerWorker == nil && r.Workers > 1 {
			for w := range r.Workers {
				r.PerWorker = append(r.PerWorker, uint64(40+w*7%31))
			}
		}
		if !sampled {
			addSamples(s, r, f)
		}
	}
}

func addSamples(s *results.Stored, r *results.Result, f float64) {
	rate := r.Values[results.ReqPerSec]
	for i := range 12 {
		t := float64(i+1) * 0.025
		wave := 1 + 0.1*math.Sin(float64(i)*f)
		x := results.Sample{
			Cell: r.ID, T: t, PerWorker: r.PerWorker, Latencies: make([]uint64, 30),
			Values: map[results.Metric]float64{
				results.ReqPerSec: math.Round(rate * wave), results.Errors: 0,
				results.TimeWaitStandingServer: math.Round(rate * t * f),
			},
		}
		for b := 12; b < 30; b++ {
			x.Latencies[b] = uint64(rate * 0.025 * math.Exp(-math.Abs(float64(b)-20-2*wave)))
		}
		s.Samples = append(s.Samples, x)
	}
}

// played is a dash that shows the recorded run up to part, at a size.
func played(t testing.TB, width, height int, part float64) *dash {
	d := newDash(nil, look{profile: colorprofile.NoTTY}, DefaultFPS)
	d.show(recording(t), nil)
	d.resize(width, height)
	d.seek(func(p *player) { p.seekPart(part) })
	d.now = d.player.at
	d.group = 2
	return d
}

// plainView is the text of what d shows.
func plainView(d *dash) string {
	d.draw()
	return d.grid.Plain()
}

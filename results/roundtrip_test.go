package results

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// same compares what was written with what is read: an empty map and none are
// the same, histograms are when their counts are.
var same = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b *hdrhistogram.Histogram) bool { return a.Equals(b) }),
}

// TestOpenReadsWhatWasWritten is the contract of the package: Open(Write(x)) == x.
func TestOpenReadsWhatWasWritten(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		want := &Stored{
			Manifest:  anyManifest.Draw(t, "manifest"),
			Results:   rapid.SliceOfN(anyResult, 0, 4).Draw(t, "results"),
			Samples:   rapid.SliceOfN(anySample, 0, 3).Draw(t, "samples"),
			Latencies: rapid.SliceOfN(anyLatency, 0, 1).Draw(t, "latencies"),
		}
		run, err := Create(dir, "x", want.Manifest)
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(run.Dir())
		fill(t, run, want)
		if err := run.Close(true); err != nil {
			t.Fatal(err)
		}
		got, err := Open(run.Dir())
		if err != nil {
			t.Fatal(err)
		}
		want.Dir = run.Dir()
		want.Manifest.Schema, want.Manifest.Name, want.Manifest.Interrupted = Schema, "x", true
		want.Manifest.End = got.Manifest.End
		if got.Manifest.End.Before(time.Now().Add(-time.Minute)) {
			t.Fatalf("end of the run is %v", got.Manifest.End)
		}
		if diff := cmp.Diff(want, got, same); diff != "" {
			t.Fatalf("-written +read:\n%s", diff)
		}
	})
}

func fill(t interface{ Fatal(...any) }, run *Run, s *Stored) {
	for _, r := range s.Results {
		if err := run.Result(r); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range s.Samples {
		if err := run.Sample(x); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range s.Latencies {
		if err := run.Latency(l.Cell, l.Kind, l.Start, l.End, l.Histogram); err != nil {
			t.Fatal(err)
		}
	}
}

// example is a small run with a bit of everything, always the same bytes.
func example(t testing.TB) *Stored {
	t.Helper()
	start := time.Date(2026, 11, 21, 21, 30, 5, 0, time.UTC)
	s := &Stored{Manifest: Manifest{
		Start: start, Argv: []string{"c10kit", "compare"}, Seed: 7, Rounds: 2, Window: time.Second,
		Placement: PlacementSplit, CPU: CPU{"Example CPU @ 2.60GHz", 2},
	}}
	for round := 1; round <= 2; round++ {
		for i, spec := range [][2]string{{"iterative", ""}, {"reactor", "epoll"}, {"prefork", "flock"}} {
			c := Cell{
				Model: spec[0], Variant: spec[1], App: "http", Path: "/bytes/1024", Conns: 64, Workers: 1 + 63*(i/2),
				Mode: ModeKeepAlive, Closer: CloserServer, Pipeline: 1, Placement: PlacementSplit, Round: round,
			}.Identify()
			s.Manifest.Cells = append(s.Manifest.Cells, c)
			s.Results = append(s.Results, exampleResult(c, float64(i+1), float64(round)))
			s.Samples = append(s.Samples, Sample{Cell: c.ID, T: 0.25, Values: map[Metric]float64{ReqPerSec: 1e4, CPUPerReq: 12345.5}})
			h := hdrhistogram.New(1000, 60e9, 3)
			if err := h.RecordValues(int64(i+1)*1e6, 100); err != nil {
				t.Fatal(err)
			}
			s.Latencies = append(s.Latencies,
				Latency{c.ID, Total, start, start.Add(time.Second), h},
				Latency{c.ID, Connect, start, start.Add(time.Second), h})
		}
	}
	return s
}

func exampleResult(c Cell, k, round float64) Result {
	r := Result{Cell: c, Requests: uint64(20000*k + 13*round), Verdict: Verdict{VerdictServerCPU, "served processes used 0.99 of 1 CPU"}}
	if c.Model == "iterative" {
		r.Verdict, r.NeverServed = Verdict{VerdictConcurrency, "63 of 64 connections never served"}, 63
	}
	if round == 2 {
		r.Errors = map[string]uint64{"read/reset": 3, "connect/timeout": 1}
		r.Notes = []string{"the window was cut to 0.6 s"}
	}
	r.Set(ReqPerSec, 20000*k+100*round)
	r.Set(ConnPerSec, 0)
	for i, m := range []Metric{P50, P90, P99, P999, MaxLatency} {
		r.Set(m, 50e3/k*float64(i+1)+round)
	}
	r.Set(CPUPerReq, 20000/k+round)
	r.Set(UserPerReq, 2000/k+round)
	r.Set(SysPerReq, 18000/k)
	r.Set(Errors, 4*(round-1))
	r.Set(PSS, 12<<20)
	r.Set(Threads, 6)
	r.Set(Procs, 1)
	r.MissRest("not counted by this version: the counters' probe is not built in")
	return r
}

// written makes a run of s and returns its files.
func written(t testing.TB, s *Stored) fstest.MapFS {
	t.Helper()
	run, err := Create(t.TempDir(), "example", s.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, run, s)
	if err := run.Close(false); err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, name := range []string{manifestFile, resultsFile, seriesFile, latencyFile} {
		data, err := os.ReadFile(filepath.Join(run.Dir(), name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	return files
}

// TestKilledRun cuts each file at every byte: what is whole before the cut is
// read, nothing else is, and a cut within a line or a block is reported.
func TestKilledRun(t *testing.T) {
	s := example(t)
	files := written(t, s)
	for name, parse := range map[string]func([]byte, warner) (whole, got any, n int){
		resultsFile: func(data []byte, w warner) (whole, got any, n int) {
			r := parseResults(data, w)
			return s.Results[:len(r)], r, len(r)
		},
		seriesFile: func(data []byte, w warner) (whole, got any, n int) {
			x := parseSeries(data, w)
			return s.Samples[:len(x)], x, len(x)
		},
		latencyFile: func(data []byte, w warner) (whole, got any, n int) {
			l := parseLatency(data, w)
			return s.Latencies[:len(l)], l, len(l)
		},
	} {
		t.Run(name, func(t *testing.T) {
			data := files[name].Data
			for cut := 0; entries(name, data[:cut]) < 2; cut++ {
				part, warnings := data[:cut], 0
				whole, got, n := parse(part, func(int, string, ...any) { warnings++ })
				if want := entries(name, part); n != want {
					t.Fatalf("cut at %d: %d entries read, %d are whole", cut, n, want)
				}
				if cut%16 == 0 {
					if diff := cmp.Diff(whole, got, same); diff != "" {
						t.Fatalf("cut at %d: %s", cut, diff)
					}
				}
				inLine := cut > 0 && part[cut-1] != '\n'
				if reported := warnings > 0; reported != (inLine || name == resultsFile && inBlock(part)) {
					t.Fatalf("cut at %d: %d warnings", cut, warnings)
				}
			}
		})
	}
}

// entries counts the whole lines that commit an entry.
func entries(name string, data []byte) int {
	prefix := map[string]string{resultsFile: "Benchmark", seriesFile: "{", latencyFile: "Tag="}[name]
	n := 0
	for line := range bytes.Lines(data) {
		if bytes.HasPrefix(line, []byte(prefix)) && bytes.HasSuffix(line, []byte("\n")) {
			n++
		}
	}
	return n
}

// inBlock reports whether whole lines of data end within a block.
func inBlock(data []byte) bool {
	committed := bytes.LastIndex(data, []byte("\nBenchmark"))
	if end := bytes.LastIndexByte(data, '\n'); end <= committed {
		committed = bytes.LastIndex(data[:max(committed, 0)], []byte("\nBenchmark"))
	}
	return bytes.Contains(data[committed+1:], []byte("# cell "))
}

// TestNotClosed: a run that was killed has no end, and Open says so.
func TestNotClosed(t *testing.T) {
	run, err := Create(t.TempDir(), "killed", Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close(true)
	s, err := Open(run.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "not closed") {
		t.Errorf("warnings %q", s.Warnings)
	}
}

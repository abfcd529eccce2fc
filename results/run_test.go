package results

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func TestCreate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs")
	m := Manifest{Start: time.Date(2026, 11, 21, 23, 30, 5, 9, time.FixedZone("east", 2*3600))}
	for _, want := range []string{"20261121-213005-compare", "20261121-213005-compare-2", "20261121-213005-compare-3"} {
		run, err := Create(dir, "compare", m)
		if err != nil {
			t.Fatal(err)
		}
		if got := filepath.Base(run.Dir()); got != want {
			t.Errorf("folder %q, want %q", got, want)
		}
		// The manifest is there before anything is measured, and no
		// temporary file beside it.
		files, _ := filepath.Glob(filepath.Join(run.Dir(), "*"))
		if len(files) != 4 {
			t.Errorf("files %q, want four", files)
		}
		if err := run.Close(false); err != nil {
			t.Error(err)
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"", ".", "..", "../x", "a/b", "-x", "a b", "a\x00b"} {
		if _, err := Create(dir, name, Manifest{}); err == nil {
			t.Errorf("name %q is accepted", name)
		}
	}
	c := example(t).Manifest.Cells[0]
	if _, err := Create(dir, "x", Manifest{Cells: []Cell{c, c}}); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("a cell planned twice: %v", err)
	}
	c.ID = "mine"
	if _, err := Create(dir, "x", Manifest{Cells: []Cell{c}}); err == nil || !strings.Contains(err.Error(), "Identify") {
		t.Errorf("an id of one's own: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("refusing left %v behind", left)
	}
	blocker := filepath.Join(dir, "file")
	if err := os.WriteFile(blocker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(blocker, "x", Manifest{}); err == nil {
		t.Error("a folder within a file")
	}
}

func TestUpdate(t *testing.T) {
	run, err := Create(t.TempDir(), "x", Manifest{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close(true)
	err = run.Update(func(m *Manifest) {
		m.GOMAXPROCS.Models = map[string]int{"reactor:epoll": 3}
		m.Name, m.Schema = "other", 99
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := run.Warn("server had 1 CPU"); err != nil {
			t.Fatal(err)
		}
	}
	if err := run.Update(func(m *Manifest) { m.Cells = []Cell{{}} }); err == nil {
		t.Error("a cell without keys is accepted")
	}
	s, err := Open(run.Dir()) // before Close: a killed run has it too
	if err != nil {
		t.Fatal(err)
	}
	m := s.Manifest
	if m.GOMAXPROCS.Models["reactor:epoll"] != 3 || m.Name != "x" || m.Schema != Schema || len(m.Warnings) != 1 || m.Seed != 1 || m.Cells != nil {
		t.Errorf("manifest %+v", m)
	}
}

func TestClose(t *testing.T) {
	run, err := Create(t.TempDir(), "x", Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(run.Close(false), run.Close(true)); err != nil {
		t.Fatal(err)
	}
	s, err := Open(run.Dir())
	if err != nil || s.Manifest.Interrupted || len(s.Warnings) != 0 {
		t.Errorf("after Close(false) and Close(true): %+v, %v", s, err)
	}
	ex := example(t)
	l := ex.Latencies[0]
	for name, err := range map[string]error{
		"Result":  run.Result(ex.Results[0]),
		"Sample":  run.Sample(ex.Samples[0]),
		"Latency": run.Latency(l.Cell, l.Kind, l.Start, l.End, l.Histogram),
		"Update":  run.Update(func(*Manifest) {}),
	} {
		if !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

// TestConcurrentWriters: lines of several goroutines never mix.
func TestConcurrentWriters(t *testing.T) {
	run, err := Create(t.TempDir(), "x", Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	ex := example(t)
	var wg sync.WaitGroup
	const each = 20
	for g := range 4 {
		wg.Go(func() {
			l := ex.Latencies[g]
			for range each {
				if err := errors.Join(run.Result(ex.Results[g]), run.Sample(ex.Samples[g]), run.Warn(fmt.Sprint(g)),
					run.Latency(l.Cell, l.Kind, l.Start, l.End, l.Histogram.Clone())); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := run.Close(false); err != nil {
		t.Fatal(err)
	}
	s, err := Open(run.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Results) != 4*each || len(s.Samples) != 4*each || len(s.Latencies) != 4*each || len(s.Warnings) != 0 || len(s.Manifest.Warnings) != 4 {
		t.Errorf("%d results, %d samples, %d latencies, warnings %q, %q",
			len(s.Results), len(s.Samples), len(s.Latencies), s.Warnings, s.Manifest.Warnings)
	}
}

// TestRefused: what cannot be written, or would be a lie, is refused and
// leaves the file as it was.
func TestRefused(t *testing.T) {
	run, err := Create(t.TempDir(), "x", Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close(true)
	before, _ := os.ReadFile(filepath.Join(run.Dir(), resultsFile))
	for want, spoil := range map[string]func(*Result){
		"NaN":              func(r *Result) { r.Values[P50] = math.NaN() },
		"Inf":              func(r *Result) { r.Values[P50] = math.Inf(1) },
		"-1":               func(r *Result) { r.Values[P50] = -1 },
		"without a reason": func(r *Result) { r.Miss(P50, "") },
		"has a value and":  func(r *Result) { r.Missing[P50] = "why" },
		`"furlongs"`:       func(r *Result) { r.Values["furlongs"] = 1 },
		`"fortnights"`:     func(r *Result) { r.Missing["fortnights"] = "why" },
		"verdict":          func(r *Result) { r.Verdict.Name = "slow" },
		"never served":     func(r *Result) { r.NeverServed = -1 },
		"benchmark counts": func(r *Result) { r.Requests = math.MaxUint64 },
		"model":            func(r *Result) { r.Model = "a:b" },
		"app":              func(r *Result) { r.App = "" },
		"slash":            func(r *Result) { r.Path = "plaintext" },
		"conns":            func(r *Result) { r.Conns = 0 },
		"workers":          func(r *Result) { r.Workers = -2 },
		"mode":             func(r *Result) { r.Mode = "open" },
		"closer":           func(r *Result) { r.Closer = "" },
		"pipeline":         func(r *Result) { r.Pipeline = 0 },
		"rate":             func(r *Result) { r.Rate = -1 },
		"placement":        func(r *Result) { r.Placement = "" },
		"round":            func(r *Result) { r.Round = -1 },
		"Identify":         func(r *Result) { r.Round++ },
		"benchstat reads":  func(r *Result) { r.Notes = []string{strings.Repeat("x", 70<<10)} },
	} {
		r := example(t).Results[0]
		spoil(&r)
		if err := run.Result(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %q", err, want)
		}
	}
	if after, _ := os.ReadFile(filepath.Join(run.Dir(), resultsFile)); string(after) != string(before) {
		t.Errorf("refused results were written:\n%s", after)
	}
	h, now := hdrhistogram.New(1000, 60e9, 3), time.Now()
	for what, err := range map[string]error{
		"kind":          run.Latency("a", "slow", now, now, h),
		"id with comma": run.Latency("a,b", Total, now, now, h),
		"no id":         run.Latency("", Total, now, now, h),
		"no histogram":  run.Latency("a", Total, now, now, nil),
		"backwards":     run.Latency("a", Total, now, now.Add(-1), h),
		"before 1970":   run.Latency("a", Total, time.Time{}, now, h),
		"sample of NaN": run.Sample(Sample{Cell: "a", T: 0, Values: map[Metric]float64{P50: math.NaN()}}),
		"sample of t":   run.Sample(Sample{Cell: "a", T: 0, Values: map[Metric]float64{"t": 0}}),
		"sample at NaN": run.Sample(Sample{Cell: "a", T: math.NaN(), Values: nil}),
	} {
		if err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

func TestSetMiss(t *testing.T) {
	var r Result
	r.Set(P50, 5)
	r.Set(P99, math.NaN())
	r.Set(P90, math.Inf(1))
	r.Miss(Allocs, "why")
	r.Set(Allocs, 0)
	r.Set(Threads, 1)
	r.Miss(Threads, "why")
	r.MissRest("rest")
	if r.Values[P50] != 5 || r.Missing[P99] == "" || r.Missing[P90] == "" || r.Missing[Allocs] != "" || r.Missing[PSS] != "rest" {
		t.Errorf("%+v", r)
	}
	if len(r.Values)+len(r.Missing) != len(Metrics()) {
		t.Errorf("%d values and %d missing of %d metrics", len(r.Values), len(r.Missing), len(Metrics()))
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	for manifest, want := range map[string]string{
		``:                             "manifest.json",
		`[]`:                           "manifest.json",
		`{}`:                           "not a run folder",
		`{"schema":2,"seed":"seven"}`:  "seed",
		`{"schema":1,"seed":"seven"}`:  "unknown schema version 1, this program reads 2",
		`{"schema":0}`:                 "unknown schema version 0",
		`{"schema":2,"cells":{"a":1}}`: "cells",
	} {
		_, err := open(fstest.MapFS{manifestFile: {Data: []byte(manifest)}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("manifest %q: %v, want %q", manifest, err, want)
		}
		if is := errors.Is(err, ErrSchema); is != strings.HasPrefix(want, "unknown") {
			t.Errorf("manifest %q: errors.Is(%v, ErrSchema) is %v", manifest, err, is)
		}
	}
}

// TestDamage: one bad line costs itself only, and is named with its number.
func TestDamage(t *testing.T) {
	files := written(t, example(t))
	name := Cell{Model: "m", App: "http", Conns: 1, Mode: ModeClose, Closer: CloserServer, Pipeline: 1, Placement: PlacementSplit}.BenchmarkName()
	for _, c := range []struct {
		file, line, want string
		more             int // results gained by it
	}{
		{resultsFile, "BenchmarkOther 1 2 ns/op", "is not of BenchmarkModels", 0},
		{resultsFile, "BenchmarkModels/model=x 1 2 ns/op", "has 1 keys, wants 11", 0},
		{resultsFile, name + " x", "iteration count", 0},
		{resultsFile, name + " -1 5 req/s", "-1 requests", 0},
		{resultsFile, name + " 1 NaN req/s 5 p50-ns", "req/s is NaN: left out", 1},
		{resultsFile, "# cell a\n# round x\n" + name + " 1 5 req/s", "round:", 0},
		{resultsFile, "# cell a\n" + name + " 1 5 req/s", "the block is of cell a", 0},
		{resultsFile, "# cell a\n# error x y\n", "error:", 0},
		{resultsFile, strings.Repeat("x", 1<<20), "too long", 0},
		{seriesFile, `{"cell":"a"}`, `no "t"`, 0},
		{seriesFile, `{"cell":1,"t":1}`, `"cell"`, 0},
		{seriesFile, `{"cell":"a","t":1,"req/s":null}`, "not a metric's value", 0},
		{seriesFile, `{"cell":"a","t":1,"":0}`, "not a metric's value", 0},
		{seriesFile, `{"cell":"a","t":1`, "unexpected end", 0},
		{latencyFile, "1,2,3,HISTF", "not a tagged", 0},
		{latencyFile, "Tag=a,1,2,3,HISTF", "", 0},
		{latencyFile, "Tag=a,x,2,3,HISTF", "invalid syntax", 0},
		{latencyFile, "Tag=a,NaN,2,3,HISTF", "interval", 0},
		{latencyFile, "Tag=a,1e300,2,3,HISTF", "interval", 0},
	} {
		damaged := fstest.MapFS{}
		maps.Copy(damaged, files)
		data := string(files[c.file].Data)
		first := strings.Count(data, "\n") + 1
		damaged[c.file] = &fstest.MapFile{Data: []byte(data + c.line + "\n")}
		s, err := open(damaged)
		if err != nil {
			t.Fatal(err)
		}
		ex := example(t)
		if len(s.Results) != len(ex.Results)+c.more || len(s.Samples) != len(ex.Samples) || len(s.Latencies) != len(ex.Latencies) {
			t.Errorf("%.40q: %d results, %d samples, %d latencies", c.line, len(s.Results), len(s.Samples), len(s.Latencies))
		}
		if len(s.Warnings) == 0 || !strings.Contains(s.Warnings[0], c.want) || !strings.HasPrefix(s.Warnings[0], c.file+":") {
			t.Errorf("%.40q: warnings %q, want %s:%d… %q", c.line, s.Warnings, c.file, first, c.want)
		}
	}
	delete(files, seriesFile)
	if s, err := open(files); err != nil || len(s.Warnings) != 1 {
		t.Errorf("without a series: %v, %+v", err, s)
	}
}

// TestSkip: what was left out is in the manifest of the folder, and of no other.
func TestSkip(t *testing.T) {
	m := example(t).Manifest
	m.Skipped = []string{"of another run"}
	run, err := Create(t.TempDir(), "x", m)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close(true)
	for _, c := range m.Cells[4:] {
		if err := run.Skip(c); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(run.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Manifest.Skipped; len(got) != 2 || got[0] != m.Cells[4].ID || got[1] != m.Cells[5].ID {
		t.Errorf("left out: %q", got)
	}
}

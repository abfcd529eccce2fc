package dashboard

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
)

// told is the story of events.
func told(r Recording, events []results.Event) *story {
	s := newStory(r.Head)
	for _, e := range events {
		s.fold(e)
	}
	return s
}

// same compares two stories to the last histogram.
func same(a, b *story) string {
	if reflect.DeepEqual(a, b) {
		return "" // hundreds of times faster than to tell a difference
	}
	return cmp.Diff(a, b, cmp.AllowUnexported(story{}, row{}, group{}, round{}, percentile{}, logLine{}),
		cmp.Comparer(func(a, b *hdrhistogram.Histogram) bool {
			return a == nil && b == nil || a != nil && b != nil && a.Equals(b)
		}))
}

// TestFoldIsReplayable: the same events make the same story, in one go, and by seeking to
// and fro.
func TestFoldIsReplayable(t *testing.T) {
	rec := recording(t)
	if diff := same(told(rec, rec.Events), told(rec, rec.Events)); diff != "" {
		t.Fatalf("twice the same events: %s", diff)
	}
	rapid.Check(t, func(t *rapid.T) {
		p := newPlayer(rec)
		for range rapid.IntRange(1, 6).Draw(t, "seeks") {
			switch rapid.IntRange(0, 3).Draw(t, "how") {
			case 0:
				p.seekPart(rapid.Float64Range(-0.2, 1.2).Draw(t, "part"))
			case 1:
				p.step(rapid.SampledFrom([]int{-1, 1}).Draw(t, "by"))
			case 2:
				p.nextRound()
			case 3:
				p.advance(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
			}
		}
		if p.at.Before(p.from()) || p.at.After(p.to()) {
			t.Fatalf("at %v, the recording is from %v to %v", p.at, p.from(), p.to())
		}
		if diff := same(told(rec, rec.Events[:p.next]), p.story); diff != "" {
			t.Fatalf("after seeking: %s", diff)
		}
	})
}

// TestStoryIsReports: medians and quartiles are those that reports makes of the folder.
func TestStoryIsReports(t *testing.T) {
	stored := open(t)
	rec := Record(stored)
	s := told(rec, rec.Events)
	for _, want := range reports.Summarise(stored.Results) {
		got := s.find(want.Cell)
		if got == nil {
			t.Fatalf("no row for %s", want.ID)
		}
		if diff := cmp.Diff(want, got.sum); diff != "" {
			t.Errorf("%s: %s", want.ID, diff)
		}
	}
	if s.done != len(stored.Results) || s.total != s.done || !s.ended || s.ending != "" {
		t.Errorf("%d of %d done, ended %v %q", s.done, s.total, s.ended, s.ending)
	}
}

// TestMergedPercentiles: percentiles over rounds are those of all answers together.
func TestMergedPercentiles(t *testing.T) {
	stored := open(t)
	rec := Record(stored)
	s := told(rec, rec.Events)
	for _, r := range s.rows {
		all := hdrhistogram.New(1, int64(time.Hour), 3)
		n := int64(0) // the recorded ones have two significant figures
		for _, l := range stored.Latencies {
			if l.Kind == results.Total && slices.ContainsFunc(r.results, func(x results.Result) bool { return x.ID == l.Cell }) {
				n += l.Histogram.TotalCount()
				all.Merge(l.Histogram)
			}
		}
		if r.total.TotalCount() != n {
			t.Errorf("%s: %d answers merged of %d", r.spec, r.total.TotalCount(), n)
		}
		before := 0.0
		for _, p := range r.curve {
			if p.ns < before {
				t.Errorf("%s: the curve falls at %v", r.spec, p.q)
			}
			before = p.ns
			// Short latencies have buckets of half a microsecond.
			want := float64(all.ValueAtQuantile(100 * p.q))
			if math.Abs(p.ns-want) > 0.02*want && !r.total.ValuesAreEquivalent(int64(p.ns), int64(want)) {
				t.Errorf("%s: %v at %v, all rounds together have %v", r.spec, p.ns, p.q, want)
			}
		}
	}
}

// TestStoryTwice: an event that comes twice counts once.
func TestStoryTwice(t *testing.T) {
	rec := recording(t)
	var events []results.Event
	for _, e := range rec.Events {
		if e.Kind == results.EventResult {
			events = append(events, e)
		}
		events = append(events, e)
	}
	for i, r := range told(rec, events).rows {
		if want := told(rec, rec.Events).rows[i]; len(r.results) != len(want.results) || !r.total.Equals(want.total) {
			t.Errorf("%s: %d rounds, want %d", r.spec, len(r.results), len(want.results))
		}
	}
}

func TestStoryBounds(t *testing.T) {
	c := results.Cell{Model: "reactor", App: "http", Path: "/", Conns: 1, Mode: results.ModeKeepAlive, Pipeline: 1, Round: 1}.Identify()
	s := newStory(Head{})
	s.fold(results.Event{Kind: results.EventBegin, Cell: c, Total: 1})
	for i := range 3*maxSamples + 1 {
		x := results.Sample{Cell: c.ID, T: float64(i), Values: map[results.Metric]float64{results.ReqPerSec: float64(i)}}
		s.fold(results.Event{Kind: results.EventSample, Cell: c, Sample: &x, Total: 1})
		s.fold(results.Event{Kind: results.EventNote, Text: "again\x1b[31m", Total: 1})
	}
	r := s.rows[0]
	if n := len(r.latest()); n > maxSamples || n < maxSamples/2 || r.latest()[n-1].T < 3*maxSamples-1 {
		t.Errorf("%d samples are kept, the last of %v", n, r.latest()[n-1].T)
	}
	if len(r.trend) > 2*maxTrend || len(s.log) > maxLog || len(s.notes) != 1 {
		t.Errorf("%d of trend, %d lines of log, %d notes", len(r.trend), len(s.log), len(s.notes))
	}
	if strings.Contains(s.notes[0], "\x1b") {
		t.Errorf("a control character in %q", s.notes[0])
	}
}

// TestTimes: what is left counts cells, not what lies between them, and runs down within a
// cell whose samples keep coming.
func TestTimes(t *testing.T) {
	s := newStory(Head{Manifest: results.Manifest{Start: start, Rounds: 1}})
	c := results.Cell{Model: "ppc", Round: 1}.Identify()
	at := func(sec int) time.Time { return start.Add(time.Duration(sec) * time.Second) }
	fold := func(sec int, kind results.EventKind, done int) {
		e := results.Event{At: at(sec), Kind: kind, Cell: c, Done: done, Total: 4}
		if kind == results.EventSample {
			e.Sample = &results.Sample{Cell: c.ID}
		}
		s.fold(e)
	}
	left := func(sec, want int) {
		t.Helper()
		if got, ok := s.left(at(sec)); !ok || got != time.Duration(want)*time.Second {
			t.Errorf("after %d s %v are left (%v), want %d s", sec, got, ok, want)
		}
	}
	fold(5, results.EventBegin, 0)
	if _, ok := s.left(at(6)); ok {
		t.Error("an estimate without a cell")
	}
	fold(15, results.EventResult, 1)
	left(15, 30)
	left(60, 30) // a pause, which a run makes between cells
	fold(100, results.EventBegin, 1)
	left(102, 28)
	fold(104, results.EventSample, 1)
	left(104, 26)
	left(130, 20) // the cell takes longer than the one before, the others may not
	fold(120, results.EventResult, 2)
	left(120, 30) // two cells of 15 s
	if e := s.elapsed(at(122)); e != 122*time.Second {
		t.Errorf("elapsed %v", e)
	}
	s.fold(results.Event{At: at(125), Kind: results.EventEnd, Done: 2, Total: 4, Text: "stopped"})
	if e := s.elapsed(at(3600)); e != 125*time.Second || s.ending != "stopped" {
		t.Errorf("after the end %v elapsed, %q", e, s.ending)
	}
	if w := s.warnings(); !slices.Contains(w, "stopped") {
		t.Errorf("why the run is not whole is no warning: %q", w)
	}
}

// TestLiveErrors: of a first round that goes on, errors are those of all its samples.
func TestLiveErrors(t *testing.T) {
	c := cellOf("ppc", "fork", 8)
	c.Round = 1
	c = c.Identify()
	s := newStory(Head{})
	s.fold(results.Event{Kind: results.EventBegin, Cell: c, Total: 1})
	if f := s.rows[0].errors(); f.known {
		t.Errorf("before any sample: %+v", f)
	}
	for _, n := range []float64{2, 3, 0} {
		x := results.Sample{Cell: c.ID, Values: map[results.Metric]float64{results.Errors: n}}
		s.fold(results.Event{Kind: results.EventSample, Cell: c, Sample: &x, Total: 1})
	}
	probe := results.Sample{Cell: c.ID, Values: map[results.Metric]float64{results.Threads: 9}}
	s.fold(results.Event{Kind: results.EventSample, Cell: c, Sample: &probe, Total: 1})
	if f := s.rows[0].errors(); f != (figure{value: 5, known: true, live: true}) {
		t.Errorf("%+v, want 5", f)
	}
}

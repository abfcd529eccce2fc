package results

import (
	"slices"
	"testing"
	"time"
)

// TestEvents: a stored run tells its story in order, each cell as begin, samples,
// result, with times that never go back.
func TestEvents(t *testing.T) {
	s := example(t)
	s.Manifest.Warnings = []string{"server had 1 CPU"}
	s.Manifest.Interrupted = true
	// A cell that was cut: samples and no result.
	cut := s.Results[len(s.Results)-1]
	s.Results = s.Results[:len(s.Results)-1]
	events := s.Events()

	kinds := map[EventKind]int{}
	var last time.Time
	open := ""
	for i, e := range events {
		kinds[e.Kind]++
		if e.At.Before(last) {
			t.Errorf("event %d goes back from %v to %v", i, last, e.At)
		}
		last = e.At
		switch e.Kind {
		case EventBegin:
			open = e.Cell.ID
		case EventSample:
			if e.Sample.Cell != open {
				t.Errorf("a sample of %s while %s is measured", e.Sample.Cell, open)
			}
		case EventResult:
			if e.Result.ID != open || len(e.Latencies) != 2 {
				t.Errorf("a result of %s with %d histograms while %s is measured", e.Result.ID, len(e.Latencies), open)
			}
			open = ""
		}
	}
	if open != cut.ID {
		t.Errorf("at the end %q is open, want the cell without a result, %q", open, cut.ID)
	}
	if kinds[EventResult] != len(s.Results) || kinds[EventBegin] != len(s.Results)+1 || kinds[EventSample] != len(s.Samples) || kinds[EventNote] != 1 {
		t.Errorf("%v", kinds)
	}
	end := events[len(events)-1]
	if end.Kind != EventEnd || end.Text == "" || end.Done != len(s.Results) || end.Total != len(s.Results)+1 {
		t.Errorf("the end is %+v", end)
	}
}

// TestHowAReplayEnds: only a run that was closed with all its cells is told as complete.
func TestHowAReplayEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		change      func(*Stored)
		text        string
		done, total int
	}{
		"complete":    {func(*Stored) {}, "", 6, 6},
		"killed":      {func(s *Stored) { s.Manifest.End, s.Results = time.Time{}, s.Results[:2] }, "the run was not closed: 2 of 6 cells", 2, 6},
		"not closed":  {func(s *Stored) { s.Manifest.End = time.Time{} }, "the run was not closed: 6 of 6 cells", 6, 6},
		"damaged":     {func(s *Stored) { s.Results = s.Results[:5] }, "results are missing: 5 of 6 cells", 5, 6},
		"interrupted": {func(s *Stored) { s.Manifest.Interrupted, s.Results = true, s.Results[:5] }, "the run was interrupted", 5, 6},
		"left out": {func(s *Stored) {
			s.Manifest.Skipped, s.Results = []string{s.Results[4].ID, s.Results[5].ID}, s.Results[:4]
		}, "", 4, 4},
	} {
		s := example(t)
		s.Samples = nil
		s.Manifest.End = s.Manifest.Start.Add(time.Minute)
		tc.change(s)
		events := s.Events()
		if end := events[len(events)-1]; end.Kind != EventEnd || end.Text != tc.text || end.Done != tc.done || end.Total != tc.total {
			t.Errorf("%s: it ends with %q, %d of %d, want %q, %d of %d", name, end.Text, end.Done, end.Total, tc.text, tc.done, tc.total)
		}
	}
}

// TestEventsOfAPlanWithRounds: planned cells without a round stand for all of them.
func TestEventsOfAPlanWithRounds(t *testing.T) {
	c := example(t).Manifest.Cells[0]
	c.Round = 0
	s := Stored{Manifest: Manifest{Cells: []Cell{c.Identify()}, Rounds: 3}}
	c.Round = 2
	s.Samples = []Sample{{Cell: c.Identify().ID, T: 0.25}}
	events := s.Events()
	if i := slices.IndexFunc(events, func(e Event) bool { return e.Kind == EventSample }); i < 0 || events[i].Cell.Round != 2 || events[i].Total != 3 {
		t.Errorf("%+v", events)
	}
}

// TestLatencyBuckets: they meet, four of them double, and a minute is inside.
func TestLatencyBuckets(t *testing.T) {
	var last time.Duration
	for i := range LatencyBuckets {
		from, to := LatencyBucket(i)
		if from != last || to <= from {
			t.Errorf("bucket %d is [%v, %v), the one before ends at %v", i, from, to, last)
		}
		if i > 4 {
			if before, _ := LatencyBucket(i - 4); from != 2*before {
				t.Errorf("bucket %d begins at %v, want twice %v", i, from, before)
			}
		}
		last = to
	}
	if last < time.Minute {
		t.Errorf("the last bucket ends at %v", last)
	}
}

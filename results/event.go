package results

import (
	"fmt"
	"time"
)

// EventKind is what an event tells.
type EventKind uint8

// The kinds of events of a run. Each cell has one EventBegin, any number of
// EventSample and, unless the run was cut short, one EventResult; cells do not
// overlap. EventEnd is the last.
const (
	EventBegin  EventKind = iota // the cell's server is started
	EventSample                  // Sample is set
	EventResult                  // Result is set, and Latencies
	EventNote                    // Text is for the user: a warning, a pause
	EventEnd                     // the run is over; Text says why if it was cut short
)

// Event is one thing that happened in a run: what a dashboard shows, live or from a
// stored run, of which Stored.Events makes the same. The pointers are read only.
type Event struct {
	At          time.Time
	Kind        EventKind
	Cell        Cell // of EventBegin, EventSample, EventResult
	Done, Total int  // cells that have a result, and planned, over all rounds
	Sample      *Sample
	Result      *Result
	Latencies   []Latency // of EventResult
	Text        string
}

// Events returns what happened in the run, in order. The times are those of the windows,
// so that a replay has the run's own pace. A cell without a result, the last of a run that
// was cut, has its samples. What a folder does not date is told otherwise than while the
// run went on: all warnings come first, and cells that were left out on request are in no
// total from the beginning.
func (s *Stored) Events() []Event {
	b := replay{stored: s, now: s.Manifest.Start}
	for _, c := range s.Manifest.Cells {
		b.total += len(b.rounds(c))
	}
	b.total = max(b.total-len(s.Manifest.Skipped), len(s.Results))
	b.samples = make(map[string][]*Sample)
	for i := range s.Samples {
		x := &s.Samples[i]
		b.samples[x.Cell] = append(b.samples[x.Cell], x)
	}
	for _, w := range s.Manifest.Warnings {
		b.add(Event{Kind: EventNote, Text: w})
	}
	for i := range s.Results {
		b.cell(&s.Results[i])
	}
	b.unfinished()
	if s.Manifest.End.After(b.now) {
		b.now = s.Manifest.End
	}
	b.add(Event{Kind: EventEnd, Text: b.ending()})
	return b.events
}

// ending says why the run is not complete; nothing of one that is.
func (b *replay) ending() string {
	m := &b.stored.Manifest
	text := ""
	switch {
	case m.Interrupted:
		return "the run was interrupted"
	case m.End.IsZero():
		text = "the run was not closed"
	case b.done < b.total:
		text = "results are missing"
	default:
		return ""
	}
	return fmt.Sprintf("%s: %d of %d cells", text, b.done, b.total)
}

// replay makes the events of a stored run.
type replay struct {
	stored  *Stored
	samples map[string][]*Sample // by cell, those that are left
	now     time.Time
	done    int
	total   int
	events  []Event
}

func (b *replay) add(e Event) {
	e.At, e.Done, e.Total = b.now, b.done, b.total
	b.events = append(b.events, e)
}

// cell adds the events of a cell that has a result. Its begin is where the cell before
// it ended, as it was when the run was made.
func (b *replay) cell(r *Result) {
	var latencies []Latency
	for _, l := range b.stored.Latencies {
		if l.Cell == r.ID {
			latencies = append(latencies, l)
		}
	}
	b.add(Event{Kind: EventBegin, Cell: r.Cell})
	opened, closed := b.now.Add(b.stored.Manifest.Warmup), b.now
	for _, l := range latencies {
		if l.Kind == Total {
			opened, closed = l.Start, l.End
		}
	}
	b.window(r.Cell, opened)
	if closed.After(b.now) {
		b.now = closed
	}
	b.done++
	b.add(Event{Kind: EventResult, Cell: r.Cell, Result: r, Latencies: latencies})
}

func (b *replay) window(c Cell, opened time.Time) {
	for _, x := range b.samples[c.ID] {
		if at := opened.Add(time.Duration(x.T * float64(time.Second))); at.After(b.now) {
			b.now = at
		}
		b.add(Event{Kind: EventSample, Cell: c, Sample: x})
	}
	delete(b.samples, c.ID)
}

// unfinished adds the cell that was being measured when the run was cut: samples of a
// cell that has no result.
func (b *replay) unfinished() {
	for _, planned := range b.stored.Manifest.Cells {
		for _, c := range b.rounds(planned) {
			if len(b.samples[c.ID]) > 0 {
				b.add(Event{Kind: EventBegin, Cell: c})
				b.window(c, b.now.Add(b.stored.Manifest.Warmup))
			}
		}
	}
}

// rounds returns a planned cell as it is measured: once for each round, unless the
// plan names the round.
func (b *replay) rounds(c Cell) []Cell {
	if c.Round != 0 {
		return []Cell{c}
	}
	cells := make([]Cell, max(b.stored.Manifest.Rounds, 1))
	for i := range cells {
		c.Round = i + 1
		cells[i] = c.Identify()
	}
	return cells
}

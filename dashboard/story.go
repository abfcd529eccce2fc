package dashboard

import (
	"fmt"
	"slices"
	"time"

	"github.com/c10kit/c10kit/results"
)

// story is what is known of a run so far: a fold over its events. The same events give the
// same story, whether they come from a run that is going on or from a folder, and to go
// back in time is to fold again from the beginning. It belongs to one goroutine.
type story struct {
	Head
	rows   []*row // in the order of the manifest's cells; others behind, as they come
	groups []group
	specs  []string // models in the order of rows: what digits, markers and colours count by

	done, total int
	current     *row         // the cell that is being measured, nil between cells
	cell        results.Cell // its round
	begun, last time.Time    // of the first and of the latest event
	opened      time.Time    // when current began
	measured    pace         // of the cells that have a result
	ended       bool
	ending      string // why, if it was cut short
	results     []results.Result
	judged      ledger
	notes       []string
	log         []logLine
	lost        uint64 // samples that did not find room on their way here: see Feed
}

// group is what may be held against each other: rows that differ in model, variant and
// workers only.
type group struct {
	keys results.Cell // with model, variant and workers empty
	rows []*row
}

type logLine struct {
	at   time.Time
	text string
	warn bool
}

// maxLog bounds the log of a run that goes on for days.
const maxLog = 1000

// newStory returns the story of a run of which nothing has happened yet.
func newStory(h Head) *story {
	m := h.Manifest
	s := &story{Head: h, begun: m.Start, last: m.Start}
	for _, w := range h.Warnings {
		s.note(w)
	}
	for _, c := range m.Cells {
		s.row(c)
		if c.Round == 0 {
			s.total += max(m.Rounds, 1)
		} else {
			s.total++
		}
	}
	s.total = max(s.total-len(m.Skipped), 0)
	return s
}

// fold takes one event in. Events come in order.
func (s *story) fold(e results.Event) {
	if s.begun.IsZero() {
		s.begun = e.At
	}
	if e.At.After(s.last) {
		s.last = e.At
	}
	s.done, s.total = e.Done, e.Total
	switch e.Kind {
	case results.EventBegin:
		s.current, s.cell, s.opened = s.row(e.Cell), e.Cell, e.At
		s.current.begin(e.Cell.Round)
	case results.EventSample:
		if e.Sample != nil {
			s.row(e.Cell).sample(e.Cell.Round, *e.Sample)
		}
	case results.EventResult:
		if s.current != nil {
			s.measured.add(e.At.Sub(s.opened))
		}
		s.current = nil
		if e.Result != nil {
			s.row(e.Cell).result(*e.Result, e.Latencies)
			s.results = append(s.results, *e.Result)
			s.tell(e.At, resultText(*e.Result), e.Result.NeverServed > 0 || e.Result.Requests == 0)
		}
	case results.EventNote:
		s.note(e.Text)
		s.tell(e.At, e.Text, true)
	case results.EventEnd:
		if s.current != nil {
			s.current.running = false
		}
		s.current, s.ended, s.ending = nil, true, clean(e.Text)
		s.tell(e.At, endText(e), e.Text != "")
	}
}

func (s *story) note(text string) {
	if text = clean(text); !slices.Contains(s.notes, text) {
		s.notes = append(s.notes, text)
	}
}

func (s *story) tell(at time.Time, text string, warn bool) {
	if len(s.log) >= maxLog {
		s.log = slices.Delete(s.log, 0, maxLog/4)
	}
	s.log = append(s.log, logLine{at, clean(text), warn})
}

func resultText(r results.Result) string {
	rate := noSuccess
	if v, ok := r.Values[results.ReqPerSec]; ok && r.Requests > 0 {
		rate = results.ReqPerSec.Format(v) + " req/s"
	}
	return fmt.Sprintf("round %d %s %s %d conns: %s", r.Round, r.Spec(), r.Mode, r.Conns, rate)
}

func endText(e results.Event) string {
	if e.Text != "" {
		return "the end: " + e.Text
	}
	return "the end: all cells are measured"
}

// row returns the row of a cell, which is made if the manifest did not plan it.
func (s *story) row(c results.Cell) *row {
	all := c.AllRounds()
	for _, r := range s.rows {
		if r.cell == all {
			return r
		}
	}
	r := newRow(all)
	if r.series = slices.Index(s.specs, r.spec); r.series < 0 {
		r.series = len(s.specs)
		s.specs = append(s.specs, r.spec)
	}
	s.rows = append(s.rows, r)
	s.enter(r)
	return r
}

// enter puts a row into its group.
func (s *story) enter(r *row) {
	keys := r.cell.Group()
	i := slices.IndexFunc(s.groups, func(g group) bool { return g.keys == keys })
	if i < 0 {
		i = len(s.groups)
		s.groups = append(s.groups, group{keys: keys})
	}
	s.groups[i].rows = append(s.groups[i].rows, r)
}

// groupOf returns the group that r stands in.
func (s *story) groupOf(r *row) group {
	for _, g := range s.groups {
		if slices.Contains(g.rows, r) {
			return g
		}
	}
	return group{}
}

// twins reports whether another row of r's group has the same model, so that its name alone
// does not tell them apart.
func (s *story) twins(r *row) bool {
	return slices.ContainsFunc(s.groupOf(r).rows, func(other *row) bool {
		return other != r && other.cell.Model == r.cell.Model
	})
}

// find returns the row of the same cell in another run, nil if that has none.
func (s *story) find(c results.Cell) *row {
	for _, r := range s.rows {
		if r.cell == c {
			return r
		}
	}
	return nil
}

// title names what the rows of the group have in common.
func (g group) title() string { return clean(g.keys.Title()) }

// short is title for a narrow screen, and for a very narrow one without the path.
func (g group) short(path bool) string {
	c := g.keys
	if !path {
		c.Path = ""
	}
	return clean(c.ShortTitle())
}

// warnings are the notes that the run told and what the manifest holds beside them.
func (s *story) warnings() []string {
	var all []string
	if s.ending != "" {
		all = append(all, s.ending)
	}
	all = append(all, s.notes...)
	for _, w := range s.Manifest.Warnings {
		if w = clean(w); !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	if s.lost > 0 {
		all = append(all, fmt.Sprintf("%d samples were not shown: the screen was slower than the run; the folder has them", s.lost))
	}
	return all
}

// elapsed is how long the run has taken until now; now does not matter once it is over.
func (s *story) elapsed(now time.Time) time.Duration {
	if s.begun.IsZero() {
		return 0
	}
	if s.ended || now.Before(s.last) {
		now = s.last
	}
	return max(now.Sub(s.begun), 0)
}

// pace is how long cells took, each from its begin to its result. What lies between two
// cells, as a pause does, is not in it.
type pace struct {
	cells int
	took  time.Duration
}

func (p *pace) add(took time.Duration) { p.cells, p.took = p.cells+1, p.took+max(took, 0) }

// mean is that of no cell too: 0.
func (p pace) mean() time.Duration { return p.took / time.Duration(max(p.cells, 1)) }

// left estimates how long the run will take from now on: the cells that are left, each as
// long as the mean of those measured, without what has passed of the one that is. Between
// two cells, which is where a run pauses, it stands still. ok is false while none is
// measured.
func (s *story) left(now time.Time) (d time.Duration, ok bool) {
	if s.measured.cells == 0 || s.ended {
		return 0, s.ended
	}
	mean := s.measured.mean()
	d = time.Duration(s.total-s.done) * mean
	if s.current != nil {
		d -= min(max(now.Sub(s.opened), 0), mean) // one that takes longer is about to end
	}
	return max(d, 0), true
}

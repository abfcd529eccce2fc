package dashboard

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/c10kit/c10kit/results"
)

// story is what is known of a run so far: a fold over its events. The same events give the
// same story, whether they come from a run that is going on or from a folder, and to go
// back in time is to fold again from the beginning. It belongs to one goroutine.
type story struct {
	dir      string
	manifest results.Manifest
	rows     []*row // in the order of the manifest's cells; others behind, as they come
	groups   []group
	specs    []string // models in the order of rows: what digits, markers and colours count by

	done, total int
	current     *row         // the cell that is being measured, nil between cells
	cell        results.Cell // its round
	begun, last time.Time    // of the first and of the latest event
	ended       bool
	ending      string // why, if it was cut short
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

// newStory returns the story of a run of which nothing has happened yet. dir is where the
// run is kept, for the user to find it.
func newStory(dir string, m results.Manifest) *story {
	s := &story{dir: dir, manifest: m, begun: m.Start, last: m.Start}
	for _, c := range m.Cells {
		s.row(c)
		if c.Round == 0 {
			s.total += max(m.Rounds, 1)
		} else {
			s.total++
		}
	}
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
		s.current, s.cell = s.row(e.Cell), e.Cell
		s.current.begin(e.Cell.Round)
	case results.EventSample:
		if e.Sample != nil {
			s.row(e.Cell).sample(e.Cell.Round, *e.Sample)
		}
	case results.EventResult:
		s.current = nil
		if e.Result != nil {
			s.row(e.Cell).result(*e.Result, e.Latencies)
			s.tell(e.At, resultText(*e.Result), e.Result.NeverServed > 0)
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
	rate := "no answers"
	if v, ok := r.Values[results.ReqPerSec]; ok {
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
	keys := r.cell
	keys.Model, keys.Variant, keys.Workers = "", "", 0
	keys = keys.Identify()
	i := slices.IndexFunc(s.groups, func(g group) bool { return g.keys == keys })
	if i < 0 {
		i = len(s.groups)
		s.groups = append(s.groups, group{keys: keys})
	}
	s.groups[i].rows = append(s.groups[i].rows, r)
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
func (g group) title() string {
	c := g.keys
	parts := []string{c.Mode, clean(c.Path), strconv.Itoa(c.Conns) + " conns"}
	if c.Mode == results.ModeClose {
		parts = append(parts, c.Closer+" closes")
	}
	if c.Pipeline > 1 {
		parts = append(parts, fmt.Sprintf("%d pipelined", c.Pipeline))
	}
	if c.Rate > 0 {
		parts = append(parts, results.ReqPerSec.Format(c.Rate)+" req/s offered")
	}
	if c.Placement == results.PlacementShared {
		parts = append(parts, "shared CPUs")
	}
	return strings.Join(parts, " · ")
}

// short is title for a narrow screen.
func (g group) short() string {
	c := g.keys
	text := fmt.Sprintf("%s %s c=%d", c.Mode, clean(c.Path), c.Conns)
	if c.Pipeline > 1 {
		text += fmt.Sprintf(" p=%d", c.Pipeline)
	}
	if c.Rate > 0 {
		text += " r=" + results.ReqPerSec.Format(c.Rate)
	}
	return text
}

// warnings are the notes that the run told and what the manifest holds beside them.
func (s *story) warnings() []string {
	all := slices.Clone(s.notes)
	for _, w := range s.manifest.Warnings {
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

// left estimates how long the run will take from now on: the cells that are left, each as
// long as the mean of those done. ok is false while none is done.
func (s *story) left(now time.Time) (d time.Duration, ok bool) {
	if s.done == 0 || s.ended {
		return 0, s.ended
	}
	whole := time.Duration(float64(s.last.Sub(s.begun)) / float64(s.done) * float64(s.total))
	return max(whole-s.elapsed(now), 0), true
}

// ports is how many local ports a source address has, by the manifest's range; 28,232 by
// the kernel's default where it is not recorded (ip-sysctl: ip_local_port_range).
func (s *story) ports() float64 {
	f := strings.Fields(s.manifest.Sysctls["net.ipv4.ip_local_port_range"])
	if len(f) == 2 {
		from, err1 := strconv.Atoi(f[0])
		to, err2 := strconv.Atoi(f[1])
		if err1 == nil && err2 == nil && from <= to {
			return float64(to - from + 1)
		}
	}
	return 60999 - 32768 + 1 // 28,232
}

package dashboard

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/c10kit/c10kit/dashboard/screen"
	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
)

// fakeRun is a Controller whose run is told by the test.
type fakeRun struct {
	head    Recording
	feed    *Feed // of the run that goes on
	choices []Choice
	refuse  error
	paused  bool
	held    bool
	more    int // models to offer
	nexts   int
	stops   int
}

func (f *fakeRun) Offer() Choices {
	var models []Offered
	for _, m := range []string{"iterative", "ppc:fork", "prefork:accept", "prefork:flock", "reactor:epoll"} {
		models = append(models, Offered{Spec: m, About: "what " + m + " is"})
	}
	for i := range f.more {
		models = append(models, Offered{Spec: fmt.Sprintf("prethread:accept%d", i)})
	}
	return Choices{
		Models: models, Modes: []string{results.ModeKeepAlive, results.ModeClose},
		Placements: []string{results.PlacementSplit, results.PlacementShared},
		Default: Choice{
			Models: []string{"ppc:fork", "reactor:epoll"}, Path: "/plaintext", Rounds: 3, Window: time.Second,
			Placement: results.PlacementSplit,
		},
	}
}

func (f *fakeRun) Start(c Choice, feed *Feed) error {
	if f.refuse != nil {
		return f.refuse
	}
	f.choices = append(f.choices, c)
	f.feed = feed
	feed.Begin(f.head.Head)
	return nil
}

func (f *fakeRun) Pause(on bool) { f.paused = on }
func (f *fakeRun) Held() bool    { return f.held }
func (f *fakeRun) Next()         { f.nexts++ }
func (f *fakeRun) Stop()         { f.stops++ }

// world is a dash with what the test knows of it: the events that it must have seen.
type world struct {
	d    *dash
	run  *fakeRun
	rec  Recording
	base *Recording
	fed  []results.Event // of a live run
	next int             // of rec.Events
	seen []results.Event
	now  time.Time
}

func newWorld(t *rapid.T, rec Recording) *world {
	w := &world{rec: rec, now: start}
	l := look{
		profile: rapid.SampledFrom([]colorprofile.Profile{colorprofile.NoTTY, colorprofile.ASCII, colorprofile.ANSI, colorprofile.TrueColor}).Draw(t, "profile"),
		chars:   rapid.SampledFrom([]screen.Charset{screen.Unicode, screen.ASCII, screen.EastAsian}).Draw(t, "charset"),
	}
	if rapid.Bool().Draw(t, "live") {
		w.run = &fakeRun{head: rec}
		w.d = newDash(w.run, l, DefaultFPS)
		if rapid.Bool().Draw(t, "at once") {
			_ = w.d.start(Choice{})
		} else {
			w.d.openForm()
		}
	} else {
		w.d = newDash(nil, l, DefaultFPS)
		if rapid.Bool().Draw(t, "two") {
			w.base = &rec
		}
		w.d.show(rec, w.base)
	}
	return w
}

func (w *world) tick(by time.Duration) {
	w.now = w.now.Add(by)
	w.d.Update(tick(w.now))
	if w.run != nil && !w.d.frozen {
		w.seen = slices.Clone(w.fed)
	}
}

// feed tells the next events of the recorded run to the live one.
func (w *world) feedSome(n int) {
	if w.run == nil || w.run.feed == nil || w.run.feed != w.d.feed {
		return
	}
	if len(w.run.choices) > 0 && w.d.story.ended {
		return
	}
	for ; n > 0 && w.next < len(w.rec.Events); n-- {
		w.run.feed.Event(w.rec.Events[w.next])
		w.fed = append(w.fed, w.rec.Events[w.next])
		w.next++
	}
}

// known is what must be on the screen by now.
func (w *world) known() []results.Event {
	if w.run != nil {
		return w.seen
	}
	i := 0
	for i < len(w.rec.Events) && !w.rec.Events[i].At.After(w.d.player.at) {
		i++
	}
	if w.d.player.at.Equal(w.d.player.from()) && w.d.player.next == 0 {
		return nil // nothing is played before the first frame
	}
	return w.rec.Events[:i]
}

var specialKeys = []tea.KeyType{
	tea.KeyEnter, tea.KeyEsc, tea.KeyTab, tea.KeyShiftTab, tea.KeyUp, tea.KeyDown, tea.KeyLeft, tea.KeyRight, tea.KeyHome,
	tea.KeyEnd, tea.KeyBackspace, tea.KeyCtrlC, tea.KeyCtrlU, tea.KeySpace, tea.KeyF1, tea.KeyPgUp, tea.KeyPgDown, tea.KeyDelete, tea.KeyCtrlZ,
}

func drawKey(t *rapid.T) tea.KeyMsg {
	if rapid.IntRange(0, 2).Draw(t, "special") == 0 {
		k := tea.KeyMsg{Type: rapid.SampledFrom(specialKeys).Draw(t, "key")}
		if k.Type == tea.KeySpace {
			k.Runes = []rune{' '}
		}
		return k
	}
	r := rapid.SampledFrom([]rune("?qQyjk123456789gsSpr/dbxlopfnc[]{}+-tae=\u4e2d\u0301\x1b é")).Draw(t, "rune")
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}}
}

// TestAnything: no sequence of keys, sizes and events panics or draws outside of the
// window, and after each the figures in the table, parsed back, are those of the results.
func TestAnything(t *testing.T) {
	rec := recording(t)
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, rec)
		width, height := rapid.IntRange(55, 230).Draw(t, "width"), rapid.IntRange(10, 70).Draw(t, "height")
		w.d.resize(width, height)
		for range rapid.IntRange(5, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 7).Draw(t, "what") {
			case 0:
				width = rapid.OneOf(rapid.IntRange(0, 230), rapid.Just(80), rapid.Just(160)).Draw(t, "width")
				height = rapid.OneOf(rapid.IntRange(0, 70), rapid.Just(24), rapid.Just(45)).Draw(t, "height")
				w.d.Update(tea.WindowSizeMsg{Width: width, Height: height})
			case 1, 2:
				w.feedSome(rapid.IntRange(1, 60).Draw(t, "events"))
			case 3, 4:
				w.tick(time.Duration(rapid.IntRange(0, 1500).Draw(t, "ms")) * time.Millisecond)
			case 5:
				w.d.Update(tea.MouseMsg{
					X: rapid.IntRange(0, max(width, 1)).Draw(t, "x"), Y: rapid.IntRange(0, max(height, 1)).Draw(t, "y"),
					Button: rapid.SampledFrom([]tea.MouseButton{tea.MouseButtonLeft, tea.MouseButtonWheelUp, tea.MouseButtonWheelDown}).Draw(t, "button"),
				})
			default:
				w.d.Update(drawKey(t)) // commands, which would write exports, are not run
			}
			if w.run != nil && w.run.feed != nil && w.d.feed != nil && len(w.run.choices) > 1 {
				return // a second run: its events would be those of the first
			}
			checkWindow(t, w.d.View(), width, height)
			if err := w.checkTable(); err != nil {
				t.Fatalf("%v in\n%s", err, w.d.grid.Plain())
			}
			if err := w.checkWorkers(); err != nil {
				t.Fatalf("%v in\n%s", err, w.d.grid.Plain())
			}
		}
	})
}

func checkWindow(t *rapid.T, view string, width, height int) {
	lines := strings.Split(view, "\n")
	if len(lines) > max(height, 1) {
		t.Fatalf("%d lines in a window of %d", len(lines), height)
	}
	for _, line := range lines {
		if n := ansi.StringWidth(line); n > width {
			t.Fatalf("%d columns in a window of %d: %q", n, width, line)
		}
		if text := ansi.Strip(line); strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Fatalf("a control character in %q", line)
		}
	}
}

// shown are the columns that hold a metric, by their header.
var shown = map[string]results.Metric{
	"req/s": results.ReqPerSec, "conn/s": results.ConnPerSec, "p50": results.P50, "p99": results.P99, "p99.9": results.P999,
	"vol/r": results.CswVoluntary, "inv/r": results.CswInvoluntary, "tw-srv": results.TimeWaitServer,
	"tw-cli": results.TimeWaitClient, "thr": results.Threads, "proc": results.Procs, "cpu/r": results.CPUPerReq,
	"mem/c": results.PSS, "err": results.Errors,
}

// checkTable reads the table from the screen's text and compares each figure with what
// reports makes of the results that were told.
func (w *world) checkTable() error {
	d := w.d
	if d.form != nil || d.help || d.zoom || len(d.rows()) == 0 || d.grid.Width() < minWidth || d.grid.Height() < minHeight {
		return nil
	}
	lines := strings.Split(d.grid.Plain(), "\n")
	at := slices.IndexFunc(lines, func(l string) bool {
		return strings.Contains(l, "req/s") && (strings.Contains(l, " model ") || strings.Contains(l, " of "))
	})
	if at < 0 {
		return errors.New("no table")
	}
	header := strings.Fields(strings.Trim(lines[at], "│|┃ "))
	header = header[slices.IndexFunc(header, func(s string) bool { return strings.HasPrefix(s, "req/s") }):]
	sums := map[string]reports.Row{}
	var all []results.Result
	live := map[string]map[results.Metric]float64{}
	for _, e := range w.known() {
		switch e.Kind {
		case results.EventBegin:
			live[e.Cell.AllRounds().ID] = map[results.Metric]float64{}
		case results.EventResult:
			all = append(all, *e.Result)
		case results.EventSample:
			of := live[e.Cell.AllRounds().ID]
			errors := of[results.Errors]
			maps.Copy(of, e.Sample.Values)
			if n, ok := e.Sample.Values[results.Errors]; ok {
				of[results.Errors] = errors + n
			}
		}
	}
	for _, r := range reports.Summarise(all) {
		sums[r.ID] = r
	}
	checked := 0
	for _, line := range lines[at+1:] {
		cells := []rune(line)
		if len(cells) < 10 || !strings.ContainsRune("│|┃", cells[0]) || cells[3] != ' ' && cells[4] == ' ' {
			break
		}
		fields := strings.Fields(string(cells[6:]))
		if len(fields) == 0 {
			break
		}
		i := slices.IndexFunc(d.rows(), func(r *row) bool {
			return d.name(r) == fields[0] || strings.HasPrefix(d.name(r), strings.TrimRight(fields[0], "…~"))
		})
		if i < 0 {
			break
		}
		r := d.rows()[i]
		for c, name := range header {
			if name == "trend" || c+1 >= len(fields) {
				break
			}
			if err := compare(name, fields[c+1], r.cell, sums[r.cell.ID], live); err != nil {
				return fmt.Errorf("%s of %s: %w", name, r.spec, err)
			}
			checked++
		}
		if checked > 0 && i == len(d.rows())-1 && len(d.rows()) == 1 {
			break
		}
	}
	if checked == 0 {
		return errors.New("no figure was found to check")
	}
	return nil
}

func compare(name, text string, cell results.Cell, sum reports.Row, live map[string]map[results.Metric]float64) error {
	name = strings.TrimRight(name, "▲▼^") // which way the table is sorted
	if _, ok := shown[name]; !ok {
		name = strings.TrimSuffix(name, "v")
	}
	m, ok := shown[name]
	if !ok {
		return nil
	}
	if tree := strings.HasSuffix(text, "*"); tree != (cell.Workers == results.WorkersTree && strings.HasPrefix(string(m), "csw-") && text != "–" && text != "-") {
		return fmt.Errorf("%q, of %d workers", text, cell.Workers)
	}
	text = strings.TrimSuffix(text, "*")
	want, known := sum.Stats[m].Median, sum.Stats[m].N > 0
	switch {
	case m == results.Errors && sum.Rounds > 0:
		want, known = sum.FailedRequests()
	case sum.Rounds == 0:
		want, known = live[cell.ID][m]
		if text == "–" || text == "-" {
			return nil // a sample of a round that was cut off is not shown any more
		}
	}
	if m == results.PSS {
		want /= float64(cell.Conns)
	}
	if text == "–" || text == "-" {
		if known {
			return fmt.Errorf("a dash for %v", want)
		}
		return nil
	}
	if !known {
		return fmt.Errorf("%q for what is not known", text)
	}
	got, err := parseFigure(text)
	if err != nil {
		return err
	}
	if math.Abs(got-want) > 0.0051*math.Abs(want) {
		return fmt.Errorf("%q is %v, the results say %v", text, got, want)
	}
	return nil
}

var units = []struct {
	suffix string
	factor float64
}{
	{"KiB", 1 << 10},
	{"MiB", 1 << 20},
	{"GiB", 1 << 30},
	{"TiB", 1 << 40},
	{"B", 1},
	{"ns", 1},
	{"µs", 1e3},
	{"us", 1e3},
	{"ms", 1e6},
	{"s", 1e9},
	{"k", 1e3},
	{"M", 1e6},
	{"G", 1e9},
	{"T", 1e12},
	{"", 1},
}

// parseFigure is the inverse of Metric.Format.
func parseFigure(text string) (float64, error) {
	for _, u := range units {
		if number, ok := strings.CutSuffix(text, u.suffix); ok {
			v, err := strconv.ParseFloat(number, 64)
			return v * u.factor, err
		}
	}
	return 0, fmt.Errorf("no figure: %q", text)
}

// checkWorkers reads the connections of each worker from their pane.
func (w *world) checkWorkers() error {
	d := w.d
	if !d.zoom || d.focus != paneWorkers || d.form != nil || d.help || d.row() == nil ||
		d.grid.Width() < minWidth || d.grid.Height() < minHeight {
		return nil
	}
	var want []uint64
	for _, e := range w.known() {
		if e.Cell.AllRounds() == d.row().cell {
			switch e.Kind {
			case results.EventSample:
				if e.Sample.PerWorker != nil {
					want = e.Sample.PerWorker
				}
			case results.EventResult:
				want = e.Result.PerWorker
			}
		}
	}
	for line := range strings.SplitSeq(d.grid.Plain(), "\n") {
		fields := strings.Fields(strings.Trim(line, "│┃| "))
		if len(fields) < 2 || fields[0][0] != 'w' {
			continue
		}
		i, err := strconv.Atoi(fields[0][1:])
		if err != nil || i >= len(want) {
			return fmt.Errorf("%q, and there are %d workers", line, len(want))
		}
		if got := fields[len(fields)-1]; got != strconv.FormatUint(want[i], 10) {
			return fmt.Errorf("worker %d has %s, the results say %d", i, got, want[i])
		}
	}
	return nil
}

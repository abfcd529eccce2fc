package dashboard

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/clipperhouse/displaywidth"
	"pgregory.net/rapid"

	"github.com/c10kit/c10kit/dashboard/screen"
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

	checked map[string]int // what was found on screens, by its kind
}

func newWorld(t *rapid.T, rec Recording, checked map[string]int) *world {
	rec = vary(t, rec, "")
	w := &world{rec: rec, now: start, checked: checked}
	l := look{
		profile: rapid.SampledFrom([]colorprofile.Profile{colorprofile.NoTTY, colorprofile.ASCII, colorprofile.ANSI, colorprofile.TrueColor}).Draw(t, "profile"),
		chars:   rapid.SampledFrom([]screen.Charset{screen.Unicode, screen.ASCII, screen.EastAsian}).Draw(t, "charset"),
	}
	if rapid.IntRange(0, 2).Draw(t, "live") == 0 {
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
			base := vary(t, rec, "base ")
			w.base = &base
		}
		w.d.show(rec, w.base)
		w.d.seek(func(p *player) { p.seekPart(rapid.OneOf(rapid.Just(1.0), rapid.Float64Range(0, 1)).Draw(t, "part")) })
	}
	w.d.focus = rapid.OneOf(rapid.Just(paneWorkers), rapid.Map(rapid.IntRange(0, int(paneCount)-1), func(i int) pane { return pane(i) })).Draw(t, "pane")
	w.d.zoom = rapid.IntRange(0, 2).Draw(t, "zoom") == 0
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
	rec, checked := twice(recording(t)), map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, rec, checked)
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
			checkWindow(t, w.d.View(), width, height, w.d.look.charset())
			if err := w.checkTable(); err != nil {
				t.Fatalf("%v in\n%s", err, w.d.grid.Plain())
			}
			if err := w.checkWorkers(); err != nil {
				t.Fatalf("%v in\n%s", err, w.d.grid.Plain())
			}
		}
	})
	t.Log("checked:", checked)
	for _, kind := range []string{"figure", "live figure", "dash", "±", "other", "diff", "claimed", "no diff", "p", "tree"} {
		if checked[kind] == 0 {
			t.Errorf("no %s was on any screen: %v", kind, checked)
		}
	}
}

// TestWorkersAreTheResults: connections of each worker are those of the moment while its cell is
// measured, and of the whole window afterwards.
func TestWorkersAreTheResults(t *testing.T) {
	rec := recording(t)
	w := &world{rec: rec, checked: map[string]int{}}
	for _, part := range []float64{0.2, 0.5, 0.51, 0.52, 0.9, 1} {
		w.d = played(t, 160, 45, part)
		w.d.focus, w.d.zoom = paneWorkers, true
		for _, r := range w.d.rows() {
			w.d.selected = r.cell.ID
			plainView(w.d)
			if err := w.checkWorkers(); err != nil {
				t.Fatalf("%v in\n%s", err, w.d.grid.Plain())
			}
		}
	}
	if w.checked["worker"] < 500 {
		t.Errorf("%d workers were on any screen", w.checked["worker"])
	}
}

func checkWindow(t *rapid.T, view string, width, height int, chars screen.Charset) {
	lines := strings.Split(view, "\n")
	if len(lines) > max(height, 1) {
		t.Fatalf("%d lines in a window of %d", len(lines), height)
	}
	for _, line := range lines {
		// Terminals of an East Asian locale may draw what is ambiguous two columns wide.
		text := displaywidth.Options{EastAsianWidth: chars == screen.EastAsian}.String(ansi.Strip(line))
		if n := max(text, ansi.StringWidth(line)); n > width {
			t.Fatalf("%d columns in a window of %d: %q", n, width, line)
		}
		if text := ansi.Strip(line); strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Fatalf("a control character in %q", line)
		}
	}
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
	for _, bar := range workerBar.FindAllStringSubmatch(d.grid.Plain(), -1) {
		i, err := strconv.Atoi(bar[1])
		if err != nil || i >= len(want) {
			return fmt.Errorf("%q, and there are %d workers", bar[0], len(want))
		}
		w.checked["worker"]++
		if bar[2] != strconv.FormatUint(want[i], 10) {
			return fmt.Errorf("worker %d has %s, the results say %d", i, bar[2], want[i])
		}
	}
	return nil
}

// workerBar is a worker's name, its bar and its connections.
var workerBar = regexp.MustCompile(`\bw(\d+) +(?:[^\sw]+ )?(\d+)\b`)

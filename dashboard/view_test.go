package dashboard

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/clipperhouse/displaywidth"
	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/dashboard/screen"
	"github.com/c10kit/c10kit/internal/golden"
	"github.com/c10kit/c10kit/results"
)

// press types keys one by one, with names for those that are no character.
func press(d *dash, keys ...string) {
	named := map[string]tea.KeyType{
		"tab": tea.KeyTab, "shift+tab": tea.KeyShiftTab, "enter": tea.KeyEnter, "esc": tea.KeyEsc, "up": tea.KeyUp,
		"down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "home": tea.KeyHome, "end": tea.KeyEnd,
		"backspace": tea.KeyBackspace, "ctrl+c": tea.KeyCtrlC, "ctrl+u": tea.KeyCtrlU, "f1": tea.KeyF1,
		"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "delete": tea.KeyDelete, "ctrl+z": tea.KeyCtrlZ,
	}
	for _, k := range keys {
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
		if t, ok := named[k]; ok {
			msg = tea.KeyMsg{Type: t}
		} else if k == " " {
			msg.Type = tea.KeySpace
		}
		d.Update(msg)
	}
}

func TestViews(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 35}, {160, 45}, {200, 60}, {60, 15}, {59, 14}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			d := played(t, size[0], size[1], 0.7)
			golden.Check(t, fmt.Sprintf("view/%dx%d.txt", size[0], size[1]), []byte(plainView(d)))
		})
	}
}

// states are what keys lead to.
var states = map[string][]string{
	"help":        {"?"},
	"switches":    {"tab", "tab"},
	"zoom":        {"enter"},
	"verdicts":    {"down", "down", "down", "shift+tab", "shift+tab", "enter"},
	"log":         {"shift+tab", "enter"},
	"workers":     {"j", "j", "tab", "tab", "tab", "tab"},
	"heat":        {"j", "tab", "tab", "tab", "tab", "tab", "enter"},
	"time":        {"tab", "x", "l"},
	"sorted":      {"s", "S"},
	"filter":      {"/", "p", "r", "e"},
	"filtered":    {"/", "p", "r", "e", "enter"},
	"row-hidden":  {"j", "j", " ", "b"},
	"hidden":      {"1", "2", "3"},
	"base":        {"d", "d", "d"},
	"other-group": {"g"},
}

// TestViewsOfStates are what keys lead to, each from the recorded run at 70%.
func TestViewsOfStates(t *testing.T) {
	for name, keys := range states {
		t.Run(name, func(t *testing.T) {
			d := played(t, 100, 30, 0.7)
			plainView(d) // s goes by what is on the screen
			press(d, keys...)
			golden.Check(t, "state/"+name+".txt", []byte(plainView(d)))
		})
	}
}

func TestViewASCII(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 35}, {160, 45}} {
		d := played(t, size[0], size[1], 0.7)
		press(d, "a", "esc")
		d.status = ""
		got := plainView(d)
		for _, r := range got {
			if r > '~' || r < ' ' && r != '\n' {
				t.Fatalf("%q is not printable ASCII in\n%s", r, got)
			}
		}
		golden.Check(t, fmt.Sprintf("view/%dx%d-ascii.txt", size[0], size[1]), []byte(got))
	}
}

// TestViewEastAsian: in a locale whose terminals may draw what is of ambiguous width two columns
// wide, nothing of it is drawn, in no state of the screen.
func TestViewEastAsian(t *testing.T) {
	check := func(name string, d *dash) {
		t.Helper()
		d.look.chars = screen.EastAsian
		d.grid.SetCharset(screen.EastAsian)
		for line := range strings.SplitSeq(plainView(d), "\n") {
			for _, r := range line {
				if n := (displaywidth.Options{EastAsianWidth: true}).Rune(r); n != 1 {
					t.Errorf("%s: %q is %d columns wide in %q", name, r, n, line)
				}
			}
		}
	}
	for name, keys := range states {
		for _, size := range [][2]int{{59, 14}, {60, 15}, {100, 30}, {160, 45}, {200, 60}} {
			d := played(t, size[0], size[1], 0.7)
			plainView(d)
			press(d, keys...)
			check(name, d)
		}
	}
	live, _ := liveDash(t, 100, 30)
	live.openForm()
	check("form", live)
	d := played(t, 160, 45, 0.7)
	check("a screen", d)
	golden.Check(t, "view/160x45-east-asian.txt", []byte(plainView(d)))
}

func TestViewColours(t *testing.T) {
	for name, l := range map[string]look{
		"none": {profile: colorprofile.NoTTY}, "no-color": {profile: colorprofile.ASCII}, "16": {profile: colorprofile.ANSI},
		"256": {profile: colorprofile.ANSI256}, "true": {profile: colorprofile.TrueColor},
		"light": {profile: colorprofile.TrueColor, light: true}, "light-16": {profile: colorprofile.ANSI, light: true},
	} {
		t.Run(name, func(t *testing.T) {
			d := played(t, 80, 24, 0.7)
			d.look = l
			got := d.View()
			golden.Check(t, "colour/"+name+".txt", []byte(got))
			// Colours change nothing but colours.
			want := strings.Split(plainView(d), "\n")
			for i, line := range strings.Split(ansi.Strip(got), "\n") {
				if strings.TrimRight(line, " ") != want[i] {
					t.Errorf("line %d: %q, without colours %q", i, line, want[i])
				}
			}
		})
	}
}

// TestLiveViews are what keys lead to while a run goes on.
func TestLiveViews(t *testing.T) {
	for name, keys := range map[string][]string{"question": {"c"}, "paused": {"p"}, "stopping": {"c", "y"}} {
		t.Run(name, func(t *testing.T) {
			d, run := liveDash(t, 80, 24)
			if err := d.start(Choice{}); err != nil {
				t.Fatal(err)
			}
			events := recording(t).Events
			for _, e := range events[:len(events)/2] {
				run.feed.Event(e)
			}
			now := events[len(events)/2-1].At
			d.Update(tick(now))
			press(d, keys...)
			golden.Check(t, "live/"+name+".txt", []byte(plainView(d)))
		})
	}
}

// TestViewOfManyModels: more rows than there is room for, with the last one selected.
func TestViewOfManyModels(t *testing.T) {
	d := newDash(nil, look{}, DefaultFPS)
	d.show(Recording{}, nil)
	d.story = manyModels(12)
	d.resize(60, 15)
	press(d, "pgdown", "pgdown", "down")
	plainView(d)
	press(d, "pgdown", "pgdown")
	golden.Check(t, "view/many-models.txt", []byte(plainView(d)))
}

// TestTwoRuns shows the second run beside the first.
func TestTwoRuns(t *testing.T) {
	a, b := open(t), open(t)
	for i := range b.Results {
		if r := &b.Results[i]; r.Model == "reactor" {
			r.Set(results.ReqPerSec, r.Values[results.ReqPerSec]*3)
		}
	}
	base := Record(a)
	d := newDash(nil, look{}, DefaultFPS)
	d.show(Record(b), &base)
	d.resize(120, 35)
	d.seek(func(p *player) { p.seekPart(1) })
	got := plainView(d)
	golden.Check(t, "view/two-runs.txt", []byte(got))
	if !strings.Contains(got, "+200%") {
		t.Error("three times the base is not +200%")
	}
}

// TestResizeKeeps: focus, selection and zoom are the user's, not the window's.
func TestResizeKeeps(t *testing.T) {
	d := played(t, 160, 45, 1)
	press(d, "tab", "tab", "tab", "down", "down", "enter")
	focus, row := d.focus, d.row()
	for _, size := range [][2]int{{80, 24}, {20, 3}, {0, 0}, {300, 100}, {160, 45}} {
		d.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		d.View()
		if d.focus != focus || d.row() != row || !d.zoom {
			t.Errorf("at %v: focus %v, row %v, zoom %v", size, d.focus, d.row().spec, d.zoom)
		}
	}
}

// TestMissing: a figure that could not be counted is a dash, and its reason can be read.
func TestMissing(t *testing.T) {
	d := played(t, 100, 30, 1)
	var lacks *results.Result
	for _, e := range d.player.recording.Events {
		if e.Result != nil && e.Result.Missing[results.Allocs] != "" {
			lacks = e.Result
		}
	}
	if lacks == nil {
		t.Fatal("the recorded run lacks nothing: no runtime counts the allocations of forked children")
	}
	reason := lacks.Missing[results.Allocs]
	d.selected = lacks.AllRounds().ID
	d.group = slices.IndexFunc(d.story.groups, func(g group) bool {
		return slices.ContainsFunc(g.rows, func(r *row) bool { return r.cell.ID == d.selected })
	})
	press(d, "shift+tab", "shift+tab", "enter")
	text := strings.Join(strings.Fields(strings.NewReplacer("│", " ", "┃", " ").Replace(plainView(d))), " ")
	if !strings.Contains(text, reason) || !strings.Contains(text, string(results.Allocs)) {
		t.Errorf("the reason %q is not shown in\n%s", reason, text)
	}
}

// TestFrozenAndFrames: nothing is rendered anew without a reason.
func TestFrozenAndFrames(t *testing.T) {
	d := played(t, 160, 45, 0)
	d.Update(tick(start))
	d.View()
	d.Update(tick(start.Add(time.Second)))
	if !d.dirty {
		t.Error("a second of the run passed, and nothing changed")
	}
	before := d.View()
	press(d, "f")
	frozen := d.View()
	d.Update(tick(start.Add(2 * time.Second)))
	if d.dirty || d.View() != frozen {
		t.Error("a frozen display changed")
	}
	if frozen == before {
		t.Error("nothing says that the display is frozen")
	}
	press(d, "f", "end")
	d.View()
	d.Update(tick(start.Add(3 * time.Second)))
	d.View()
	d.Update(tick(start.Add(4 * time.Second)))
	if d.dirty {
		t.Error("a recording at its end is drawn again and again")
	}
}

// BenchmarkFrame is one frame of data: Update and View.
func BenchmarkFrame(b *testing.B) {
	for _, size := range [][2]int{{80, 24}, {160, 45}, {200, 60}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			d := played(b, size[0], size[1], 0.7)
			d.look.profile = colorprofile.TrueColor
			b.ReportAllocs()
			now, before := start, cpu()
			for b.Loop() {
				now = now.Add(time.Millisecond) // the recording goes on for 4,000 of them
				d.Update(tick(now))
				d.dirty = true
				d.View()
			}
			// At DefaultFPS, 2,500 µs a frame are 1% of a core.
			b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// cpu is the time that this process has used on all cores, garbage collection included.
func cpu() time.Duration {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

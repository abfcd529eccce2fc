package dashboard

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/colorprofile"

	"github.com/c10kit/c10kit/results"
)

// bindings are all of the key map, by the name of the field.
func bindings() map[string]key.Binding {
	all := map[string]key.Binding{}
	v := reflect.ValueOf(keys)
	for i := range v.NumField() {
		all[v.Type().Field(i).Name] = v.Field(i).Interface().(key.Binding)
	}
	return all
}

func has(list []key.Binding, b key.Binding) bool {
	return slices.ContainsFunc(list, func(x key.Binding) bool { return reflect.DeepEqual(x, b) })
}

// TestHelpListsEveryKey: what Update dispatches by, what help is made from and the key map
// are the same set, and no key is taken twice. What only a replay or only a live run knows
// is in the help of that alone.
func TestHelpListsEveryKey(t *testing.T) {
	var dispatched []key.Binding
	for _, a := range keys.actions() {
		dispatched = append(dispatched, a.binding)
	}
	live, _ := liveDash(t, 80, 24)
	replay := played(t, 80, 24, 1)
	seen := map[string]string{}
	for name, b := range bindings() {
		if !has(dispatched, b) {
			t.Errorf("nothing is done for %s", name)
		}
		inLive, inReplay := has(live.helpLines(), b), has(replay.helpLines(), b)
		switch name {
		case "Open", "Cancel":
			if !inLive || inReplay {
				t.Errorf("%s: live %v, replay %v", name, inLive, inReplay)
			}
		case "SeekBack", "SeekOn", "PartBack", "PartOn":
			if inLive || !inReplay {
				t.Errorf("%s: live %v, replay %v", name, inLive, inReplay)
			}
		default:
			if !inLive || !inReplay {
				t.Errorf("%s: live %v, replay %v", name, inLive, inReplay)
			}
		}
		for _, k := range b.Keys() {
			if other, taken := seen[k]; taken {
				t.Errorf("the key %q is both %s and %s", k, name, other)
			}
			seen[k] = name
		}
	}
	if len(dispatched) != len(bindings()) {
		t.Errorf("%d bindings, %d dispatched", len(bindings()), len(dispatched))
	}
}

// TestHelpIsWhole: in every window every entry can be read to its end, by scrolling where
// there is no room.
func TestHelpIsWhole(t *testing.T) {
	for _, size := range [][2]int{{60, 15}, {60, 40}, {80, 24}, {120, 35}, {160, 45}} {
		live, _ := liveDash(t, size[0], size[1])
		for kind, d := range map[string]*dash{"live": live, "replay": played(t, size[0], size[1], 1)} {
			press(d, "?")
			text := plainView(d)
			for before := ""; text != before; {
				before = text
				press(d, "pgdown")
				text += plainView(d)
				if strings.HasSuffix(before, plainView(d)) {
					break // its end
				}
			}
			for _, b := range d.helpLines() {
				if what := d.either(b.Help().Desc); !strings.Contains(text, " "+b.Help().Key+" ") || !strings.Contains(text, what) {
					t.Errorf("%v %s: the help does not show %s, %q", size, kind, b.Help().Key, what)
				}
			}
		}
	}
}

// TestHelpScrolls: keys and the wheel move the help and not what lies beneath it; Esc, q
// and ? close it.
func TestHelpScrolls(t *testing.T) {
	d := played(t, 60, 15, 1)
	row := d.row()
	for _, closing := range []string{"esc", "q", "?"} {
		press(d, "?")
		first := plainView(d)
		press(d, "down", "pgdown")
		if plainView(d) == first {
			t.Error("Down and PgDn do not scroll")
		}
		press(d, "pgup", "up")
		if got := plainView(d); got != first {
			t.Errorf("PgUp and Up do not scroll back:\n%s", got)
		}
		d.mouse(tea.MouseEvent{Button: tea.MouseButtonWheelDown, Action: tea.MouseActionPress})
		if plainView(d) == first {
			t.Error("the wheel does not scroll")
		}
		press(d, "s", "x", "1")
		if !d.help || d.sort >= 0 || d.row() != row {
			t.Errorf("keys reach what lies beneath: sort %d, row %s", d.sort, d.row().spec)
		}
		press(d, closing)
		if d.help {
			t.Errorf("%s does not close the help", closing)
		}
	}
}

// TestEveryKeyDoesSomething: each key of the map, in the runs that it is for, changes what is
// shown by more than an answer at the foot, which may be a refusal, or has something done.
func TestEveryKeyDoesSomething(t *testing.T) {
	before := map[string][]string{ // keys that lead to where a key has an effect
		"Back": {"enter"}, "Up": {"down"}, "PageUp": {"down"}, "First": {"down"}, "ThisBase": {"down"}, "Minus": {"+"},
	}
	in := map[string]runs{}
	for _, a := range keys.actions() {
		in[a.binding.Help().Key] = a.in
	}
	for name, b := range bindings() {
		for _, k := range b.Keys() {
			d := played(t, 120, 40, 0.5)
			if in[b.Help().Key] == liveOnly {
				d, _ = liveDash(t, 120, 40)
				if name == "Cancel" {
					_ = d.start(Choice{})
					d.Update(tick(start))
				}
			}
			if name == "Toggle" {
				d.story = manyModels(9)
			}
			d.look.profile = colorprofile.TrueColor
			d.shell = &shell{} // its command is not run
			press(d, before[name]...)
			seen := func() string {
				d.status, d.dirty = "", true
				return d.View()
			}
			was := seen()
			_, cmd := d.Update(keyOf(k))
			if seen() == was && cmd == nil {
				t.Errorf("%s (%s) changes nothing", k, name)
			}
		}
	}
}

// TestFooterIsClickable: each key that the footer shows does what the key does.
func TestFooterIsClickable(t *testing.T) {
	d := played(t, 200, 60, 0.5)
	text := strings.Split(plainView(d), "\n")
	foot := text[len(text)-2]
	before, _, ok := strings.Cut(foot, "? help")
	if !ok {
		t.Fatalf("no key for help in %q", foot)
	}
	d.mouse(click(len([]rune(before)), 59))
	if !d.help {
		t.Error("a click on help does not open it")
	}
	d.help = false
	x, y := find(t, d, "1-9 toggle")
	if d.mouse(click(x, y)); len(d.hidden) > 0 || !d.help {
		t.Errorf("a click on toggle hides %v; how to is shown: %v", d.hidden, d.help)
	}
}

// TestKeepIsOfTheLatest: a screen that was to be left on the terminal is not, when the question
// was answered by no.
func TestKeepIsOfTheLatest(t *testing.T) {
	d, _ := liveDash(t, 80, 24)
	if err := d.start(Choice{}); err != nil {
		t.Fatal(err)
	}
	d.Update(tick(start))
	if press(d, "Q", "n"); d.keep {
		t.Error("no keeps the screen")
	}
	if press(d, "Q", "y"); !d.keep {
		t.Error("yes does not keep the screen")
	}
	if press(d, "q"); d.keep || !d.atOnce {
		t.Errorf("q afterwards: keep %v, at once %v", d.keep, d.atOnce)
	}
}

// TestMetricsOfSamples: x leads to what only samples have.
func TestMetricsOfSamples(t *testing.T) {
	d := played(t, 100, 30, 0.7)
	r := d.row()
	r.sample(r.rounds[len(r.rounds)-1].number, results.Sample{Values: map[results.Metric]float64{results.SwitchesPerSec: 7}})
	for range 40 {
		if press(d, "x"); d.metric == results.SwitchesPerSec {
			return
		}
	}
	t.Errorf("x never leads to %s: %v", results.SwitchesPerSec, d.metrics())
}

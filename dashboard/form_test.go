package dashboard

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"

	"github.com/c10kit/c10kit/internal/golden"
	"github.com/c10kit/c10kit/results"
)

// liveDash is a dash of a live run that the test tells.
func liveDash(t testing.TB, width, height int) (*dash, *fakeRun) {
	run := &fakeRun{head: recording(t)}
	d := newDash(run, look{}, DefaultFPS)
	d.resize(width, height)
	return d, run
}

func TestForm(t *testing.T) {
	d, run := liveDash(t, 100, 30)
	d.openForm()
	golden.Check(t, "view/form.txt", []byte(plainView(d)))
	press(d, " ") // iterative is ticked
	for d.form.at < len(d.form.models) {
		press(d, "down")
	}
	press(d, "1", "6", ",", "6", "4", "x", "backspace")
	press(d, "down", "ctrl+u", "/", "j")                // path
	press(d, "down", "right")                           // mode: both, then keepalive
	press(d, "down", "backspace", "5")                  // rounds
	press(d, "down", "ctrl+u", "5", "0", "0", "m", "s") // window
	press(d, "down", " ")                               // placement
	press(d, "enter")
	want := Choice{
		Models: []string{"iterative", "ppc:fork", "reactor:epoll"}, Conns: []int{16, 64}, Path: "/j",
		Modes: []string{results.ModeKeepAlive}, Rounds: 5, Window: 500 * time.Millisecond, Placement: results.PlacementShared,
	}
	if len(run.choices) != 1 {
		t.Fatalf("%d runs were started: %s", len(run.choices), plainView(d))
	}
	if diff := cmp.Diff(want, run.choices[0]); diff != "" {
		t.Error(diff)
	}
	if d.form != nil || !d.running() {
		t.Error("the form stays, or no run goes on")
	}
}

func TestFormRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*form)
		want   string
	}{
		"no model": {func(f *form) { clear(f.ticked) }, "no model is ticked"},
		"conns":    {func(f *form) { f.lines[lineConns].text = "64,0" }, "conns \"0\""},
		"rounds":   {func(f *form) { f.lines[lineRounds].text = "" }, "rounds \"\""},
		"window":   {func(f *form) { f.lines[lineWindow].text = "1" }, "window \"1\""},
		"bench":    {func(*form) {}, "refused by bench"},
	} {
		t.Run(name, func(t *testing.T) {
			d, run := liveDash(t, 80, 24)
			run.refuse = errors.New("refused by bench")
			d.openForm()
			c.change(d.form)
			press(d, "enter")
			if d.form == nil || !strings.Contains(d.form.problem, c.want) {
				t.Fatalf("the answer is %+v", d.form)
			}
			if !strings.Contains(plainView(d), c.want) {
				t.Errorf("the problem is not shown in\n%s", d.grid.Plain())
			}
			press(d, "esc")
			if d.form != nil || d.running() {
				t.Error("Esc does not close the form")
			}
		})
	}
}

// TestControl: what keys ask of a live run.
func TestControl(t *testing.T) {
	d, run := liveDash(t, 100, 30)
	press(d, "p", "n", "c")
	if run.paused || run.nexts != 0 || d.question != nil {
		t.Error("keys act on a run that is not there")
	}
	if err := d.start(Choice{}); err != nil {
		t.Fatal(err)
	}
	d.Update(tick(start))
	press(d, "p", "n")
	if !run.paused || run.nexts != 1 || !strings.Contains(plainView(d), "PAUSED") {
		t.Errorf("paused %v, next %d in\n%s", run.paused, run.nexts, d.grid.Plain())
	}
	press(d, "p", "c", "x")
	if run.paused || run.stops != 0 {
		t.Errorf("paused %v, stopped %d times though the question was answered by x", run.paused, run.stops)
	}
	press(d, "o")
	if d.form != nil {
		t.Error("a second run can be set up")
	}
	press(d, "c", "c")
	if run.stops != 1 || !strings.Contains(d.progress(), "STOPPING") {
		t.Errorf("stopped %d times, %q", run.stops, d.progress())
	}
	run.feed.Event(results.Event{At: start, Kind: results.EventEnd, Text: "stopped by the user"})
	d.Update(tick(start.Add(time.Second)))
	if d.running() {
		t.Error("the run goes on after its end")
	}
	if _, cmd := d.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("q")}); cmd == nil {
		t.Error("q asks though no run goes on")
	} else if _, quits := cmd().(tea.QuitMsg); !quits {
		t.Error("q does not quit")
	}
}

// TestPaste: what is typed at once is taken key by key; what is pasted is no command.
func TestPaste(t *testing.T) {
	d, _ := liveDash(t, 100, 30)
	d.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("ta")})
	if !d.look.light || !d.look.ascii {
		t.Error("two keys in one message are not two keys")
	}
	paste := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("t a"), Paste: true}
	if d.Update(paste); !d.look.light {
		t.Error("a pasted text is taken as keys")
	}
	press(d, "/")
	if d.Update(paste); d.filter != "t a" {
		t.Errorf("pasted into the filter: %q", d.filter)
	}
}

// TestTiny: what has no room says so.
func TestTiny(t *testing.T) {
	d, _ := liveDash(t, 50, 3)
	d.openForm()
	if text := plainView(d); !strings.Contains(text, "make the window 60x15") {
		t.Errorf("the form in a tiny window is\n%s", text)
	}
}

// TestLeavingWaits: after y the program goes on until the run has ended, and ends by itself.
func TestLeavingWaits(t *testing.T) {
	d, run := liveDash(t, 100, 30)
	if err := d.start(Choice{}); err != nil {
		t.Fatal(err)
	}
	d.Update(tick(start))
	press(d, "f", "q", "y")
	if run.stops != 1 || !d.leaving || d.frozen {
		t.Fatalf("stopped %d times, leaving %v, frozen %v", run.stops, d.leaving, d.frozen)
	}
	quits := func(cmd tea.Cmd) bool {
		// A tick is a timer that has not to be waited for.
		return cmd != nil && fmt.Sprintf("%p", cmd) == fmt.Sprintf("%p", tea.Cmd(tea.Quit))
	}
	if _, cmd := d.Update(tick(start.Add(time.Second))); quits(cmd) {
		t.Error("the program ends before the run")
	}
	run.feed.Event(results.Event{At: start, Kind: results.EventEnd})
	if _, cmd := d.Update(tick(start.Add(2 * time.Second))); !quits(cmd) {
		t.Error("the program does not end with the run")
	}
}

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

// TestFormSmall: in the smallest window an error is read to its end and the cursor is in
// the line that is wrong, "…" says that there are more models, and a long path is seen
// where the cursor is.
func TestFormSmall(t *testing.T) {
	d, run := liveDash(t, 60, 15)
	run.more = 20
	run.refuse = &SettingError{"rounds", "0: a number from 1 on is needed, and this one is refused by whoever measures"}
	press(d, "o", "enter")
	text := strings.Join(strings.Fields(strings.NewReplacer("┃", " ").Replace(plainView(d))), " ")
	if !strings.Contains(text, "refused by whoever measures") || !strings.Contains(text, "placement") {
		t.Errorf("the problem, or a setting, is not shown whole in\n%s", d.grid.Plain())
	}
	if d.form.at != len(d.form.models)+lineRounds {
		t.Errorf("the cursor is at %d", d.form.at)
	}
	if strings.Count(d.grid.Plain(), "…") != 1 {
		t.Errorf("nothing says that there are more models in\n%s", d.grid.Plain())
	}
	if strings.Contains(d.grid.Plain(), "? help") {
		t.Errorf("keys that the form does not have in\n%s", d.grid.Plain())
	}
	press(d, "up", "up")
	for range 70 {
		press(d, "x")
	}
	press(d, "y", "z")
	if plainView(d); !strings.Contains(d.grid.Plain(), "xyz_") {
		t.Errorf("the cursor is not seen in\n%s", d.grid.Plain())
	}
	press(d, "left", "left", "backspace", "home", "delete", "A", "end", "B")
	if got, want := d.form.lines[linePath].text, "Aplaintext"+strings.Repeat("x", 69)+"yzB"; got != want {
		t.Errorf("edited to %q, want %q", got, want)
	}
	d.form.at = 0
	for range 6 {
		press(d, "down")
	}
	if plainView(d); strings.Count(d.grid.Plain(), "…") < 2 {
		t.Errorf("nothing says that there are models above and below in\n%s", d.grid.Plain())
	}
}

// TestWheel moves what lies on top only.
func TestWheel(t *testing.T) {
	d, _ := liveDash(t, 100, 30)
	d.show(recording(t), nil)
	d.seek(func(p *player) { p.seekPart(1) })
	plainView(d)
	row := d.row()
	down := tea.MouseEvent{Button: tea.MouseButtonWheelDown, Action: tea.MouseActionPress}
	d.openForm()
	plainView(d)
	if d.mouse(down); d.form.at == 0 || d.row() != row {
		t.Errorf("over the form the wheel goes to line %d, row %s", d.form.at, d.row().spec)
	}
	d.form, d.question = nil, &question{}
	if d.mouse(down); d.row() != row {
		t.Errorf("over a question the wheel selects %s", d.row().spec)
	}
	d.question = nil
	if d.mouse(down); d.row() == row {
		t.Error("the wheel does not select")
	}
}

// TestFormRemembers: a second run is set up from what the first was, with no filter left.
func TestFormRemembers(t *testing.T) {
	d, run := liveDash(t, 100, 30)
	want := Choice{
		Models: []string{"iterative"}, Conns: []int{7}, Path: "/j", Modes: []string{results.ModeClose}, Rounds: 4,
		Window: 2 * time.Second, Placement: results.PlacementShared,
	}
	d.filter = "x"
	if err := d.start(want); err != nil {
		t.Fatal(err)
	}
	if d.filter != "" {
		t.Errorf("the filter %q hides models of the new run", d.filter)
	}
	d.Update(tick(start))
	run.feed.Event(results.Event{At: start, Kind: results.EventEnd})
	d.Update(tick(start.Add(time.Second)))
	press(d, "o", "enter")
	if len(run.choices) != 2 {
		t.Fatalf("%d runs", len(run.choices))
	}
	if diff := cmp.Diff(want, run.choices[1]); diff != "" {
		t.Error(diff)
	}
}

// TestSuspend: ^Z lets the cell that is measured come to its end, and holds the next one as
// long as the process stands still.
func TestSuspend(t *testing.T) {
	d, run := liveDash(t, 100, 30)
	d.shell = &shell{} // its command is not run
	if _, cmd := d.Update(keyOf("ctrl+z")); cmd == nil {
		t.Error("without a run ^Z waits for something")
	}
	if err := d.start(Choice{}); err != nil {
		t.Fatal(err)
	}
	d.Update(tick(start))
	if _, cmd := d.Update(keyOf("ctrl+z")); cmd != nil || !run.paused || !d.suspending {
		t.Errorf("in a cell: a command %v, paused %v, suspending %v", cmd != nil, run.paused, d.suspending)
	}
	if !strings.Contains(plainView(d), "stops when this cell is measured") {
		t.Errorf("nothing says so in\n%s", d.grid.Plain())
	}
	if d.Update(tick(start.Add(time.Second))); !d.suspending {
		t.Error("stopped in a cell")
	}
	run.held = true
	if d.Update(tick(start.Add(2 * time.Second))); d.suspending {
		t.Error("the cell is measured, and it does not stop")
	}
	if _, cmd := d.Update(resumed{stopped: true}); run.paused || cmd == nil {
		t.Errorf("afterwards: paused %v, the mouse is asked for %v", run.paused, cmd != nil)
	}
	press(d, "p")
	if d.Update(resumed{stopped: true}); !run.paused {
		t.Error("it ends the pause of the user")
	}
}

// TestReplayAtTheEnd: r shows a live run again from its start, as the folder has it.
func TestReplayAtTheEnd(t *testing.T) {
	d, run := liveDash(t, 100, 30)
	if err := d.start(Choice{}); err != nil {
		t.Fatal(err)
	}
	d.Update(tick(start))
	again := keyOf("r")
	if _, cmd := d.Update(again); cmd != nil || d.player != nil {
		t.Error("a run that goes on is replayed")
	}
	run.feed.Event(results.Event{At: start, Kind: results.EventEnd})
	d.Update(tick(start.Add(time.Second)))
	_, cmd := d.Update(again)
	if cmd == nil {
		t.Fatal("no replay")
	}
	d.Update(cmd())
	if d.player == nil || d.player.part() != 0 || len(d.story.rows) == 0 {
		t.Fatalf("the replay is %+v: %s", d.player, d.status)
	}
	press(d, "end", "r")
	if d.player.part() != 0 {
		t.Error("r does not begin again")
	}
	if err := d.start(Choice{}); err != nil {
		t.Fatal(err)
	}
	if !d.running() {
		t.Error("after a replay no run can be started")
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
	if run.stops != 1 || !strings.Contains(d.progress(inFull), "STOPPING") {
		t.Errorf("stopped %d times, %q", run.stops, d.progress(inFull))
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
	press(d, "f") // of a frozen screen too
	run.feed.Event(results.Event{At: start, Kind: results.EventEnd})
	if _, cmd := d.Update(tick(start.Add(2 * time.Second))); !quits(cmd) {
		t.Error("the program does not end with the run")
	}
}

// TestEndWhileFrozen: a run that ended behind a frozen screen does not go on: q leaves without a
// question, and f shows the end.
func TestEndWhileFrozen(t *testing.T) {
	d, run := liveDash(t, 100, 30)
	if err := d.start(Choice{}); err != nil {
		t.Fatal(err)
	}
	d.Update(tick(start))
	press(d, "f")
	run.feed.Event(results.Event{At: start, Kind: results.EventEnd})
	d.Update(tick(start.Add(time.Second)))
	if d.running() || d.story.ended {
		t.Errorf("running %v; the frozen screen shows the end: %v", d.running(), d.story.ended)
	}
	if _, cmd := d.Update(keyOf("q")); cmd == nil || d.question != nil {
		t.Errorf("q asks: %+v", d.question)
	}
	press(d, "f")
	if d.Update(tick(start.Add(2 * time.Second))); !d.story.ended {
		t.Error("f does not show the end")
	}
}

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/c10kit/c10kit/results"
)

// proof skips what takes long unless it is asked for.
func proof(t *testing.T) {
	t.Helper()
	if os.Getenv("C10KIT_PROOFS") == "" {
		t.Skip("takes a minute: make proofs asks for it with C10KIT_PROOFS=1")
	}
}

// buildCommand builds the command.
func buildCommand(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c10kit")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	return path
}

// tmux is a terminal multiplexer of its own, with one window: what is seen is what a real
// terminal emulator makes of all that was written, not the bytes.
type tmux struct {
	t       *testing.T
	dir     string // of its socket and of the window's shell
	mark    string
	pressed map[string]bool // keys, by tmux's names
}

// newTmux runs a line of shell in a window of a size.
func newTmux(t *testing.T, width, height int, line string) *tmux {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("tmux is not installed: .ci/run installs it, and without it this proves nothing")
		}
		t.Skip("tmux is not installed")
	}
	dir, err := os.MkdirTemp("", "c10kit") // short: the name of a socket has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	m := &tmux{t: t, dir: dir, mark: "C10KIT_TEST_MARK=" + t.Name() + dir, pressed: map[string]bool{}}
	m.do("new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height), line)
	t.Cleanup(func() { _ = m.command("kill-server").Run() }) // it may be gone
	return m
}

func (m *tmux) command(args ...string) *exec.Cmd {
	cmd := exec.Command("tmux", append([]string{"-f", os.DevNull, "-S", filepath.Join(m.dir, "s")}, args...)...)
	cmd.Dir = m.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "NO_COLOR=", "TMUX=", "SHELL=/bin/sh", m.mark)
	return cmd
}

func (m *tmux) do(args ...string) string {
	m.t.Helper()
	out, err := m.command(args...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("tmux %v: %v: %s", args, err, out)
	}
	return string(out)
}

func (m *tmux) screen() string { m.t.Helper(); return m.do("capture-pane", "-p") }

// sight is something to be seen on the screen.
type sight struct {
	what string
	seen func(screen string) bool
}

func has(text string) sight {
	return sight{"has " + text, func(screen string) bool { return strings.Contains(screen, text) }}
}

func lacks(text string) sight {
	return sight{"lacks " + text, func(screen string) bool { return !strings.Contains(screen, text) }}
}

// foot is a text in the last line, where keys are answered.
func foot(text string) sight {
	return sight{"has at its foot " + text, func(screen string) bool {
		screen = strings.TrimRight(screen, "\n")
		return strings.Contains(screen[strings.LastIndex(screen, "\n")+1:], text)
	}}
}

// titled is a text in the first line, which differs from that of a screen before.
func titled(before string) sight {
	title := func(screen string) string { first, _, _ := strings.Cut(screen, "\n"); return first }
	return sight{"has another title than " + title(before), func(screen string) bool { return title(screen) != title(before) }}
}

// focused is the frame of a pane that has the focus, alone on the screen or in the grid.
func focused(tab, title string) sight {
	return sight{"has the focus on " + tab, func(screen string) bool {
		return strings.Contains(screen, "["+tab+"]") || strings.Contains(screen, "┏━ "+title)
	}}
}

// sees waits until all is to be seen on the screen.
func (m *tmux) sees(all ...sight) string {
	m.t.Helper()
	var screen string
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		screen = m.screen()
		i := slices.IndexFunc(all, func(s sight) bool { return !s.seen(screen) })
		if i < 0 {
			return screen
		}
		if time.Now().After(end) {
			m.t.Fatalf("after a minute it is not so that the screen %s:\n%s", all[i].what, screen)
		}
	}
}

// shows waits until the screen has all texts.
func (m *tmux) shows(texts ...string) string {
	m.t.Helper()
	var all []sight
	for _, text := range texts {
		all = append(all, has(text))
	}
	return m.sees(all...)
}

// keys types keys by tmux's names.
func (m *tmux) keys(keys ...string) {
	m.t.Helper()
	for _, key := range keys {
		m.pressed[key] = true
	}
	m.do(append([]string{"send-keys"}, keys...)...)
}

// press types a key and waits until the screen shows what it leads to.
func (m *tmux) press(key string, all ...sight) string {
	m.t.Helper()
	m.keys(key)
	return m.sees(all...)
}

// helpKeys reads the keys that the help on the screen names, by tmux's names. Its columns
// are those of dashboard's drawHelp: a blank, a key of 7 columns, what it does.
func helpKeys(t *testing.T, screen string) []string {
	t.Helper()
	const keyWidth, columnWidth, maxColumns = 7, 38, 3
	names := map[string]string{"^C": "C-c", "^Z": "C-z", "S-Tab": "BTab", "Esc": "Escape", "PgUp": "PPage", "PgDn": "NPage"}
	var keys []string
	left, right := -1, -1 // of the panel
	for line := range strings.Lines(screen) {
		runes := []rune(strings.TrimSuffix(line, "\n"))
		if left < 0 {
			if before, after, found := strings.Cut(line, "┏━ keys "); found {
				left = len([]rune(before))
				right = len(runes) - len([]rune(after[strings.Index(after, "┓"):])) + 1
			}
			continue
		}
		if runes[left] == '┗' {
			break
		}
		inside := runes[left+1 : right]
		columns := min(len(inside)/columnWidth, maxColumns)
		for i := range columns {
			at := i*(len(inside)/columns) + 1
			for key := range strings.FieldsSeq(string(inside[at : at+keyWidth])) {
				switch name, ok := names[key]; {
				case ok:
					keys = append(keys, name)
				case key == "1-9":
					keys = append(keys, strings.Split("123456789", "")...)
				default:
					keys = append(keys, key)
				}
			}
		}
	}
	if len(keys) < 30 {
		t.Fatalf("the help names the keys %q only:\n%s", keys, screen)
	}
	return keys
}

// TestProofTmux runs the dashboard where users have it: the card from start to end, every
// key that its help names, other sizes in the middle, the shell and back, and the terminal
// killed in the middle of another run.
func TestProofTmux(t *testing.T) {
	proof(t)
	command := buildCommand(t)
	for _, size := range [][2]int{{80, 24}, {160, 45}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			m := newTmux(t, size[0], size[1], "set -m; stty -g >before; "+command+" dashboard -d 150ms --rounds 1; "+
				"echo stopped with $?; stty -g >stopped; read line; fg; echo left with $?; stty -g >after; read line; "+
				command+" dashboard -d 150ms --rounds 100 --out second; echo not killed; sleep 100")
			cardToTheEnd(t, m, size[0], size[1])
			named := everyKey(t, m)
			leaveAfterTheEnd(t, m)
			killedInTheMiddle(t, m)
			for _, key := range named {
				if !m.pressed[key] {
					t.Errorf("the help names the key %s, which was never pressed", key)
				}
			}
		})
	}
}

// cardToTheEnd watches the first run, in other sizes for a while.
func cardToTheEnd(t *testing.T, m *tmux, width, height int) {
	t.Helper()
	m.shows("iterative", "hybrid", "of 3)", "▶")
	m.shows("left ~")
	resize := func(w, h int) { m.do("resize-window", "-x", fmt.Sprint(w), "-y", fmt.Sprint(h)) }
	resize(50, 12)
	m.shows("/14")
	resize(60, 15)
	m.press("?", has("lines 1 to "))
	m.press("NPage", lacks("lines 1 to "), has("lines "))
	m.press("PPage", has("lines 1 to "))
	m.press("Down", has("lines 2 to "))
	m.press("Up", has("lines 1 to "))
	m.press("?", lacks("lines 1 to "))
	resize(120, 35)
	m.shows("event log", "connections per worker")
	resize(width, height)
	screen := m.shows("14/14", "done")
	for _, spec := range []string{"iterative", "ppc", "tpc", "prefork", "prethread", "reactor", "hybrid"} {
		if !strings.Contains(screen, spec) {
			t.Errorf("%s is not in\n%s", spec, screen)
		}
	}
	if strings.Contains(screen, "queued") || strings.Contains(screen, "running") {
		t.Errorf("at the end something is queued or runs:\n%s", screen)
	}
	for i, line := range strings.Split(strings.TrimRight(screen, "\n"), "\n") {
		if n := len([]rune(line)); n > width || i >= height {
			t.Errorf("line %d has %d columns: %q", i, n, line)
		}
	}
	t.Logf("at %dx%d:\n%s", width, height, screen)
	stored := onlyRun(t, m.dir)
	if len(stored.Results) != 14 || stored.Manifest.Interrupted {
		t.Errorf("%d results, interrupted %v", len(stored.Results), stored.Manifest.Interrupted)
	}
}

// everyKey presses each key of the help, of a live run that has ended, of a replay and of a
// run that goes on, and returns those that the help names. What only the key leads to is
// waited for; an answer that is the same as that before is taken away by another key first.
func everyKey(t *testing.T, m *tmux) (named []string) {
	t.Helper()
	named = helpKeys(t, m.press("?", foot("Esc q ? close")))
	m.press("Escape", foot("? help"))
	type step struct {
		key string
		see sight
	}
	all := func(steps ...step) {
		t.Helper()
		for _, s := range steps {
			m.press(s.key, s.see)
		}
	}
	all(
		step{"F1", foot("Esc q ? close")}, step{"F1", foot("? help")},
		step{"Tab", focused("time", "req/s over time")}, step{"BTab", focused("percentiles", "percentiles")},
		step{"Enter", lacks("│>1")}, // zoomed: no rows
		step{"x", foot("over time: ")},
		step{"Escape", has("│>1")},
		step{"Down", has("│>2")}, step{"j", has("│>3")}, step{"k", has("│>2")}, step{"Up", has("│>1")},
		step{"End", has("│>7")}, step{"Home", has("│>1")},
		step{"NPage", lacks("│>1")}, step{"PPage", has("│>1")},
		step{"Space", has("│>1 - ")}, step{"Space", lacks("│>1 - ")},
		step{"1", has("│>1 - ")}, step{"1", lacks("│>1 - ")},
	)
	for i := 2; i <= 7; i++ {
		digit := fmt.Sprint(i)
		hidden := "│ " + digit + " - "
		all(step{digit, has(hidden)}, step{digit, lacks(hidden)})
	}
	all(
		step{"8", foot("there is no model 8")}, step{"9", foot("there is no model 9")},
		step{"g", has("(1 of 3)")}, step{"g", has("(2 of 3)")}, step{"g", has("(3 of 3)")},
		step{"s", foot("largest first")}, step{"S", foot("smallest first")},
		step{"/", foot("/_")}, step{"x", foot("/x_")}, step{"Escape", foot("? help")},
		step{"d", foot("differences to")}, step{"Up", foot("? help")},
		step{"b", foot("differences to")},
		step{"l", foot("linear")}, step{"l", foot("logarithmic")},
	)
	for key, answer := range map[string]string{
		"p": "no run goes on", "n": "no run goes on", "c": "no run goes on",
		"[": "cannot be wound", "]": "cannot be wound", "{": "cannot be wound", "}": "cannot be wound",
		"+": "time axis", "-": "time axis", "t": "theme",
	} {
		all(step{key, foot(answer)}, step{"Up", foot("? help")})
	}
	all(
		step{"f", has("FROZEN")}, step{"f", lacks("FROZEN")},
		step{"t", foot("theme")},
		step{"a", has("+-")}, step{"a", has("┌─")},
		step{"e", foot("written: ")}, // Q is pressed when all is seen
	)
	text, err := os.ReadFile(filepath.Join(m.dir, "c10kit-screen-1.txt"))
	if err != nil || !strings.Contains(string(text), "req/s") {
		t.Errorf("the export: %v\n%s", err, text)
	}
	named = append(named, replayKeys(m)...)
	runKeys(t, m)
	return named
}

// replayKeys presses those of a replay, in that of the run that has ended.
func replayKeys(m *tmux) (named []string) {
	m.t.Helper()
	m.press("r", foot("replay of"))
	m.keys("r", "p") // from the start, and held there before the first cell is over
	m.sees(has("PAUSED"), has(" 0/14 "))
	named = helpKeys(m.t, m.press("?", foot("Esc q ? close")))
	screen := m.press("?", foot("? help"))
	for _, key := range []string{"]", "]", "[", "}", "}", "{"} { // held, so that only keys wind it
		screen = m.press(key, titled(screen))
	}
	m.press("+", foot("speed 2x"))
	m.press("-", foot("speed 1x"))
	m.press("Home", has(" 0/14 "))
	m.press("End", has("14/14"))
	m.press("Home", has(" 0/14 "))
	m.press("n", lacks(" 0/14 ")) // there is one round: to the end
	m.press("Home", has(" 0/14 "), has("PAUSED"))
	m.press("p", lacks("PAUSED"))
	return named
}

// runKeys presses those of a run that goes on, in two that the form sets up.
func runKeys(t *testing.T, m *tmux) {
	t.Helper()
	m.press("o", has("a new run"))
	m.press("Enter", has("left ~"))
	m.press("p", foot("pauses before the next cell"))
	m.press("p", foot("the run goes on"))
	m.press("q", has("A run goes on."))
	m.press("x", lacks("A run goes on."))
	m.press("C-c", has("A run goes on."))
	m.press("n", lacks("A run goes on."))
	m.press("c", has("Stop the run and keep"))
	m.press("x", lacks("Stop the run and keep"))
	m.press("c", has("Stop the run and keep"))
	m.press("y", has("CUT SHORT"))
	m.press("o", has("a new run"))
	m.press("Enter", has("left ~"))
	m.press("n", foot("is left out"))
	m.shows("done ─")
	runs, _ := filepath.Glob(filepath.Join(m.dir, runsFolder, "*"))
	if len(runs) != 3 {
		t.Fatalf("run folders: %v", runs)
	}
	stopped, err := results.Open(runs[1])
	if err != nil {
		t.Fatal(err)
	}
	if !stopped.Manifest.Interrupted {
		t.Error("the run that was stopped is not said to be interrupted")
	}
	stored, err := results.Open(runs[2])
	if err != nil {
		t.Fatal(err)
	}
	if w := strings.Join(stored.Manifest.Warnings, "\n"); !strings.Contains(w, "left out on request") || len(stored.Results) == 14 {
		t.Errorf("warnings %q, %d results", w, len(stored.Results))
	}
}

// leaveAfterTheEnd goes to the shell and back, and leaves by Q, which leaves the screen as text.
func leaveAfterTheEnd(t *testing.T, m *tmux) {
	t.Helper()
	settings := func(file string) string {
		var text []byte
		until(t, "the shell has written "+file, func() bool {
			text, _ = os.ReadFile(filepath.Join(m.dir, file))
			return len(text) > 0
		})
		return string(text)
	}
	m.press("C-z", has("stopped with "), lacks("│>1"))
	m.press("Enter", has("│>1"), lacks("stopped with "))
	m.press("Q", has("left with "))
	before := settings("before")
	for _, file := range []string{"stopped", "after"} {
		if now := settings(file); now != before {
			t.Errorf("the terminal's settings are %q (%s), they were %q", now, file, before)
		}
	}
	if m.do("display-message", "-p", "#{alternate_on}") != "0\n" {
		t.Error("the terminal is left on its alternate screen")
	}
	left := m.do("capture-pane", "-p", "-S", "-")
	table, said, found := strings.Cut(left, "the run is in "+runsFolder)
	for _, text := range []string{"req/s", "hybrid", "verdict"} {
		if !found || !strings.Contains(table, text) {
			t.Errorf("Q has not left %q on the terminal: %v\n%s", text, found, left)
		}
	}
	if n := strings.Count(said, "the run is in "); n != 2 {
		t.Errorf("the folders of %d runs are named, want 3:\n%s", n+1, left)
	}
	m.keys("Enter") // for the next command
}

// killedInTheMiddle takes the terminal away from a run.
func killedInTheMiddle(t *testing.T, m *tmux) {
	t.Helper()
	m.shows("left ~", "/1400")
	m.do("kill-server")
	until(t, "no process is left", func() bool { return len(marked(m.mark)) == 0 })
	runs, _ := filepath.Glob(filepath.Join(m.dir, "second", "*"))
	if len(runs) != 1 {
		t.Fatalf("run folders: %v", runs)
	}
	stored, err := results.Open(runs[0])
	if err != nil {
		t.Fatal(err)
	}
	if len(stored.Warnings) > 0 || !stored.Manifest.Interrupted || len(stored.Results) == 0 {
		t.Errorf("warnings %v, interrupted %v, %d results", stored.Warnings, stored.Manifest.Interrupted, len(stored.Results))
	}
}

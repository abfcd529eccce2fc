package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	t    *testing.T
	dir  string // of its socket and of the window's shell
	mark string
}

// newTmux runs a line of shell in a window of a size.
func newTmux(t *testing.T, width, height int, line string) *tmux {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed")
	}
	dir, err := os.MkdirTemp("", "c10kit") // short: the name of a socket has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	m := &tmux{t: t, dir: dir, mark: "C10KIT_TEST_MARK=" + t.Name() + dir}
	m.do("new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height), line)
	t.Cleanup(func() { _ = m.command("kill-server").Run() }) // it may be gone
	return m
}

func (m *tmux) command(args ...string) *exec.Cmd {
	cmd := exec.Command("tmux", append([]string{"-f", os.DevNull, "-S", filepath.Join(m.dir, "s")}, args...)...)
	cmd.Dir = m.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "NO_COLOR=", "TMUX=", m.mark)
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

// shows waits until the screen has all texts.
func (m *tmux) shows(texts ...string) string {
	m.t.Helper()
	var screen string
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		screen = m.screen()
		missing := ""
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				missing = text
			}
		}
		if missing == "" {
			return screen
		}
		if time.Now().After(end) {
			m.t.Fatalf("after 20 s the screen does not show %q:\n%s", missing, screen)
		}
	}
}

// press types keys by tmux's names and waits until the screen shows what they lead to.
func (m *tmux) press(key string, texts ...string) {
	m.t.Helper()
	m.do("send-keys", key)
	m.shows(texts...)
}

// TestProofTmux runs the dashboard where users have it: the card from start to end, every
// key, other sizes in the middle, and the terminal killed in the middle of another run.
func TestProofTmux(t *testing.T) {
	proof(t)
	command := buildCommand(t)
	for _, size := range [][2]int{{80, 24}, {160, 45}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			m := newTmux(t, size[0], size[1], "stty -g >before; "+command+" dashboard -d 150ms --rounds 1; echo left with $?; stty -g >after; "+
				command+" dashboard -d 150ms --rounds 100 --out second; echo not killed; sleep 100")
			cardToTheEnd(t, m, size[0], size[1])
			everyKey(t, m)
			leaveAfterTheEnd(t, m)
			killedInTheMiddle(t, m)
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

// everyKey presses each key of the help once. What it leads to is waited for; keys that
// move something have been pressed when the next is answered.
func everyKey(t *testing.T, m *tmux) {
	t.Helper()
	for _, k := range []struct{ key, shows string }{
		{"?", "Esc q ? close"},
		{"Escape", "? help"},
		{"F1", "Esc q ? close"},
		{"F1", "? help"},
		{"Tab", "time"},
		{"BTab", "percentiles"},
		{"Enter", "percentiles"},
		{"x", "over time"}, // it is zoomed by now: the row that Escape is waited for by is hidden
		{"Escape", ">1"},
		{"Down", ">2"},
		{"j", ">3"},
		{"k", ">2"},
		{"Up", ">1"},
		{"End", ">7"},
		{"Home", ">1"},
		{"1", ">1"},
		{"1", ">1"},
		{"g", "keepalive"},
		{"g", "keepalive"},
		{"g", "close"},
		{"s", "largest first"},
		{"S", "smallest first"},
		{"/", "/"},
		{"x", "/x"},
		{"Escape", ">"},
		{"d", "differences to"},
		{"x", "over time"},
		{"l", "l"},
		{"p", "no run goes on"},
		{"n", "no run goes on"},
		{"c", "no run goes on"},
		{"f", "FROZEN"},
		{"f", "done ─"},
		{"[", "cannot be wound"},
		{"Down", "help"},
		{"]", "cannot be wound"},
		{"Down", "help"},
		{"{", "cannot be wound"},
		{"Down", "help"},
		{"}", "cannot be wound"},
		{"+", "time axis"},
		{"Down", "help"},
		{"-", "time axis"},
		{"t", "theme"},
		{"Down", "help"},
		{"t", "theme"},
		{"a", "+-"},
		{"a", "┌─"},
		{"e", "written: "}, // Q is pressed when all is seen
	} {
		m.press(k.key, k.shows)
	}
	text, err := os.ReadFile(filepath.Join(m.dir, "c10kit-screen-1.txt"))
	if err != nil || !strings.Contains(string(text), "req/s") {
		t.Errorf("the export: %v\n%s", err, text)
	}
	// A run of the form, to be paused, shortened, asked about and stopped.
	m.press("o", "a new run")
	m.press("Enter", "left ~")
	m.press("p", "pauses before the next cell")
	m.press("p", "the run goes on")
	m.press("q", "A run goes on.")
	m.press("x", "help")
	m.press("c", "Stop the run and keep")
	m.press("x", "help")
	m.press("n", "is left out")
	m.shows("done ─")
	runs, _ := filepath.Glob(filepath.Join(m.dir, runsFolder, "*"))
	stored, err := results.Open(runs[len(runs)-1])
	if err != nil || len(runs) != 2 {
		t.Fatalf("%v, %v", runs, err)
	}
	if w := strings.Join(stored.Manifest.Warnings, "\n"); !strings.Contains(w, "left out on request") || len(stored.Results) == 14 {
		t.Errorf("warnings %q, %d results", w, len(stored.Results))
	}
}

// leaveAfterTheEnd leaves by Q, which leaves the screen as text.
func leaveAfterTheEnd(t *testing.T, m *tmux) {
	t.Helper()
	m.do("send-keys", "Q")
	until(t, "the command ends", func() bool {
		after, _ := os.ReadFile(filepath.Join(m.dir, "after"))
		return len(after) > 0
	})
	before, _ := os.ReadFile(filepath.Join(m.dir, "before"))
	after, _ := os.ReadFile(filepath.Join(m.dir, "after"))
	if string(before) != string(after) {
		t.Errorf("the terminal's settings are %q, they were %q", after, before)
	}
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

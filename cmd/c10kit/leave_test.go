package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/c10kit/c10kit/bench"
	"github.com/c10kit/c10kit/dashboard"
	"github.com/c10kit/c10kit/results"
)

// Leaving at once does not wait for a run that does not end: its folder is closed as that
// of one that was interrupted.
func TestLeaveAtOnce(t *testing.T) {
	r, _ := gated(t)
	r.ended = make(chan struct{}) // never closed
	c := &controller{runs: []*liveRun{r}}
	if err := c.end(dashboard.ErrAtOnce); !errors.Is(err, errInterrupted) {
		t.Errorf("%v, want %v", err, errInterrupted)
	}
	stored, err := results.Open(r.folder.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if !stored.Manifest.Interrupted || stored.Manifest.End.IsZero() {
		t.Errorf("interrupted %v, ended %v", stored.Manifest.Interrupted, stored.Manifest.End)
	}
}

// What is wrong with a choice is said with the name that the form has for it.
func TestChoiceIsRefusedInWordsOfTheForm(t *testing.T) {
	c, err := newController(bench.Plan{Models: []string{"iterative"}}.Default(), false, &planFlags{out: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*dashboard.Choice){
		"conns 0":      func(c *dashboard.Choice) { c.Conns = []int{0} },
		"window 1ms":   func(c *dashboard.Choice) { c.Window = 1e6 },
		"rounds -1":    func(c *dashboard.Choice) { c.Rounds = -1 },
		"placement \"": func(c *dashboard.Choice) { c.Placement = "nowhere" },
	} {
		choice := c.choice()
		choice.Placement = results.PlacementShared
		change(&choice)
		err := c.Start(choice, dashboard.NewFeed())
		var wrong *dashboard.SettingError
		if setting, _, _ := strings.Cut(name, " "); !errors.As(err, &wrong) || wrong.Setting != setting || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%v, want %s… of that setting", err, name)
		}
	}
}

// Where --export cannot be written to is said before a run, not at its end.
func TestExportFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, file + "-not"} {
		for command, what := range map[string]string{"dashboard": "reactor", "replay": "any"} {
			var talk strings.Builder
			code := run(context.Background(), []string{command, what, "--export", dir}, &talk, &talk)
			if code != exitUsage || !strings.Contains(talk.String(), "--export") {
				t.Errorf("%s --export %s: exit %d, %s", command, dir, code, talk.String())
			}
		}
	}
}

// ^Z and SIGTSTP give the terminal back to the shell as it was, and fg gives it to the
// dashboard again. The cell that was measured is measured to its end before.
func TestDashboardSuspend(t *testing.T) {
	for name, ask := range map[string]func(*terminal){
		"key": func(p *terminal) { p.keys("\x1a") },
		"signal": func(p *terminal) {
			if err := syscall.Kill(commandPID(p.t, p.mark), syscall.SIGTSTP); err != nil {
				p.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A shell, as only one that shares the session can let the dashboard go on.
			p := onTerminal(t, 100, 30, byShell(t, `set -m; `+commandName+
				` dashboard reactor iterative -c 4 -d 100ms --rounds 100 --placement shared; echo stopped with $?; read line; fg; echo left with $?`))
			until(t, "a cell is measured", func() bool { return measured(p.cmd.Dir) })
			p.wait("req/s")
			ask(p)
			p.wait("stopped with 150") // 128 + SIGTTOU, the dashboard's way to stop
			if after := p.termios(); after != p.before {
				t.Errorf("the shell gets the settings %+v, it had %+v", after, p.before)
			}
			shown := p.text()
			for _, sequence := range []string{"\x1b[?1049l", "\x1b[?25h", "\x1b[?1002l", "\x1b[?2004l"} {
				if !strings.Contains(shown, sequence) {
					t.Errorf("the terminal was not told %q", sequence)
				}
			}
			before := measurements(p.cmd.Dir)
			p.keys("\n")
			until(t, "the screen is drawn anew", func() bool {
				again := p.text()[len(shown):]
				return strings.Contains(again, "req/s") && strings.Contains(again, "\x1b[?1049h") && strings.Contains(again, "\x1b[?1002h")
			})
			until(t, "the run goes on", func() bool { return measurements(p.cmd.Dir) > before })
			if p.termios() == p.before {
				t.Error("the terminal is not the dashboard's again")
			}
			p.forget() // the terminal was restored once already
			p.keys("qy")
			p.wait("left with 130")
			if code := p.exit(); code != exitOK {
				t.Errorf("the shell ends with %d", code)
			}
			p.restored()
			noneLeft(t, p.mark)
			onlyRun(t, p.cmd.Dir)
		})
	}
}

// Under nohup(1) SIGHUP is ignored, and the dashboard goes on.
func TestDashboardNoHangUp(t *testing.T) {
	t.Parallel()
	p := onTerminal(t, 100, 30, byShell(t, `trap "" HUP; exec `+commandName+
		` dashboard reactor -c 4 -d 50ms --rounds 1000 --placement shared`))
	until(t, "a cell is measured", func() bool { return measured(p.cmd.Dir) })
	p.wait("req/s")
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	before := measurements(p.cmd.Dir)
	until(t, "the run goes on, or the command has ended", func() bool { return measurements(p.cmd.Dir) > before+4 || p.over() })
	if p.over() {
		t.Fatal("it has ended by a SIGHUP that was ignored")
	}
	p.keys("qy")
	if code := p.exit(); code != exitInterrupted {
		t.Errorf("exit %d, want %d", code, exitInterrupted)
	}
	p.restored()
}

// Without a shell nobody could let a stopped process go on: it says so and goes on.
func TestDashboardSuspendAlone(t *testing.T) {
	t.Parallel()
	p := newTerminal(t, 160, 45, "dashboard", "reactor", "-c", "2", "-d", "20ms", "--rounds", "1", "--close", "--placement", "shared")
	p.wait("the end: all cells are measured")
	p.keys("\x1a")
	p.wait("there is no shell")
	p.keys("q")
	if code := p.exit(); code != exitOK {
		t.Errorf("exit %d", code)
	}
	p.restored()
}

// commandPID finds the command below a shell.
func commandPID(t *testing.T, mark string) int {
	t.Helper()
	for _, environ := range marked(mark) {
		dir := filepath.Dir(environ)
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil && strings.HasPrefix(string(line), commandName+"\x00dashboard\x00") {
			return pid
		}
	}
	t.Fatal("the command does not run")
	return 0
}

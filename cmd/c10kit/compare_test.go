package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/c10kit/c10kit/results"
)

// TestFailedCells: each cell without a good answer in any round is named once, and so is
// one whose server ended; one of which all rounds were left out is not, and one is judged
// by the rounds that were not.
func TestFailedCells(t *testing.T) {
	cell := func(model string, round int) results.Cell {
		return results.Cell{
			Model: model, App: "http", Path: "/nope", Conns: 4, Mode: results.ModeClose, Closer: results.CloserServer,
			Pipeline: 1, Placement: results.PlacementSplit, Round: round,
		}.Identify()
	}
	s := &results.Stored{Manifest: results.Manifest{Rounds: 2}}
	for round := 1; round <= 2; round++ {
		for _, model := range []string{"good", "404", "slow", "killed", "never", "left out", "bad, then left out"} {
			r := results.Result{Cell: cell(model, round), Requests: 10}
			s.Manifest.Cells = append(s.Manifest.Cells, r.Cell)
			switch {
			case model == "never":
				continue
			case model == "left out", model == "bad, then left out" && round == 2:
				s.Manifest.Skipped = append(s.Manifest.Skipped, r.Cell.ID)
				continue
			case model == "404", model == "bad, then left out", model == "slow" && round == 1:
				r.Requests = 0
			case model == "killed" && round == 2:
				r.Ended = "signal: killed"
			}
			s.Results = append(s.Results, r)
		}
	}
	err := failedCells(s)
	const want = `these cells failed:
  404 close /nope c=4: no request succeeded
  killed close /nope c=4: its server ended before it was asked to: signal: killed
  never close /nope c=4: no request succeeded
  bad, then left out close /nope c=4: no request succeeded`
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	s.Manifest.Cells, s.Results = s.Manifest.Cells[:1], s.Results[:1]
	if err := failedCells(s); err != nil {
		t.Error(err)
	}
}

// TestDashboardFails: the dashboard ends as compare does with a run in which nothing was
// answered well, here in plain mode.
func TestDashboardFails(t *testing.T) {
	code, page, talk := command(t, "dashboard", "reactor", "-c", "4", "--rounds", "1", "--close", "--path", "/nope", "-d", "100ms")
	if code != exitFailed || !strings.Contains(talk, "reactor:epoll close /nope c=4: no request succeeded") {
		t.Errorf("exit %d: %s", code, talk)
	}
	if !strings.Contains(page, "reactor") {
		t.Errorf("no table: %s", page)
	}
}

// killsItself is a server that is killed in the window, however long it took to start: by the
// first request that comes a second after the first of all.
const killsItself = `
import http.server, os, signal, sys, time

class Handler(http.server.SimpleHTTPRequestHandler):
    first = None

    def do_GET(self):
        Handler.first = Handler.first or time.monotonic()
        if time.monotonic() - Handler.first > 1:
            os.kill(os.getpid(), signal.SIGKILL)
        super().do_GET()

    def log_message(self, *args):
        pass

http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
`

// TestCompareFails: a run in which nothing was answered well, or a server was killed, does
// not end as a good one.
func TestCompareFails(t *testing.T) {
	dir := t.TempDir()
	compare := func(args ...string) (code int, stdout, stderr string) {
		var out, talk bytes.Buffer
		args = append([]string{"compare", "-c", "4", "--rounds", "1", "--close", "--out", dir}, args...)
		code = run(context.Background(), args, &out, &talk)
		return code, out.String(), talk.String()
	}
	code, page, talk := compare("reactor", "--path", "/nope", "-d", "100ms")
	if code != exitFailed || !strings.Contains(talk, "reactor:epoll close /nope c=4: no request succeeded") {
		t.Errorf("exit %d: %s", code, talk)
	}
	if !strings.Contains(page, "none") || strings.Contains(page, results.VerdictServerCPU) || !strings.Contains(page, "no request succeeded") {
		t.Errorf("%s", page)
	}
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip(err)
	}
	script := filepath.Join(dir, "server.py")
	if err := os.WriteFile(script, []byte(killsItself), 0o600); err != nil {
		t.Fatal(err)
	}
	killed := "cmd:python3 " + script + " {host} {port}"
	code, page, talk = compare(killed, "-d", "5100ms", "--path", "/")
	if code != exitFailed || !strings.Contains(talk, killed+" close / c=4: its server ended before it was asked to:") {
		t.Errorf("exit %d: %s", code, talk)
	}
	if !strings.Contains(strings.Join(strings.Fields(page), " "), "before it was asked to") { // it is wrapped
		t.Errorf("%s", page)
	}
}

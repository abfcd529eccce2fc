package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/c10kit/c10kit/internal/golden"
)

// recordedRun is the one run that the dashboard's own tests show.
func recordedRun(t *testing.T) string {
	t.Helper()
	runs, err := filepath.Glob("../../dashboard/testdata/*-compare")
	if err != nil || len(runs) != 1 {
		t.Fatalf("recorded runs: %v, %v, want one", runs, err)
	}
	dir, err := filepath.Abs(runs[0])
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// The captures of the documentation are what `c10kit replay` of the recorded run shows at
// its end, with prefork selected, and what the e key writes of it: keys End j j j e. With -update they are made anew.
func TestCaptures(t *testing.T) {
	run := recordedRun(t)
	for _, size := range [][2]int{{80, 24}, {160, 45}} {
		name := fmt.Sprintf("%dx%d", size[0], size[1])
		t.Run(name, func(t *testing.T) {
			p := newTerminal(t, size[0], size[1], "replay", run, "--export", ".")
			p.wait("req/s")
			p.keys("\x1b[F") // End
			p.wait("100%")
			p.keys("jjje")
			p.wait("written: ")
			p.keys("q")
			if code := p.exit(); code != exitOK {
				t.Errorf("exit %d", code)
			}
			p.restored()
			for _, ext := range []string{".txt", ".svg"} {
				got, err := os.ReadFile(filepath.Join(p.cmd.Dir, "c10kit-screen-1"+ext))
				if err != nil {
					t.Fatal(err)
				}
				if ext == ".svg" && size[0] < 160 {
					continue // the documentation has no use for it
				}
				golden.Check(t, "../../../docs/dashboard/"+name+ext, got)
			}
		})
	}
}

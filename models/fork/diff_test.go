package fork_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// The models are small diffs of each other: a student reads what changed, the fork
// that moved before accept, and what a process costs more than a thread.
func TestDiffs(t *testing.T) {
	const most = 60
	for _, pair := range [][2]string{
		{"../../ppc/ppc.go", "../../prefork/prefork.go"},
		{"../../prefork/prefork.go", "../../prethread/prethread.go"},
	} {
		out, err := exec.Command("diff", "-u", pair[0], pair[1]).Output()
		var exit *exec.ExitError
		switch {
		case errors.Is(err, exec.ErrNotFound):
			t.Skip(err)
		case !errors.As(err, &exit) || exit.ExitCode() != 1: // 1: they differ
			t.Fatalf("diff -u %s %s: %v", pair[0], pair[1], err)
		}
		changed := 0
		for line := range strings.Lines(string(out)) {
			head := strings.HasPrefix(line, "+++") || strings.HasPrefix(line, "---")
			if !head && (line[0] == '+' || line[0] == '-') {
				changed++
			}
		}
		t.Logf("%s %s: %d changed lines", pair[0], pair[1], changed)
		if changed > most {
			t.Errorf("diff -u %s %s has %d changed lines, want at most %d", pair[0], pair[1], changed, most)
		}
	}
}

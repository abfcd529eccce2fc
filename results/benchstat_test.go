package results

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/c10kit/c10kit/internal/golden"
)

func TestResultsGolden(t *testing.T) {
	data := written(t, example(t))[resultsFile].Data
	golden.Check(t, "results.txt", bytes.Replace(data, []byte("goarch: arm64\n"), []byte("goarch: amd64\n"), 1))
}

func TestSeriesGolden(t *testing.T) {
	golden.Check(t, "series.ndjson", written(t, example(t))[seriesFile].Data)
}

// TestBenchstat has the program itself read a file of ours: a table per unit
// that was counted, a column per model, rounds as samples.
func TestBenchstat(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here to build benchstat with")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, resultsFile), written(t, example(t))[resultsFile].Data, 0o600); err != nil {
		t.Fatal(err)
	}
	benchstat := filepath.Join(dir, "benchstat")
	if out, err := exec.Command("go", "build", "-o", benchstat, "golang.org/x/perf/cmd/benchstat").CombinedOutput(); err != nil {
		t.Fatalf("build benchstat: %v\n%s", err, out)
	}
	run := func(args ...string) string {
		cmd := exec.Command(benchstat, append(args, filepath.Join(dir, resultsFile))...)
		var out, talk strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &talk
		if err := cmd.Run(); err != nil || strings.Contains(talk.String(), resultsFile) {
			t.Fatalf("benchstat %q: %v\n%s", args, err, talk.String())
		}
		return strings.Replace(out.String(), "goarch: arm64\n", "goarch: amd64\n", 1)
	}
	golden.Check(t, "benchstat.txt", []byte(run("-row", "/mode,/conns", "-col", "/model")))

	counted := len(example(t).Results[0].Values) + 1 // and ns/op
	tables := 0
	for line := range strings.SplitSeq(run("-col", "/model"), "\n") {
		if strings.Contains(line, "vs base") {
			tables++
		}
	}
	if tables != counted {
		t.Errorf("%d tables, want one for each of %d units", tables, counted)
	}
}

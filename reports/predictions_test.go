package reports_test

import (
	"strings"
	"testing"

	"github.com/c10kit/c10kit/internal/golden"
	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
)

// predicted is the standard fixture with predictions of every outcome but undecided.
func predicted(t *testing.T) *results.Stored {
	t.Helper()
	const file = `
[[prediction]]
says = "a loop sleeps more seldom"
metric = "csw-vol/req"
model = "reactor"
direction = "lower"
than = "iterative"

[[prediction]]
metric = "req/s"
model = "reactor"
direction = "higher"
factor = 50
than = "iterative"

[[prediction]]
metric = "p99-ns"
model = "proactor"
direction = "same"
factor = 2
value = 1e6
`
	ps, err := results.ParsePredictions([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	s := fixture(standard, 3)
	s.Predictions, s.Manifest.PredictionHash = ps, results.HashPredictions([]byte(file))
	return s
}

// TestPredictions: the ledger is a section of its own, in text and in JSON.
func TestPredictions(t *testing.T) {
	s := predicted(t)
	all := text(t, s, reports.Options{})
	_, after, ok := strings.Cut(all, "\npredictions: ")
	if !ok {
		t.Fatalf("no predictions in\n%s", all)
	}
	section, _, _ := strings.Cut(after, "\n\n")
	golden.Check(t, "predictions.txt", []byte("predictions: "+section+"\n"))

	var b strings.Builder
	if err := reports.JSON(&b, s); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"predictions": [`, `"state": "held"`, `"state": "refuted"`, `"state": "unmeasured"`, `"reason": "no cell of proactor was measured"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in the JSON", want)
		}
	}
	if strings.Contains(text(t, fixture(standard, 3), reports.Options{}), "prediction") {
		t.Error("a run without predictions speaks of them")
	}
}

package dashboard

import (
	"strings"
	"testing"

	"github.com/c10kit/c10kit/internal/golden"
	"github.com/c10kit/c10kit/results"
)

const predictions = `
[[prediction]]
says = "a process for each connection costs ten times a thread"
metric = "cpu-ns/req"
model = "ppc"
direction = "higher"
factor = 10
than = "tpc"
where = { mode = "close" }

[[prediction]]
metric = "csw-vol/req"
model = "reactor"
direction = "lower"
than = "prethread"

[[prediction]]
metric = "req/s"
model = "proactor"
direction = "higher"
than = "reactor"
`

// predicting is played of a run of which all that was predicted.
func predicting(t *testing.T, width, height int, part float64) *dash {
	t.Helper()
	ps, err := results.ParsePredictions([]byte(predictions))
	if err != nil {
		t.Fatal(err)
	}
	d := played(t, width, height, part)
	r := recording(t)
	r.Predictions, r.Manifest.PredictionHash = ps, results.HashPredictions([]byte(predictions))
	d.show(r, nil)
	d.seek(func(p *player) { p.seekPart(part) })
	return d
}

// TestLedger: what was predicted stands on the screen from the beginning, and what became
// of it as soon as there are results.
func TestLedger(t *testing.T) {
	joined := func(d *dash) string {
		var lines []string
		for _, l := range d.story.predictions() {
			lines = append(lines, l.Text)
		}
		return strings.Join(lines, "\n")
	}
	if got := joined(played(t, 160, 45, 1)); got != "" {
		t.Errorf("a run without predictions: %s", got)
	}
	begin := joined(predicting(t, 160, 45, 0))
	for _, want := range []string{"predictions: 3 unmeasured (sha256 ", "P1 not yet: a process for each", "P2 not yet: reactor csw-vol/req is lower than prethread"} {
		if !strings.Contains(begin, want) {
			t.Errorf("no %q at the beginning:\n%s", want, begin)
		}
	}
	d := predicting(t, 160, 45, 1)
	end := joined(d)
	stored := open(t)
	for _, o := range results.Judge(d.story.Predictions, stored.Results) {
		if want := strings.ToUpper(o.State) + ": " + o.Prediction.String(); !strings.Contains(end, want) {
			t.Errorf("no %q at the end:\n%s", want, end)
		}
	}
	if strings.Contains(end, "not yet") || !strings.Contains(end, "P3 UNMEASURED: proactor") {
		t.Errorf("a run that has ended:\n%s", end)
	}
	golden.Check(t, "state/predictions.txt", []byte(plainView(d)))
}

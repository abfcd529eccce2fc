package dashboard

import (
	"strings"
	"testing"

	"github.com/c10kit/c10kit/results"
)

// storyOf is the story of rounds that were measured one after the other.
func storyOf(rounds ...results.Result) *story {
	s := newStory(Head{Manifest: results.Manifest{Start: start, Rounds: 1}})
	for i, x := range rounds {
		s.fold(results.Event{At: start, Kind: results.EventBegin, Cell: x.Cell, Done: i, Total: len(rounds)})
		s.fold(results.Event{At: start, Kind: results.EventResult, Cell: x.Cell, Result: &x, Done: i + 1, Total: len(rounds)})
	}
	return s
}

// resultOf is a round of a model with what it measured.
func resultOf(model string, workers, round int, values map[results.Metric]float64) results.Result {
	c := cellOf(model, "", 8)
	c.Workers, c.Round = workers, round
	x := results.Result{Cell: c.Identify(), Requests: 1000}
	for m, v := range values {
		x.Set(m, v)
	}
	return x
}

// joinedText are the details as one text.
func joinedText(d *dash) string {
	var lines []string
	for _, l := range d.details() {
		lines = append(lines, l.Text)
	}
	return strings.Join(lines, "\n")
}

// TestTreeSwitches: switches of a whole tree are marked wherever they stand, and the row says
// what the mark means and how far off they may be.
func TestTreeSwitches(t *testing.T) {
	d := newDash(&fakeRun{}, look{}, DefaultFPS)
	d.story = storyOf(
		resultOf("peer", results.WorkersTree, 1, map[results.Metric]float64{
			results.ReqPerSec: 5, results.CswVoluntary: 1.5, results.CswInvoluntary: 0.25, results.CswError: 0.5,
		}),
		resultOf("reactor", 1, 1, map[results.Metric]float64{
			results.ReqPerSec: 5, results.CswVoluntary: 2.5, results.CswInvoluntary: 0.75, results.CswError: 0.001,
		}),
	)
	d.resize(160, 45)
	got := plainView(d)
	for _, want := range []string{"1.50* 0.25* ", "1.50*+0.25* rt –", "2.50  0.75 ", "2.50+0.75 rt –"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for _, want := range []string{"* switches of the whole process tree", "together: ±0.5 a request"} {
		if text := joinedText(d); !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	press(d, "down")
	if text := joinedText(d); strings.Contains(text, "tree") || strings.Contains(text, "±") {
		t.Errorf("of workers, and an error of nothing:\n%s", text)
	}
}

// TestLosses: what the accept queue dropped and TCP sent again is told, of all rounds.
func TestLosses(t *testing.T) {
	d := newDash(&fakeRun{}, look{}, DefaultFPS)
	d.story = storyOf(
		resultOf("ppc", 1, 1, map[results.Metric]float64{results.Overflows: 0, results.Retransmits: 7}),
		resultOf("ppc", 1, 2, map[results.Metric]float64{results.Overflows: 3, results.Retransmits: 1}),
	)
	d.resize(100, 30)
	if text := joinedText(d); !strings.Contains(text, "3 dropped by a full accept queue, 8 TCP segments sent again") {
		t.Errorf("nothing is lost in\n%s", text)
	}
}

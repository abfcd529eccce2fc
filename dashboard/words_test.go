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

// TestPages: PgUp, PgDn, Home and End go through a zoomed text, and of a log from its end; the
// replay stays where it is.
func TestPages(t *testing.T) {
	d := played(t, 80, 20, 1)
	press(d, "shift+tab", "enter")
	end := plainView(d)
	press(d, "home")
	begin := plainView(d)
	if begin == end || d.player.part() != 1 {
		t.Fatalf("Home leads to part %v of the run and shows\n%s", d.player.part(), begin)
	}
	if press(d, "home", "pgup"); plainView(d) != begin {
		t.Errorf("before the first line:\n%s", d.grid.Plain())
	}
	seen := strings.Split(begin, "\n")
	for range 20 {
		press(d, "pgdown")
		lines := strings.Split(plainView(d), "\n")
		if d.grid.Plain() != end && lines[1] != seen[len(seen)-4] {
			t.Fatalf("after a page that ends in %q comes %q", seen[len(seen)-4], lines[1])
		}
		seen = lines
	}
	if plainView(d) != end {
		t.Errorf("PgDn does not lead to the end:\n%s", d.grid.Plain())
	}
	press(d, "home", "end")
	if plainView(d) != end {
		t.Errorf("End is\n%s", d.grid.Plain())
	}
	press(d, "shift+tab") // verdicts
	top := plainView(d)
	if press(d, "end", "pgup", "home"); plainView(d) != top {
		t.Errorf("Home of the verdicts is\n%s", d.grid.Plain())
	}
	// The table goes by the rows that are seen of it.
	d = played(t, 60, 15, 1)
	plainView(d)
	press(d, "pgdown")
	if got := d.row(); got != d.rows()[5] {
		t.Errorf("a page of 6 rows leads to %s", got.spec)
	}
	if press(d, "pgdown"); d.row() != d.rows()[6] {
		t.Errorf("another one leads to %s", d.row().spec)
	}
}

// TestWideText: text without blanks, twice as wide as it has characters, is read to its end.
func TestWideText(t *testing.T) {
	d := newDash(&fakeRun{}, look{}, DefaultFPS)
	x := resultOf("ppc", 1, 1, nil)
	x.Notes = []string{strings.Repeat("連線被重設", 20) + "完"}
	d.story = storyOf(x)
	d.resize(80, 24)
	press(d, "shift+tab", "shift+tab", "enter")
	if got := plainView(d); !strings.Contains(got, "完") || strings.Count(got, "設") != 20 {
		t.Errorf("cut off in\n%s", got)
	}
}

// TestWideTitle: what a pane shows stands at the right end of the line of tabs, by its columns.
func TestWideTitle(t *testing.T) {
	d := newDash(&fakeRun{}, look{}, DefaultFPS)
	d.story = storyOf(resultOf("伺服器", 1, 1, nil))
	d.resize(118, 24)
	d.focus = paneHeat
	if got := plainView(d); !strings.Contains(got, " latency heat map of 伺服器 ─┤") {
		t.Errorf("not at the end of its line:\n%s", got)
	}
}

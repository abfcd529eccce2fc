package dashboard

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/c10kit/c10kit/results"
)

// TestSort: s goes through the columns that are on the screen and no others, the header
// says which and which way, what is not known comes last either way, and the selected row
// stays the one that it was.
func TestSort(t *testing.T) {
	d := played(t, 80, 24, 0.7)
	plainView(d)
	row := d.row()
	for range 20 {
		press(d, "s")
		if d.sort < 0 {
			break
		}
		name := columns[d.sort].name
		if !strings.Contains(plainView(d), name+"▼") || !strings.Contains(d.status, name) {
			t.Errorf("sorted by %s, which is not seen in\n%s", name, d.grid.Plain())
		}
		checkOrder(t, d)
		press(d, "S")
		if !strings.Contains(plainView(d), name+"▲") || !strings.Contains(d.status, "smallest first") {
			t.Errorf("the other way round is not seen in\n%s", d.grid.Plain())
		}
		checkOrder(t, d)
		if d.row() != row {
			t.Errorf("sorted by %s, %s is selected instead of %s", name, d.row().spec, row.spec)
		}
		press(d, "S")
	}
	if d.sort >= 0 {
		t.Error("s does not come back to the order of the run")
	}
	press(d, "S")
	if rows := d.rows(); rows[len(rows)-1] != d.groupNow().rows[0] || d.row() != row {
		t.Error("the order of the run is not turned")
	}
	d.look.ascii = true
	d.grid.SetCharset(d.look.charset())
	press(d, "S", "s")
	if !strings.Contains(plainView(d), columns[d.sort].name+"v") {
		t.Errorf("no arrow in ASCII:\n%s", d.grid.Plain())
	}
}

func checkOrder(t *testing.T, d *dash) {
	t.Helper()
	c := columns[d.sort]
	var before figure
	for i, r := range d.rows() {
		f := c.value(r)
		switch {
		case i == 0:
		case f.known && !before.known:
			t.Errorf("%s: %s is known and comes behind what is not", c.name, r.spec)
		case f.known && d.reverse && f.value < before.value, f.known && !d.reverse && f.value > before.value:
			t.Errorf("%s: %v comes behind %v", c.name, f.value, before.value)
		}
		before = f
	}
}

// TestSortedIsShown: what the table is sorted by stays on the screen when that gets narrower.
func TestSortedIsShown(t *testing.T) {
	d := played(t, 200, 60, 1)
	for i := range columns {
		c := &columns[i]
		if c.value == nil {
			continue
		}
		d.sort, d.reverse = i, false
		d.resize(60, 15)
		if got := plainView(d); !strings.Contains(got, " "+c.name+"▼ ") {
			t.Errorf("sorted by %s, which is not seen in\n%s", c.name, got)
		}
	}
}

// TestBaseIsShown: asking for a base brings the column of differences, in a narrow window
// too.
func TestBaseIsShown(t *testing.T) {
	d := played(t, 80, 24, 1)
	if strings.Contains(plainView(d), " diff ") {
		t.Fatal("the column is there anyway: the test shows nothing")
	}
	if press(d, "d"); !strings.Contains(plainView(d), " diff ") || !strings.Contains(d.grid.Plain(), " base ") {
		t.Errorf("no differences in\n%s", d.grid.Plain())
	}
}

// TestThisBase: b makes the selected row the base, and d goes on from there.
func TestThisBase(t *testing.T) {
	d := played(t, 160, 45, 1)
	press(d, "down", "down", "down", "b")
	if base := d.baseOf(d.rows()[0]); base != d.row() || !strings.Contains(plainView(d), "to prefork:accept, ~") {
		t.Errorf("the base is %s in\n%s", base.spec, d.grid.Plain())
	}
	if press(d, "d"); d.baseName() != "prethread:accept" {
		t.Errorf("the next base is %s", d.baseName())
	}
}

// manyModels is a story of n models of which a round is measured.
func manyModels(n int) *story {
	var rounds []results.Result
	for i := range n {
		values := map[results.Metric]float64{results.ReqPerSec: float64(100 * (i + 1)), results.P99: 1e6, results.Errors: 0}
		rounds = append(rounds, resultOf(fmt.Sprintf("model%d", i), 1, 1, values))
	}
	return storyOf(rounds...)
}

// TestToggleRow: Space hides and shows the selected model, of more than nine too.
func TestToggleRow(t *testing.T) {
	d := newDash(&fakeRun{}, look{}, DefaultFPS)
	d.story = manyModels(12)
	d.resize(100, 30)
	press(d, "end", " ")
	if got := d.drawn(); len(got) != 11 || !d.hidden["model11"] {
		t.Errorf("%d of 12 are drawn, hidden %v", len(got), d.hidden)
	}
	if press(d, " "); len(d.drawn()) != 12 {
		t.Errorf("hidden %v", d.hidden)
	}
}

// TestFilterIsSeen after it is kept.
func TestFilterIsSeen(t *testing.T) {
	d := played(t, 80, 24, 1)
	press(d, "/", "p", "r", "e", "enter")
	if !strings.Contains(plainView(d), " /pre ") {
		t.Errorf("nothing says why models are missing:\n%s", d.grid.Plain())
	}
}

// TestStatusGoes after three seconds, and at a click.
func TestStatusGoes(t *testing.T) {
	d := played(t, 80, 24, 1)
	at := start
	pass := func(by time.Duration) { at = at.Add(by); d.Update(tick(at)) }
	pass(0)
	press(d, "t")
	pass(time.Second)
	if pass(time.Second); !strings.Contains(plainView(d), "theme") {
		t.Fatalf("no answer in\n%s", d.grid.Plain())
	}
	pass(2 * time.Second)
	if !d.dirty || strings.Contains(plainView(d), "theme") {
		t.Errorf("the answer stays in\n%s", d.grid.Plain())
	}
	press(d, "t")
	d.mouse(click(40, 20))
	if strings.Contains(plainView(d), "theme") {
		t.Errorf("a click leaves the answer in\n%s", d.grid.Plain())
	}
}

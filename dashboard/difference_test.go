package dashboard

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/c10kit/c10kit/dashboard/screen"
	"github.com/c10kit/c10kit/results"
)

// rowOf is a row with a round for each value of req/s.
func rowOf(values ...float64) *row {
	r := newRow(results.Cell{Model: "x"})
	for i, v := range values {
		x := results.Result{Cell: results.Cell{Model: "x", Round: i + 1}.Identify(), Requests: 1}
		x.Set(results.ReqPerSec, v)
		r.result(x, nil)
	}
	return r
}

func TestDifference(t *testing.T) {
	for name, c := range map[string]struct {
		a, b  *row
		short string
		long  string // its end
	}{
		"apart, four rounds":  {rowOf(200, 210, 220, 230), rowOf(100, 105, 110, 115), "+100%", "p=0.029 n=4"},
		"apart, three rounds": {rowOf(200, 210, 220), rowOf(100, 105, 110), "~+100%", "not claimed: 4 rounds are needed"},
		"overlap":             {rowOf(90, 140, 150, 200), rowOf(95, 141, 149, 210), "~+0%", "do not tell them apart"},
		"one round":           {rowOf(50), rowOf(100), "~-50%", "p=1.000 n=1, not claimed: 4 rounds are needed"},
		"3 of 5 rounds":       {rowOf(1, 2, 3), rowOf(4, 5, 6, 7, 8), "-67%", "p=0.036 n=3+5"}, // 2 of 56 orders
	} {
		x := columnOf(results.ReqPerSec).compare(c.a, c.b)
		if x.short() != c.short {
			t.Errorf("%s: %q %s, want %q", name, x.short(), x.reason, c.short)
		}
		if got := x.sentence("y"); !strings.HasSuffix(got, c.long) {
			t.Errorf("%s: %q, want it to end in %q", name, got, c.long)
		}
		if bold := x.style()&screen.Strong != 0; bold != x.claimed() || x.claimed() == (c.short[0] == '~') {
			t.Errorf("%s: bold %v, claimed %v", name, bold, x.claimed())
		}
	}
	for reason, c := range map[string][2]*row{
		"there is nothing to compare with": {rowOf(200), nil},
		"not measured yet":                 {rowOf(), rowOf(100)},
		"the base: not measured yet":       {rowOf(100), rowOf()},
		"the base's is 0":                  {rowOf(1, 2), rowOf(0, 0)},
	} {
		x := columnOf(results.ReqPerSec).compare(c[0], c[1])
		if x.reason != reason || x.claimed() || x.short() != noValue || x.long() != noValue {
			t.Errorf("%+v, want %q", x, reason)
		}
		if got := x.sentence("y"); got != "req/s: no difference to y: "+reason {
			t.Errorf("%q", got)
		}
	}
}

// TestFalseClaims: rounds of one and the same server differ in few of many comparisons.
func TestFalseClaims(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const tries = 200
	for rounds := 1; rounds <= 5; rounds++ {
		claims := 0
		for range tries {
			all := make([]float64, 2*rounds)
			for i := range all {
				all[i] = 1000 + 50*random.NormFloat64()
			}
			if columnOf(results.ReqPerSec).compare(rowOf(all[:rounds]...), rowOf(all[rounds:]...)).claimed() {
				claims++
			}
		}
		// 5% of 200 with three standard deviations, 9.
		if claims > 19 {
			t.Errorf("%d rounds: %d of %d comparisons of equals claim a difference", rounds, claims, tries)
		}
	}
}

// TestComparedMetric: differences are of the column by which the table is sorted.
func TestComparedMetric(t *testing.T) {
	d := played(t, 160, 45, 1)
	if d.compared().metric != results.ReqPerSec {
		t.Errorf("unsorted: %s", d.compared().name)
	}
	d.sortBy(columnOf(results.P99))
	got := plainView(d)
	if d.compared().metric != results.P99 || !strings.Contains(got, "diff: p99-ns to") {
		t.Errorf("sorted by p99 differences are of %s:\n%s", d.compared().name, got)
	}
}

// TestUnlikeRuns: a run of 400 ms windows against one of a second is warned of, on the screen
// and without one.
func TestUnlikeRuns(t *testing.T) {
	a, b := recording(t), recording(t)
	a.Manifest.Window = 400 * time.Millisecond
	a.Manifest.Kernel = "9.9.9\x1b[31m"
	d := newDash(nil, look{}, DefaultFPS)
	d.show(a, &b)
	d.resize(80, 24)
	d.seek(func(p *player) { p.seekPart(1) })
	if got := plainView(d); !strings.Contains(got, "! the runs differ in more than what is compared: window 400ms, base 1s") {
		t.Errorf("no warning in\n%s", got)
	}
	press(d, "shift+tab", "shift+tab", "enter")
	screen := strings.Join(strings.Fields(strings.NewReplacer("│", " ", "┃", " ").Replace(plainView(d))), " ")
	var page bytes.Buffer
	if err := Differences(&page, a, b, true); err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"screen": screen, "page": page.String()} {
		for _, want := range []string{"window 400ms, base 1s", "kernel 9.9.9?[31m, base ", "run", "base", recorded, "seed"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", where, want, text)
			}
		}
	}
	// The same rounds differ in nothing.
	if strings.Contains(page.String(), " -0%") || !strings.Contains(page.String(), "~+0% p=1.000 n=2") {
		t.Errorf("a run differs from itself:\n%s", page.String())
	}
}

// TestUnlikeIsEmpty: runs under the same conditions are not warned of.
func TestUnlikeIsEmpty(t *testing.T) {
	a := recording(t).Manifest
	b := a
	b.Seed, b.Start, b.Name = a.Seed+1, a.Start.Add(time.Hour), "other"
	if got := unlike(a, b); len(got) != 0 {
		t.Errorf("%q", got)
	}
	if got := percentText(math.Copysign(0, -1)); got != "+0%" {
		t.Errorf("minus nothing is %q", got)
	}
}

// values are a round's of a row of one model.
func values(round int, more map[results.Metric]float64) results.Result {
	return resultOf("x", 1, round, more)
}

// TestColumnsOwnFigure: what is held against each other is what the column shows: errors in
// sum, memory for each connection.
func TestColumnsOwnFigure(t *testing.T) {
	m := func(errors, pss float64) map[results.Metric]float64 {
		return map[results.Metric]float64{results.Errors: errors, results.PSS: pss}
	}
	a := storyOf(values(1, m(0, 800)), values(2, m(0, 800)), values(3, m(6, 800))).rows[0]
	b := storyOf(values(1, m(1, 1600)), values(2, m(1, 1600)), values(3, m(2, 1600))).rows[0]
	errors := columnOf(results.Errors).compare(a, b)
	if want := "errors 6, y 4: ~+50% p="; !strings.HasPrefix(errors.sentence("y"), want) {
		t.Errorf("%q, want %q", errors.sentence("y"), want)
	}
	memory := columnOf(results.PSS).compare(a, b)
	if want := "pss-bytes a connection 100B, y 200B: ~-50% p="; !strings.HasPrefix(memory.sentence("y"), want) {
		t.Errorf("%q, want %q", memory.sentence("y"), want)
	}
	few := storyOf(values(1, m(1, 1))).rows[0]
	if x := columnOf(results.Errors).compare(a, few); x.reason != "sums of 3 and of 1 rounds" {
		t.Errorf("%+v", x)
	}
	// The column other says the same.
	d := newDash(nil, look{}, DefaultFPS)
	d.story, d.other = &story{rows: []*row{a}}, &story{rows: []*row{b}}
	for metric, want := range map[results.Metric]string{results.Errors: "4", results.PSS: "200B"} {
		d.sortBy(columnOf(metric))
		if got, _ := d.otherText(a); got != want {
			t.Errorf("other by %s is %q, want %q", metric, got, want)
		}
	}
}

// TestNoDifferenceOfUnknown: where the figure is a dash, so is the difference, on the screen and
// in the page.
func TestNoDifferenceOfUnknown(t *testing.T) {
	refusing := values(1, map[results.Metric]float64{results.ReqPerSec: 10, results.P50: 1000})
	refusing.Requests = 0
	serving := values(1, map[results.Metric]float64{results.ReqPerSec: 10, results.P50: 3000})
	a, b := storyOf(refusing).rows[0], storyOf(serving).rows[0]
	if x := columnOf(results.P50).compare(a, b); x.reason != noSuccess {
		t.Errorf("%+v", x)
	}
	if x := columnOf(results.P50).compare(b, a); x.reason != "the base: "+noSuccess {
		t.Errorf("%+v", x)
	}
	of := func(x results.Result) Recording {
		events := []results.Event{{Kind: results.EventBegin, Cell: x.Cell}, {Kind: results.EventResult, Cell: x.Cell, Result: &x}}
		return Recording{Events: events}
	}
	var page bytes.Buffer
	if err := Differences(&page, of(refusing), of(serving), true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"~+0% p=1.000 n=1  -  ", "p50-ns of x close / c=8: " + noSuccess} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q in\n%s", want, page.String())
		}
	}
}

// TestTreeIsNoWorker: switches of a whole tree are not held against those of workers; of two
// trees they are.
func TestTreeIsNoWorker(t *testing.T) {
	m := map[results.Metric]float64{results.CswVoluntary: 2, results.CPUPerReq: 5}
	rows := storyOf(resultOf("a", results.WorkersTree, 1, m), resultOf("b", results.WorkersTree, 1, m), resultOf("c", 2, 1, m)).rows
	for _, c := range []struct {
		metric  results.Metric
		a, b    *row
		compare bool
	}{
		{results.CswVoluntary, rows[0], rows[1], true},
		{results.CswVoluntary, rows[0], rows[2], false},
		{results.CswVoluntary, rows[2], rows[0], false},
		{results.CPUPerReq, rows[0], rows[2], true},
	} {
		if x := columnOf(c.metric).compare(c.a, c.b); x.known() != c.compare {
			t.Errorf("%s of %s and %s: %+v", c.metric, c.a.spec, c.b.spec, x)
		}
	}
}

// TestNoSuchCell: of a cell that the base run has otherwise only it is said what is otherwise.
func TestNoSuchCell(t *testing.T) {
	a, b := recording(t), recording(t)
	for i := range b.Events {
		e := &b.Events[i]
		e.Cell.Workers, e.Cell.Placement = 77, results.PlacementShared
		e.Cell = e.Cell.Identify()
	}
	b.Manifest.Cells = nil
	d := newDash(nil, look{}, DefaultFPS)
	d.show(a, &b)
	d.resize(100, 30)
	d.seek(func(p *player) { p.seekPart(1) })
	plainView(d)
	want := fmt.Sprintf("the base run has no such cell (it differs in workers %d, base 77, placement split, base shared)", d.row().cell.Workers)
	if text := joinedText(d); !strings.Contains(text, want) {
		t.Errorf("no %q in\n%s", want, text)
	}
	var page bytes.Buffer
	if err := Differences(&page, a, b, true); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), want) {
		t.Errorf("no %q in\n%s", want, page.String())
	}
	if got := d.other.lacks(results.Cell{Model: "proactor"}); got != "the base run has no such cell" {
		t.Errorf("%q", got)
	}
}

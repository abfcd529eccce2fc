package dashboard

import (
	"bytes"
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
		x, ok := c.a.compare(c.b, results.ReqPerSec)
		if !ok || x.short() != c.short {
			t.Errorf("%s: %q %v, want %q", name, x.short(), ok, c.short)
		}
		if got := x.sentence(results.ReqPerSec, "y"); !strings.HasSuffix(got, c.long) {
			t.Errorf("%s: %q, want it to end in %q", name, got, c.long)
		}
		if bold := x.style(results.ReqPerSec)&screen.Strong != 0; bold != x.claimed() || x.claimed() == (c.short[0] == '~') {
			t.Errorf("%s: bold %v, claimed %v", name, bold, x.claimed())
		}
	}
	for name, c := range map[string][2]*row{
		"no base":    {rowOf(200), nil},
		"no results": {rowOf(), rowOf(100)},
		"base is 0":  {rowOf(1, 2), rowOf(0, 0)},
	} {
		if x, ok := c[0].compare(c[1], results.ReqPerSec); ok {
			t.Errorf("%s: %+v", name, x)
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
			if x, ok := rowOf(all[:rounds]...).compare(rowOf(all[rounds:]...), results.ReqPerSec); ok && x.claimed() {
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
	if d.compared() != results.ReqPerSec {
		t.Errorf("unsorted: %s", d.compared())
	}
	for i := range columns {
		if columns[i].metric == results.P99 {
			d.sortBy(&columns[i])
		}
	}
	got := plainView(d)
	if d.compared() != results.P99 || !strings.Contains(got, "diff: p99-ns to") {
		t.Errorf("sorted by p99 differences are of %s:\n%s", d.compared(), got)
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

package dashboard

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/c10kit/c10kit/results"
)

// TestProgressIsSeen: how far the run is, the clock and what is unusual about the screen
// stand in every view, however narrow.
func TestProgressIsSeen(t *testing.T) {
	for _, size := range [][2]int{{60, 15}, {80, 24}} {
		for _, part := range []float64{0.3, 0.7, 1} {
			d := played(t, size[0], size[1], part)
			d.player.paused, d.frozen = true, true
			for g := range d.story.groups {
				for p := range paneCount {
					for _, zoom := range []bool{false, true} {
						d.group, d.focus, d.zoom, d.filter = g, p, zoom, ""
						if p == paneTime {
							d.filter = strings.Repeat("x", 100)
						}
						line, _, _ := strings.Cut(plainView(d), "\n")
						want := fmt.Sprintf("%d/%d %s", d.story.done, d.story.total, clock(d.story.elapsed(d.clockNow())))
						if !strings.Contains(line, want) || !strings.Contains(line, " PAUSED FROZEN ") {
							t.Fatalf("%v, zoom %v: %q lacks %q or PAUSED FROZEN", size, zoom, line, want)
						}
					}
				}
			}
		}
	}
}

// TestTitleNamesWhatIsMeasured: where the table shows another group than that of the cell that
// is measured, the title has both; the name is told apart within the cell's own group.
func TestTitleNamesWhatIsMeasured(t *testing.T) {
	s := newStory(Head{Manifest: results.Manifest{Start: start, Rounds: 1, Cells: []results.Cell{
		cellOf("reactor", "epoll", 64), cellOf("reactor", "poll", 64), cellOf("ppc", "fork", 64), cellOf("reactor", "epoll", 1),
	}}})
	d := newDash(&fakeRun{}, look{}, DefaultFPS)
	d.story = s
	d.resize(100, 30)
	for c, want := range map[results.Cell]string{
		cellOf("reactor", "epoll", 1):  " reactor close / c=1 r1 0/4 ",
		cellOf("reactor", "epoll", 64): " reactor:epoll r1 0/4 ",
		cellOf("ppc", "fork", 64):      " ppc r1 0/4 ",
	} {
		c.Round = 1
		s.fold(results.Event{At: start, Kind: results.EventBegin, Cell: c.Identify(), Total: 4})
		if line, _, _ := strings.Cut(plainView(d), "\n"); !strings.Contains(line, want) {
			t.Errorf("%s is measured: %q lacks %q", c.ID, line, want)
		}
		if got := s.current.verdicts()[0].Text; got != c.Spec()+": being measured, round 1" {
			t.Errorf("its verdict is %q", got)
		}
		s.current.running = false
	}
}

func cellOf(model, variant string, conns int) results.Cell {
	return results.Cell{
		Model: model, Variant: variant, App: "http", Path: "/", Conns: conns, Mode: results.ModeClose, Closer: results.CloserServer,
		Pipeline: 1, Placement: results.PlacementSplit,
	}.Identify()
}

// TestCutShort: a run that did not come to its end does not look done.
func TestCutShort(t *testing.T) {
	d := played(t, 80, 24, 0.5)
	d.story.fold(results.Event{At: d.player.at, Kind: results.EventEnd, Done: 2, Total: 4, Text: "the run was not closed: 2 of 4 cells"})
	got := plainView(d)
	if line, _, _ := strings.Cut(got, "\n"); !strings.Contains(line, "CUT SHORT") || strings.Contains(line, "done") {
		t.Errorf("%q", line)
	}
	if !strings.Contains(got, "the run was not closed: 2 of 4 cells") {
		t.Errorf("why is not told:\n%s", got)
	}
}

// TestNoSuccess: a server that refuses everything has neither percentiles nor a curve.
func TestNoSuccess(t *testing.T) {
	d := newDash(&fakeRun{}, look{}, DefaultFPS)
	c := cellOf("ppc", "fork", 8)
	d.story = newStory(Head{Manifest: results.Manifest{Start: start, Rounds: 1, Cells: []results.Cell{c}}})
	c.Round = 1
	c = c.Identify()
	x := results.Result{Cell: c}
	x.Set(results.ReqPerSec, 0)
	x.Set(results.P50, 1000)
	h := hdrhistogram.New(1, int64(time.Minute), 2)
	for range 1000 {
		_ = h.RecordValue(1000)
	}
	d.story.fold(results.Event{At: start, Kind: results.EventBegin, Cell: c, Total: 1})
	d.story.fold(results.Event{
		At: start, Kind: results.EventResult, Cell: c, Result: &x, Done: 1, Total: 1,
		Latencies: []results.Latency{{Cell: c.ID, Kind: results.Total, Start: start, End: start.Add(time.Second), Histogram: h}},
	})
	if r := d.story.rows[0]; r.curve != nil || r.figure(results.P50).known {
		t.Errorf("errors have a curve %v, and p50 %+v", r.curve, r.figure(results.P50))
	}
	if l := d.story.log[0]; !l.warn || !strings.HasSuffix(l.text, noSuccess) {
		t.Errorf("the log says %+v", l)
	}
	d.resize(100, 30)
	if got := plainView(d); !strings.Contains(got, noSuccess+": there are no latencies") {
		t.Errorf("the pane does not say why it is empty:\n%s", got)
	}
}

// TestHidden: what is switched off is seen without colours, and panes say why they are empty.
func TestHidden(t *testing.T) {
	d := played(t, 160, 45, 1)
	press(d, "1", "2", "3", "4", "5", "6", "7")
	got := plainView(d)
	if n := strings.Count(got, "no model is shown"); n != 4 {
		t.Errorf("%d of 4 panes say that no model is shown:\n%s", n, got)
	}
	for _, want := range []string{"1 - iterative", "7 - hybrid"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// TestRowsOutOfSight: where the table has no room for all rows it says which are seen, and all
// can be reached.
func TestRowsOutOfSight(t *testing.T) {
	d := played(t, 60, 15, 1)
	if got := plainView(d); !strings.Contains(got, " 1–6 of 7 ") || strings.Contains(got, "hybrid") {
		t.Errorf("the last model is out of sight, and nothing says so:\n%s", got)
	}
	press(d, "down", "down", "down", "down", "down", "down")
	if got := plainView(d); !strings.Contains(got, " 2–7 of 7 ") || !strings.Contains(got, "hybrid") {
		t.Errorf("the last model is selected:\n%s", got)
	}
	d.resize(80, 24)
	if got := plainView(d); !strings.Contains(got, " model ") || strings.Contains(got, "of 7") {
		t.Errorf("there is room for all:\n%s", got)
	}
}

// TestTicker: who leads is told in any window, whatever is left out for it.
func TestTicker(t *testing.T) {
	d := played(t, 80, 14, 0.7)
	best := d.groupNow().fastest()
	leader := d.name(best) + " " + compact(results.ReqPerSec, best.figure(results.ReqPerSec).value)
	where := regexp.MustCompile(` \d+/28 00:\d\d `)
	for width := 18; width < 200; width++ {
		d.resize(width, 14)
		line, _, _ := strings.Cut(plainView(d), "\n")
		if !strings.Contains(line, leader) {
			t.Fatalf("%d columns: %q", width, line)
		}
		if width >= 39 && !where.MatchString(line) {
			t.Fatalf("%d columns: %q does not say where the run is", width, line)
		}
	}
	d, _ = liveDash(t, 40, 10)
	if line, _, _ := strings.Cut(plainView(d), "\n"); !strings.HasPrefix(line, "c10kit 0/0") {
		t.Errorf("before any result: %q", line)
	}
}

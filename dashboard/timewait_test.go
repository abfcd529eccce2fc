package dashboard

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/c10kit/c10kit/results"
)

// TestTimeWait: one count of a window is a bar against the ports, two are a line.
func TestTimeWait(t *testing.T) {
	for name, c := range map[string]struct {
		window float64 // of the recorded run's samples, those before count
		want   string
		lack   string
	}{
		"bars":  {0, "TIME_WAIT standing at the end", "standing over time"},
		"lines": {2, "TIME_WAIT standing over time", "% of 7.02k pairs"},
	} {
		rec := recording(t)
		var events []results.Event
		for _, e := range rec.Events {
			if _, counted := standing(sampleOf(e)); !counted || e.Sample.T < c.window {
				events = append(events, e)
			}
		}
		rec.Events = events
		d := newDash(nil, look{}, DefaultFPS)
		d.show(rec, nil)
		d.resize(160, 45)
		d.group = 2
		d.seek(func(p *player) { p.seekPart(1) })
		got := plainView(d)
		if !strings.Contains(got, c.want) || strings.Contains(got, c.lack) {
			t.Errorf("%s: no %q in\n%s", name, c.want, got)
		}
	}
}

func sampleOf(e results.Event) results.Sample {
	if e.Sample == nil {
		return results.Sample{}
	}
	return *e.Sample
}

// TestMadeIsNotStanding: TIME_WAITs that were made are another quantity.
func TestMadeIsNotStanding(t *testing.T) {
	if n, counted := standing(results.Sample{Values: map[results.Metric]float64{results.TimeWaitServer: 5}}); counted {
		t.Errorf("%v stood, said by those made", n)
	}
}

func TestPorts(t *testing.T) {
	for text, want := range map[string]float64{"": 28232, "32768 60999": 28232, "1024\t65535": 64512, "9 1": 28232, "x y": 28232} {
		s := newStory(Head{Manifest: results.Manifest{Sysctls: map[string]string{"net.ipv4.ip_local_port_range": text}}})
		if got := s.ports(); got != want {
			t.Errorf("%q: %v ports, want %v", text, got, want)
		}
	}
}

// TestCeiling: where they level off is the pairs that a cell has, at least two a connection;
// all ports of all sources else, unless the kernel's table is smaller. Of sources that are not
// known no share is told.
func TestCeiling(t *testing.T) {
	server := results.Cell{Mode: results.ModeClose, Closer: results.CloserServer, Conns: 64}
	many, client, alive := server, server, server
	many.Conns, client.Closer, alive.Mode = 10000, results.CloserClient, results.ModeKeepAlive
	for name, c := range map[string]struct {
		cell    results.Cell
		sources int
		pairs   int
		buckets string
		want    ceiling
	}{
		"pairs":                {server, 8, 4681, "131072", ceiling{4681, "4.68k pairs", true}},
		"two a connection":     {many, 8, 4681, "131072", ceiling{20000, "20k pairs", true}},
		"sources not known":    {server, 0, 4681, "", ceiling{4681, "4.68k pairs", true}},
		"more pairs than are":  {server, 1, 1 << 20, "", ceiling{28232, "28.2k ports x 1 sources", true}},
		"the client closes":    {client, 8, 4681, "", ceiling{225856, "28.2k ports x 8 sources", true}},
		"a table that is less": {client, 8, 4681, "131072", ceiling{131072, "131k buckets", true}},
		"client, not known":    {client, 0, 4681, "131072", ceiling{28232, "28.2k ports a source", false}},
		"no pairs":             {server, 0, 0, "", ceiling{28232, "28.2k ports a source", false}},
		"one source":           {alive, 8, 4681, "", ceiling{28232, "28.2k ports of one source", true}},
	} {
		m := results.Manifest{Sources: c.sources, Pairs: c.pairs, Sysctls: map[string]string{"net.ipv4.tcp_max_tw_buckets": c.buckets}}
		if got := newStory(Head{Manifest: m}).ceiling(c.cell); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// TestShareOfCeiling: bars are held against what the label says, and no share is above all.
func TestShareOfCeiling(t *testing.T) {
	percent := regexp.MustCompile(`k (\d+)% `)
	for name, c := range map[string]struct {
		pairs  int
		want   string
		shares bool
	}{
		"pairs":   {30000, "% of 30k pairs", true},
		"crowded": {1000, "% of 1k pairs", false}, // the recorded run had more
		"unknown": {0, "half-tone; 28.2k ports a source", false},
	} {
		rec := recording(t)
		rec.Manifest.Sources, rec.Manifest.Pairs = 0, c.pairs
		d := newDash(nil, look{}, DefaultFPS)
		d.show(rec, nil)
		d.resize(100, 30)
		d.focus, d.zoom, d.group = paneTimeWait, true, 2
		d.seek(func(p *player) { p.seekPart(1) })
		for _, r := range d.story.rows {
			r.rounds = nil // of which lines are made
		}
		got := plainView(d)
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: no %q in\n%s", name, c.want, got)
		}
		shares := 0
		for _, m := range percent.FindAllStringSubmatch(got, -1) {
			if n, _ := strconv.Atoi(m[1]); n > 100 {
				t.Errorf("%s: %d%% of what can be", name, n)
			} else if n > 20 {
				shares++
			}
		}
		if shares > 0 != c.shares {
			t.Errorf("%s: %d shares in\n%s", name, shares, got)
		}
	}
}

package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/c10kit/c10kit/internal/netns"
	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/results"
)

func TestNarrow(t *testing.T) {
	for _, tc := range []struct {
		pairs   int
		sources int
		ports   loadgen.PortRange
	}{
		{1, 1, loadgen.PortRange{First: 40_000, Last: 40_000}},
		{999, 1, loadgen.PortRange{First: 40_000, Last: 40_998}},
		{1000, 1, loadgen.PortRange{}}, // all ports of one
		{1001, 2, loadgen.PortRange{First: 40_000, Last: 40_499}},
		{7999, 8, loadgen.PortRange{First: 40_000, Last: 40_998}},
		{8000, 8, loadgen.PortRange{}},
		{8001, 8, loadgen.PortRange{}}, // more than there are
	} {
		cfg := loadgen.Config{Sources: sources(address())}
		narrow(&cfg, tc.pairs, 40_000, 40_999)
		if len(cfg.Sources) != tc.sources || cfg.Ports != tc.ports {
			t.Errorf("%d pairs: %d sources, ports %v; want %d, %v", tc.pairs, len(cfg.Sources), cfg.Ports, tc.sources, tc.ports)
		}
	}
}

// TestLeaving: what stands at any moment of a run is of no more cells than said.
func TestLeaving(t *testing.T) {
	both := []string{results.ModeKeepAlive, results.ModeClose}
	for _, tc := range []struct {
		modes    []string
		closer   string
		rounds   int
		window   time.Duration
		requests uint64
		want     int
	}{
		{both, "", 3, time.Second, 0, 6},
		{both, "", 1000, time.Second, 0, 56},
		{both[1:], "", 1000, time.Second, 0, 56},
		{both[1:], "", 1000, time.Second, 100, 2000}, // a hundred requests take no second
		{both[1:], "", 20, 10 * time.Second, 0, 7},
		{both[1:], "", 20, 40 * time.Second, 0, 3}, // the minute before a cell's end touches it and two more
		{both[1:], "", 3, 2 * time.Minute, 0, 2},   // at its beginning those of the one before stand
		{both[1:], "", 1, 2 * time.Minute, 0, 2},
		{both[:1], "", 3, time.Second, 0, 0},
		{both, results.CloserClient, 3, time.Second, 0, 0},
	} {
		p := Plan{
			Models: []string{"reactor", "prethread"}, Layout: Layout{Placement: results.PlacementShared, Load: []int{0}},
			Modes: tc.modes, Closer: tc.closer, Rounds: tc.rounds, Window: tc.window, Requests: tc.requests,
		}
		if got := p.leaving(); got != tc.want {
			t.Errorf("%+v: %d cells", tc, got)
		}
	}
}

// TestUnbounded: where cells cannot be given their part of the table, the manifest says why.
func TestUnbounded(t *testing.T) {
	if !netns.Test(t, netns.Sysctls{"net.ipv4.ip_local_reserved_ports": "40000-40001"}) {
		return
	}
	if err := loadgen.NarrowsPorts(); err != nil {
		t.Skip(err)
	}
	p := Plan{Models: []string{"reactor"}, Layout: Layout{Placement: results.PlacementShared, Load: []int{0}}}.Default()
	m := p.Manifest(nil, nil)
	const want = "net.ipv4.ip_local_reserved_ports is 40000-40001"
	if m.Pairs != 0 || len(m.Warnings) != 1 || !strings.Contains(m.Warnings[0], want) {
		t.Errorf("%d pairs, warnings %q; want one with %s", m.Pairs, m.Warnings, want)
	}
	if got := m.Sysctls["net.ipv4.ip_local_reserved_ports"]; got != "40000-40001" {
		t.Errorf("the sysctl is %q", got)
	}
	p.Modes = []string{results.ModeKeepAlive}
	if m := p.Manifest(nil, nil); m.Pairs != 0 || len(m.Warnings) != 0 {
		t.Errorf("cells that leave no TIME_WAIT: %d pairs, warnings %q", m.Pairs, m.Warnings)
	}
}

// TestFit: what a cell of any plan is left is its part of the table.
func TestFit(t *testing.T) {
	var buckets int
	first, last, err := ephemeral()
	if err == nil {
		err = sysctl("net/ipv4/tcp_max_tw_buckets", &buckets)
	}
	if err == nil {
		err = loadgen.NarrowsPorts()
	}
	if err != nil {
		t.Skip(err)
	}
	for _, p := range []Plan{
		{Models: []string{"reactor"}, Rounds: 1},
		{Models: []string{"reactor", "prethread", "tpc"}, Rounds: 3},
		{Models: []string{"reactor"}, Rounds: 100, Window: 20 * time.Second, Modes: []string{results.ModeClose}},
		{Models: []string{"reactor", "prethread"}, Conns: []int{1, 64}, Rounds: 3, Modes: []string{results.ModeClose}},
	} {
		p.Layout = Layout{Placement: results.PlacementShared, Load: []int{0}}
		p = p.Default()
		cells, err := p.Cells()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cells {
			if !leavesTimeWaits(c) {
				continue
			}
			cfg, err := p.config(c, "127.1.1.1:80")
			if err != nil {
				t.Fatal(err)
			}
			p.fit(&cfg)
			ports := last - first + 1
			if cfg.Ports != (loadgen.PortRange{}) {
				ports = int(cfg.Ports.Last-cfg.Ports.First) + 1
			}
			pairs := len(cfg.Sources) * ports
			if least := results.PairsPerConn * c.Conns; pairs < least || pairs > least && pairs*p.leaving() > buckets {
				t.Errorf("%s has %d pairs and is one of %d, in a table of %d", c.ID, pairs, p.leaving(), buckets)
			}
		}
	}
	none := loadgen.Config{Sources: sources(address())}
	Plan{}.fit(&none)
	if len(none.Sources) != sourcesPer || none.Ports != (loadgen.PortRange{}) {
		t.Errorf("a plan without cells that leave any narrows to %d sources, ports %v", len(none.Sources), none.Ports)
	}
}

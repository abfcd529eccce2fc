package bench

import (
	"testing"
	"time"

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

func TestLeaving(t *testing.T) {
	p := Plan{Models: []string{"reactor", "prethread"}, Layout: Layout{Placement: results.PlacementShared, Load: []int{0}}}.Default()
	for _, tc := range []struct {
		modes  []string
		closer string
		rounds int
		window time.Duration
		want   int
	}{
		{nil, "", 3, time.Second, 6},
		{nil, "", 1000, time.Second, 27}, // half of the 55 cells of a minute
		{[]string{results.ModeClose}, "", 1000, time.Second, 55},
		{[]string{results.ModeClose}, "", 3, 2 * time.Minute, 1},
		{nil, results.CloserClient, 3, time.Second, 1},
	} {
		p.Modes, p.Closer, p.Rounds, p.Window = tc.modes, tc.closer, tc.rounds, tc.window
		if got := p.Default().leaving(); got != tc.want {
			t.Errorf("%+v: %d cells", tc, got)
		}
	}
}

// All that the cells of a run can leave fits into the table, and leaves room.
func TestFit(t *testing.T) {
	if err := loadgen.NarrowsPorts(); err != nil {
		t.Skip(err)
	}
	var buckets, first, last int
	if err := sysctl("net/ipv4/tcp_max_tw_buckets", &buckets); err != nil {
		t.Skip(err)
	}
	if buckets < 64*fewestPairs {
		t.Skipf("tcp_max_tw_buckets is %d: a small machine, whose table gets full", buckets)
	}
	if err := sysctl("net/ipv4/ip_local_port_range", &first, &last); err != nil {
		t.Fatal(err)
	}
	for _, p := range []Plan{
		{Models: []string{"reactor"}, Rounds: 1},
		{Models: []string{"reactor", "prethread", "tpc"}, Rounds: 3},
		{Models: []string{"reactor", "prethread", "tpc", "hybrid"}, Conns: []int{1, 64}, Rounds: 3, Modes: []string{results.ModeClose}},
	} {
		p.Layout = Layout{Placement: results.PlacementShared, Load: []int{0}}
		p = p.Default()
		cells, err := p.Cells()
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		for _, c := range cells {
			cfg, err := p.config(c, "127.1.1.1:80")
			if err != nil {
				t.Fatal(err)
			}
			if !leavesTimeWaits(c) {
				continue
			}
			p.fit(&cfg)
			ports := last - first + 1
			if cfg.Ports != (loadgen.PortRange{}) {
				ports = int(cfg.Ports.Last-cfg.Ports.First) + 1
			}
			if ports*len(cfg.Sources) < fewestPairs {
				t.Errorf("%s: %d sources of %d ports are too few", c.ID, len(cfg.Sources), ports)
			}
			sum += p.Rounds * ports * len(cfg.Sources)
		}
		if sum > buckets || sum < buckets/2 {
			t.Errorf("%v: %d TIME_WAITs at most in a table of %d", p.Models, sum, buckets)
		}
	}
}

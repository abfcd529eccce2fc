package bench

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/c10kit/c10kit/models/all"
	"github.com/c10kit/c10kit/probe/perf"
	"github.com/c10kit/c10kit/results"
)

var twoCPUs = Layout{Placement: results.PlacementSplit, Server: []int{0}, Load: []int{1}}

func TestCells(t *testing.T) {
	for _, tt := range []struct {
		name string
		plan Plan
		want []string // IDs, or part of the error
		err  string
	}{
		{name: "the card", plan: Plan{Models: all.Card()}, want: []string{
			"iterative/plaintext/1/keepalive/w1/closer=client",
			"ppc:fork/plaintext/64/keepalive/w64/closer=client",
			"tpc:thread/plaintext/64/keepalive/w64/closer=client",
			"prefork:accept/plaintext/64/keepalive/w64/closer=client",
			"prethread:accept/plaintext/64/keepalive/w64/closer=client",
			"reactor:epoll/plaintext/64/keepalive/w1/closer=client",
			"hybrid:reuseport/plaintext/64/keepalive/w1/closer=client",
			"iterative/plaintext/64/close/w1", "ppc:fork/plaintext/64/close/w64", "tpc:thread/plaintext/64/close/w64",
			"prefork:accept/plaintext/64/close/w64", "prethread:accept/plaintext/64/close/w64",
			"reactor:epoll/plaintext/64/close/w1", "hybrid:reuseport/plaintext/64/close/w1",
		}},
		{name: "none", plan: Plan{}, err: "no model is named"},
		{name: "iterative is asked for what it cannot", plan: Plan{Models: []string{"iterative"}, Conns: []int{64}, Modes: []string{results.ModeKeepAlive}}, want: []string{
			"iterative/plaintext/64/keepalive/w1/closer=client",
		}},
		{name: "named twice", plan: Plan{Models: []string{"reactor", "reactor:epoll"}, Modes: []string{results.ModeClose}}, want: []string{
			"reactor:epoll/plaintext/64/close/w1",
		}},
		{name: "no model", plan: Plan{Models: []string{"apache"}}, err: `no model "apache"`},
		{name: "no variant", plan: Plan{Models: []string{"reactor:kqueue"}}, err: `no variant "kqueue"; there are epoll`},
		{name: "no connection", plan: Plan{Models: all.Card(), Conns: []int{0}}, err: "-c 0"},
		{name: "too many", plan: Plan{Models: all.Card(), Conns: []int{1 << 20}}, err: "-c 1048576"},
		{name: "window", plan: Plan{Models: all.Card(), Window: time.Millisecond}, err: "-d 1ms"},
		{name: "rounds", plan: Plan{Models: all.Card(), Rounds: -1}, err: "--rounds -1"},
		{name: "rounds without end", plan: Plan{Models: all.Card(), Rounds: 1e9}, err: "--rounds 1000000000"},
		{name: "more rounds than can be counted", plan: Plan{Models: all.Card(), Rounds: math.MaxInt}, err: "at most 10000 windows"},
		{name: "connections without end", plan: Plan{Models: all.Card(), Conns: []int{1e9}}, err: "-c 1000000000"},
		{name: "pipeline without end", plan: Plan{Models: all.Card(), Modes: []string{results.ModeKeepAlive}, Pipeline: 1e9}, err: "1000000000"},
		{name: "a window without end", plan: Plan{Models: all.Card(), Window: 1e6 * time.Hour}, err: "-d 1000000h0m0s"},
		{name: "a blank in the path", plan: Plan{Models: all.Card(), Path: "/a b"}, err: `--path "/a b"`},
		{name: "a line in the path", plan: Plan{Models: all.Card(), Path: "/a\r\nX: y"}, err: `--path "/a\r\nX: y"`},
		{name: "pipeline and close", plan: Plan{Models: all.Card(), Pipeline: 4}, err: "--pipeline 4"},
		{name: "path", plan: Plan{Models: all.Card(), Path: "plaintext"}, err: "slash"},
		{name: "closer", plan: Plan{Models: all.Card(), Closer: "both", Modes: []string{results.ModeClose}}, err: "client or server"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.plan.Layout = twoCPUs
			cells, err := tt.plan.Default().Cells()
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want one with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, c := range cells {
				ids = append(ids, c.ID)
			}
			if !slices.Equal(ids, tt.want) {
				t.Errorf("cells\n%s\nwant\n%s", strings.Join(ids, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// TestTryPerf: what is not asked for is not tried, and what may not be done is said once.
func TestTryPerf(t *testing.T) {
	if p := (Plan{}).TryPerf(); p.Perf || len(p.Warnings) > 0 {
		t.Errorf("%+v", p)
	}
	p := Plan{Perf: true}.TryPerf()
	if err := perf.Try().Thread; (err == nil) != p.Perf || (err == nil) == (len(p.Warnings) == 1) {
		t.Errorf("%v, and the plan is %+v", err, p)
	}
	m := p.Manifest(nil, nil)
	if m.Sources != sourcesPer {
		t.Errorf("%d sources in the manifest, cells have %d", m.Sources, sourcesPer)
	}
	for _, w := range p.Warnings {
		if !slices.Contains(m.Warnings, w) {
			t.Errorf("%q is not in the manifest: %q", w, m.Warnings)
		}
	}
}

// Every round visits every cell once; the same seed gives the same order, and
// rounds differ.
func TestOrder(t *testing.T) {
	const n = 12
	seen := map[string]bool{}
	for round := 1; round <= 8; round++ {
		o := order(7, round, n)
		if !slices.Equal(o, order(7, round, n)) {
			t.Fatal("the seed does not fix the order")
		}
		seen[fmt.Sprint(o)] = true
		slices.Sort(o)
		for i := range o {
			if o[i] != i {
				t.Fatalf("round %d visits %v", round, o)
			}
		}
	}
	if len(seen) < 7 {
		t.Errorf("8 rounds had %d orders", len(seen))
	}
}

// No two cells of a process share an address, neither of servers nor of sources.
func TestAddress(t *testing.T) {
	seen := map[netip.Addr]bool{}
	for range 20_000 {
		server := address()
		for _, a := range append(sources(server), server) {
			if last := a.As4()[3]; seen[a] || !a.IsLoopback() || last == 0 || last == 255 {
				t.Fatalf("%s comes again, or is none for a host", a)
			}
			seen[a] = true
		}
	}
}

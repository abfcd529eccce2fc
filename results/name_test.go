package results

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/perf/benchfmt"
	"pgregory.net/rapid"
)

func TestNames(t *testing.T) {
	base := Cell{
		Model: "reactor", Variant: "epoll", App: "http", Path: "/plaintext", Conns: 64, Workers: 1,
		Mode: ModeKeepAlive, Closer: CloserServer, Pipeline: 1, Placement: PlacementSplit, Round: 1,
	}
	for _, c := range []struct {
		change   func(*Cell)
		id, name string
	}{
		{
			func(*Cell) {}, "reactor:epoll/plaintext/64/keepalive/w1/r1",
			"model=reactor/variant=epoll/app=http/path=plaintext/conns=64/workers=1/mode=keepalive/closer=server/pipeline=1/rate=0/placement=split",
		},
		{
			func(c *Cell) { c.Model, c.Variant, c.Path, c.Round = "iterative", "", "/bytes/1024", 0 },
			"iterative/bytes%2F1024/64/keepalive/w1",
			"model=iterative/variant=-/app=http/path=bytes%2F1024/conns=64/workers=1/mode=keepalive/closer=server/pipeline=1/rate=0/placement=split",
		},
		{
			func(c *Cell) {
				c.Model, c.Variant, c.Workers = "cmd", "nginx -c {dir}/nginx.conf", WorkersTree
				c.App, c.Path, c.Pipeline, c.Rate = "echo", "", 16, 2500.5
				c.Mode, c.Closer, c.Placement = ModeClose, CloserClient, PlacementShared
			},
			"cmd:nginx%20-c%20%7Bdir%7D%2Fnginx.conf/-/64/close/wtree/app=echo/closer=client/pipeline=16/rate=2500.5/placement=shared/r1",
			"model=cmd/variant=nginx%20-c%20%7Bdir%7D%2Fnginx.conf/app=echo/path=-/conns=64/workers=tree/mode=close/closer=client/pipeline=16/rate=2500.5/placement=shared",
		},
		{
			func(c *Cell) { c.Variant, c.Path = "v-2", "/" }, "reactor:v%2D2//64/keepalive/w1/r1",
			"model=reactor/variant=v%2D2/app=http/path=/conns=64/workers=1/mode=keepalive/closer=server/pipeline=1/rate=0/placement=split",
		},
	} {
		cell := base
		c.change(&cell)
		cell = cell.Identify()
		if cell.ID != c.id {
			t.Errorf("id\n%s, want\n%s", cell.ID, c.id)
		}
		if cell.SubName() != c.name {
			t.Errorf("name\n%s, want\n%s", cell.SubName(), c.name)
		}
	}
}

// TestNameRoundTrip: a name gives its cell back, is one field for benchfmt,
// and survives the suffix that go test appends.
func TestNameRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCell.Draw(t, "cell").AllRounds()
		name := c.BenchmarkName()
		if strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || r > '~' }) {
			t.Fatalf("name %q", name)
		}
		if strings.ContainsAny(c.ID, ", #\n") {
			t.Fatalf("id %q cannot be a tag", c.ID)
		}
		for _, suffix := range []string{"", "-2", "-128"} {
			got, err := ParseBenchmarkName(name + suffix)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c, got); diff != "" {
				t.Fatalf("%s%s: %s", name, suffix, diff)
			}
		}
		base, parts := benchfmt.Name(strings.TrimPrefix(name, "Benchmark")).Parts()
		if string(base) != benchmarkBase || len(parts) != len(fields) {
			t.Fatalf("benchfmt takes %q apart into %s and %d parts", name, base, len(parts))
		}
	})
}

// TestIDsTellCellsApart: cells that differ in one key, or in any, have
// different ids and, but for the round, different names.
func TestIDsTellCellsApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyCell.Draw(t, "a"), anyCell.Draw(t, "b")
		mixed := a // mostly a: random cells differ in everything
		for i, f := range fields {
			if rapid.IntRange(0, 3).Draw(t, "take") == 0 {
				if err := f.set(&mixed, f.get(b)); err != nil {
					t.Fatal(i, err)
				}
			}
		}
		if rapid.Bool().Draw(t, "round") {
			mixed.Round = b.Round
		}
		mixed = mixed.Identify()
		keys := func(c Cell) Cell { c.ID = ""; return c }
		if (keys(a) == keys(mixed)) != (a.ID == mixed.ID) {
			t.Fatalf("%+v and %+v have ids %q and %q", a, mixed, a.ID, mixed.ID)
		}
		if (a.AllRounds() == mixed.AllRounds()) != (a.SubName() == mixed.SubName()) {
			t.Fatalf("%+v and %+v have names %q and %q", a, mixed, a.SubName(), mixed.SubName())
		}
	})
}

func TestParseBenchmarkNameRefuses(t *testing.T) {
	good := Cell{Model: "m", App: "http", Conns: 1, Mode: ModeClose, Closer: CloserServer, Pipeline: 1, Placement: PlacementSplit}.BenchmarkName()
	if _, err := ParseBenchmarkName(good); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{"Models", "Model"},
		{"/app=http", ""},
		{"app=http", "ape=http"},
		{"conns=1", "conns=x"},
		{"conns=1", "conns=0"},
		{"rate=0", "rate=NaN"},
		{"workers=0", "workers=trees"},
		{"model=m", "model=%"},
		{"model=m", "model=%zz"},
		{"model=m", "model=a:b"},
		{"mode=close", "mode=open"},
	} {
		name := strings.Replace(good, change[0], change[1], 1)
		if c, err := ParseBenchmarkName(name); err == nil || name == good {
			t.Errorf("%s for %s: %+v", change[1], change[0], c)
		}
	}
}

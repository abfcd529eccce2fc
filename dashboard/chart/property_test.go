package chart

import (
	"math"
	"testing"
	"unicode/utf8"

	"github.com/c10kit/c10kit/dashboard/screen"
	"pgregory.net/rapid"
)

// values are the numbers that break charts, among ordinary ones.
func values() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.Float64Range(0, 1000),
		rapid.Float64(),
		rapid.SampledFrom([]float64{
			math.NaN(), math.Inf(1), math.Inf(-1), 0, 1, 0.5, 0.9999, 28232, -1,
			math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 1e-300, 1e300,
		}),
	)
}

func slice() *rapid.Generator[[]float64] {
	return rapid.OneOf(
		rapid.SliceOfN(values(), 0, 40),
		rapid.Custom(func(t *rapid.T) []float64 { // all equal
			s := make([]float64, rapid.IntRange(1, 5).Draw(t, "n"))
			v := values().Draw(t, "v")
			for i := range s {
				s[i] = v
			}
			return s
		}),
	)
}

func axis() *rapid.Generator[Axis] {
	return rapid.Custom(func(t *rapid.T) Axis {
		a := Axis{
			Scale: Scale(rapid.IntRange(0, 2).Draw(t, "scale")),
			Unit:  rapid.SampledFrom([]string{"", "ms", "世界"}).Draw(t, "unit"),
		}
		if rapid.Bool().Draw(t, "fixed") {
			a.From, a.To = values().Draw(t, "from"), values().Draw(t, "to")
		}
		if rapid.Bool().Draw(t, "format") {
			a.Format = Nanoseconds
		}
		return a
	})
}

func plots() *rapid.Generator[drawer] {
	return rapid.Custom(func(t *rapid.T) drawer {
		p := Plot{
			X: axis().Draw(t, "x"), Y: axis().Draw(t, "y"),
			Mode:    Mode(rapid.IntRange(0, 1).Draw(t, "mode")),
			Ceiling: Limit{values().Draw(t, "ceiling"), "28,232 ports"},
		}
		for i := range rapid.IntRange(0, 7).Draw(t, "series") {
			p.Series = append(p.Series, Series{
				Marker: screen.Marker(i), Style: screen.Series(i), Focused: i == 1,
				X: slice().Draw(t, "xs"), Y: slice().Draw(t, "ys"),
			})
		}
		return p
	})
}

func barses() *rapid.Generator[drawer] {
	return rapid.Custom(func(t *rapid.T) drawer {
		b := Bars{Max: values().Draw(t, "max")}
		for range rapid.IntRange(0, 12).Draw(t, "bars") {
			b.Bars = append(b.Bars, Bar{
				Label: rapid.String().Draw(t, "label"), Text: rapid.StringN(0, 3, -1).Draw(t, "text"),
				Value: values().Draw(t, "value"), More: values().Draw(t, "more"), Style: screen.Series(1),
			})
		}
		return b
	})
}

func heatMaps() *rapid.Generator[drawer] {
	return rapid.Custom(func(t *rapid.T) drawer {
		h := HeatMap{
			X: axis().Draw(t, "x"), Y: axis().Draw(t, "y"), Step: values().Draw(t, "step"), Times: slice().Draw(t, "times"),
			Counts: rapid.SliceOfN(rapid.SliceOfN(rapid.Uint64(), 0, 8), 0, 10).Draw(t, "counts"),
		}
		bounds := slice().Draw(t, "bounds")
		h.Bucket = func(i int) (float64, float64) {
			if i+1 < len(bounds) {
				return bounds[i], bounds[i+1]
			}
			return octaves(i)
		}
		return h
	})
}

func sparks() *rapid.Generator[drawer] {
	return rapid.Custom(func(t *rapid.T) drawer {
		return Spark{Values: slice().Draw(t, "values"), Max: values().Draw(t, "max")}
	})
}

func sides(t *rapid.T) (w, h int) {
	side := func(most int) *rapid.Generator[int] {
		return rapid.OneOf(rapid.IntRange(0, 12), rapid.IntRange(0, most))
	}
	return side(120).Draw(t, "w"), side(40).Draw(t, "h")
}

// TestAnythingAnywhere: no data and no size makes a chart panic, draw
// outside of its area, draw what the terminal cannot show, or a different picture
// the second time.
func TestAnythingAnywhere(t *testing.T) {
	for name, gen := range map[string]*rapid.Generator[drawer]{
		"plot": plots(), "bars": barses(), "heat": heatMaps(), "spark": sparks(),
	} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			w, h := sides(t)
			charset := screen.Charset(rapid.IntRange(0, 2).Draw(t, "charset"))
			chart := gen.Draw(t, "chart")
			first, second := drawn(chart, w, h, charset), drawn(chart, w, h, charset)
			if first.Plain() != second.Plain() {
				t.Fatalf("two pictures of the same:\n%s\n%s", first.Plain(), second.Plain())
			}
			checkBorder(t, first, w, h)
			if charset == screen.ASCII {
				for _, r := range first.Plain() {
					if r >= utf8.RuneSelf {
						t.Fatalf("%q in ASCII", r)
					}
				}
			}
		}))
	}
}

// drawn returns chart on w x h cells amid others that are all 'X'.
func drawn(chart drawer, w, h int, charset screen.Charset) *screen.Grid {
	g := screen.New(w+4, h+4, charset)
	g.Fill('X', screen.Bad)
	area := g.Sub(2, 2, w, h)
	area.Clear()
	chart.Draw(area)
	return g
}

func checkBorder(t *rapid.T, g *screen.Grid, w, h int) {
	for y := range g.Height() {
		for x := range g.Width() {
			if x >= 2 && y >= 2 && x < w+2 && y < h+2 {
				continue
			}
			if text, style := g.At(x, y); text != "X" || style != screen.Bad {
				t.Fatalf("cell %d, %d outside of %dx%d at 2, 2 became %q %v:\n%s", x, y, w, h, text, style, g.Plain())
			}
		}
	}
}

// TestEverySize draws ordinary charts on every size up to 24 x 12 and some large ones.
func TestEverySize(t *testing.T) {
	check := func(w, h int) {
		for _, p := range panes() {
			for _, charset := range []screen.Charset{screen.Unicode, screen.EastAsian, screen.ASCII} {
				drawn(p.chart, w, h, charset)
			}
		}
	}
	for w := range 25 {
		for h := range 13 {
			check(w, h)
		}
	}
	for _, size := range [][2]int{{300, 100}, {300, 1}, {1, 100}} {
		check(size[0], size[1])
	}
}

// TestNothing: a chart without anything to show says so.
func TestNothing(t *testing.T) {
	nan := math.NaN()
	for i, chart := range []drawer{
		Plot{},
		Plot{Series: []Series{{X: []float64{1, nan, 3}, Y: []float64{nan, 1, math.Inf(1)}}}},
		Plot{Y: Axis{Scale: Log}, Series: []Series{{X: []float64{1}, Y: []float64{0}}}},
		Plot{X: Axis{From: 5, To: 6}, Series: []Series{{X: []float64{1}, Y: []float64{1}}}},
		Bars{},
		HeatMap{},
		HeatMap{Times: []float64{1}, Counts: [][]uint64{{0, 0}}, Bucket: octaves},
		HeatMap{Times: []float64{nan}, Counts: [][]uint64{{1}}, Bucket: octaves},
	} {
		g := screen.New(20, 3, screen.Unicode)
		chart.Draw(g.Area)
		if got, want := g.Plain(), "\n   no samples yet\n\n"; got != want {
			t.Errorf("%d: %q, want %q", i, got, want)
		}
	}
	g := screen.New(20, 1, screen.Unicode)
	Bars{Empty: "not counted"}.Draw(g.Area)
	if got := g.Plain(); got != "    not counted\n" {
		t.Errorf("own words: %q", got)
	}
}

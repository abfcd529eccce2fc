package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/c10kit/c10kit/dashboard/screen"
	"pgregory.net/rapid"
)

func text(chart drawer, w, h int, charset screen.Charset) []string {
	g := screen.New(w, h, charset)
	chart.Draw(g.Area)
	return strings.Split(strings.TrimSuffix(g.Plain(), "\n"), "\n")
}

// TestBarsReadBack: behind each bar stands its value, and longer bars are larger values.
func TestBarsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		charset := screen.Charset(rapid.IntRange(0, 2).Draw(t, "charset"))
		width := rapid.IntRange(12, 100).Draw(t, "width")
		b := Bars{Format: func(v float64) string { return strconv.FormatFloat(v, 'f', 0, 64) }}
		for i := range rapid.IntRange(1, 8).Draw(t, "bars") {
			b.Bars = append(b.Bars, Bar{Label: "w" + strconv.Itoa(i), Value: float64(rapid.IntRange(0, 99999).Draw(t, "value"))})
		}
		lengths := map[float64]int{}
		for i, line := range text(b, width, len(b.Bars), charset) {
			fields := strings.Fields(line)
			got, err := strconv.ParseFloat(fields[len(fields)-1], 64)
			if err != nil || got != b.Bars[i].Value {
				t.Fatalf("%q: read back %v, want %v", line, got, b.Bars[i].Value)
			}
			lengths[got] = len([]rune(line)) - len(fields[len(fields)-1])
		}
		for v, n := range lengths {
			for w, m := range lengths {
				if v < w && n > m {
					t.Fatalf("the bar of %v ends at %d, that of %v at %d", v, n, w, m)
				}
			}
		}
	})
}

func TestBars(t *testing.T) {
	for _, test := range []struct {
		name    string
		bars    Bars
		w, h    int
		charset screen.Charset
		want    []string
	}{
		{
			"two parts",
			Bars{Bars: []Bar{{Label: "a", Value: 3, More: 1}, {Label: "b", Value: 0, More: 2}, {Label: "c", Value: 4, More: 0.01}}},
			12, 3, 0,
			[]string{"a ████▒ 4", "b ▒▒ 2", "c ████▒ 4.01"},
		},
		{
			"two parts, ASCII",
			Bars{Bars: []Bar{{Label: "a", Value: 3, More: 1}, {Label: "b", Value: 4}}},
			10, 2, screen.ASCII,
			[]string{"a #####= 4", "b ###### 4"},
		},
		{"eighths", Bars{Max: 8, Bars: []Bar{{Value: 0.5}, {Value: 4.25}, {Value: 8}}}, 13, 3, 0, []string{"▌ 0.5", "████▎ 4.25", "████████ 8"}},
		{"what cannot be counted", Bars{Bars: []Bar{{Label: "a", Value: math.NaN()}, {Label: "b", Value: math.Inf(1), Text: "peer"}}}, 12, 2, 0, []string{"a -", "b peer"}},
		{"beyond the maximum", Bars{Max: 10, Bars: []Bar{{Value: 20}}}, 8, 1, 0, []string{"█████ 20"}},
		{"negative", Bars{Bars: []Bar{{Value: -3}, {Value: 1}}}, 8, 2, 0, []string{"-3", "█████ 1"}},
		{"more than rows", Bars{Bars: make([]Bar, 5)}, 10, 3, 0, []string{"0", "0", "+3 more"}},
		{"one row", Bars{Bars: make([]Bar, 5)}, 10, 1, 0, []string{"0"}},
		{"the number is not cut", Bars{Bars: []Bar{{Label: "prefork:threads", Value: 123456, Text: "123456"}}}, 8, 1, 0, []string{"█ 123456"}},
		{"too narrow", Bars{Bars: []Bar{{Label: "prefork", Value: 123456, Text: "123456"}}}, 4, 1, 0, []string{"123…"}},
	} {
		got := text(test.bars, test.w, test.h, test.charset)
		if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
			t.Errorf("%s:\n%s\nwant\n%s", test.name, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
}

func TestSpark(t *testing.T) {
	up := []float64{0, 1, 2, 3, 4, 5, 6, 7}
	for _, test := range []struct {
		name    string
		spark   Spark
		w       int
		charset screen.Charset
		want    string
	}{
		{"all levels", Spark{Values: up}, 8, 0, "▁▂▃▄▅▆▇█"},
		{"ASCII", Spark{Values: up[:7]}, 8, screen.ASCII, ".:-=+*#"},
		{"the last ones", Spark{Values: up, Max: 7}, 3, 0, "▆▇█"},
		{"a common scale", Spark{Values: []float64{7, 7}, Max: 14}, 3, 0, "▅▅"},
		{"a gap", Spark{Values: []float64{1, math.NaN(), 1}}, 3, 0, "█ █"},
		{"nothing", Spark{}, 3, 0, ""},
		{"zeros", Spark{Values: []float64{0, 0}}, 3, 0, "▁▁"},
		{"above the scale", Spark{Values: []float64{100}, Max: 1}, 3, 0, "█"},
	} {
		if got := text(test.spark, test.w, 1, test.charset)[0]; got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestPercentileSteps: labels are one step apart, and more is never further left.
func TestPercentileSteps(t *testing.T) {
	for i, p := range percentiles {
		if got := percentileStep(p.q); math.Abs(got-float64(i)) > 1e-9 {
			t.Errorf("%v is at %v, want %d", p.q, got, i)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Float64Range(0, 1).Draw(t, "a"), rapid.Float64Range(0, 1).Draw(t, "b")
		if a > b {
			a, b = b, a
		}
		if percentileStep(a) > percentileStep(b)+1e-12 {
			t.Fatalf("%v is at %v, %v at %v", a, percentileStep(a), b, percentileStep(b))
		}
	})
}

// TestTicks: labels read back are where they stand, ascending and inside.
func TestTicks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Axis{Scale: Scale(rapid.IntRange(0, 1).Draw(t, "scale")), Format: func(v float64) string { return fmt.Sprint(v) }}
		low := rapid.Float64Range(1e-6, 1e9).Draw(t, "low")
		e := extent{a.measure(low), a.measure(low * rapid.Float64Range(1, 1e6).Draw(t, "times")), true}
		n := rapid.IntRange(1, 20).Draw(t, "n")
		s := a.span(e, rapid.Bool().Draw(t, "nice"), n)
		ticks := a.ticks(s, n)
		if len(ticks) > 3*n+2 {
			t.Fatalf("%d ticks where %d were asked for", len(ticks), n)
		}
		last := math.Inf(-1)
		for _, tick := range ticks {
			v, err := strconv.ParseFloat(tick.label, 64)
			if err != nil {
				t.Fatal(err)
			}
			if at := a.measure(v); math.Abs(at-tick.at) > 1e-6*max(math.Abs(at), 1e-6) && v != 0 {
				t.Fatalf("label %s stands at %v, want %v", tick.label, tick.at, at)
			}
			if at := s.at(tick.at); at < -1e-5 || at > 1+1e-5 || tick.at <= last {
				t.Fatalf("tick %s at %v of the axis, behind one at %v", tick.label, at, last)
			}
			last = tick.at
		}
	})
}

func TestNiceNumbers(t *testing.T) {
	for _, test := range []struct {
		axis     Axis
		low, top float64
		n        int
		want     string
	}{
		{Axis{}, 0, 15200, 4, "0 5k 10k 15k 20k"},
		{Axis{}, 0, 0.37, 4, "0 0.1 0.2 0.3 0.4"},
		{Axis{}, 3, 3, 4, "0 1 2 3"},
		{Axis{}, 0, 0, 2, "0 0.5 1"},
		{Axis{}, -5, 5, 2, "-5 0 5"},
		{Axis{Scale: Log, Format: Nanoseconds}, 2.3e5, 6e7, 4, "1ms 10ms 100ms"},
		{Axis{Scale: Log, Format: Nanoseconds}, 2.3e5, 9e5, 6, "200µs 500µs 1ms"},
		{Axis{Scale: Log}, 1, 1e12, 4, "1 1k 1M 1G 1T"},
		{Axis{Scale: Log}, 5, 5, 4, "1 2 5 10 20"},
		{Axis{From: 10, To: 20}, 0, 100, 2, "10 15 20"},
	} {
		var got []string
		for _, tick := range test.axis.ticks(test.axis.span(extent{test.axis.measure(test.low), test.axis.measure(test.top), true}, true, test.n), test.n) {
			got = append(got, tick.label)
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("%v to %v: %s, want %s", test.low, test.top, s, test.want)
		}
	}
}

func TestFormats(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.25: "0.25", 15: "15", 999.4: "999", 999.6: "1k", 28232: "28.2k", -1500: "-1.5k", 2e15: "2000T", 1e30: "1e+18T"} {
		if got := Number(v); got != want {
			t.Errorf("Number(%v) = %s, want %s", v, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0", 250: "250ns", 1e6: "1ms", 2.5e9: "2.5s", 1e13: "10000s"} {
		if got := Nanoseconds(v); got != want {
			t.Errorf("Nanoseconds(%v) = %s, want %s", v, got, want)
		}
	}
}

// TestOneCell: of points in one cell the focused one is seen, else the later.
func TestOneCell(t *testing.T) {
	at := func(focused int) string {
		p := Plot{}
		for i := range 3 {
			p.Series = append(p.Series, Series{Marker: screen.Marker(i), Focused: i == focused, X: []float64{1}, Y: []float64{1}})
		}
		return strings.Trim(strings.Join(text(p, 9, 3, 0), ""), " ")
	}
	for focused, want := range map[int]string{-1: "^", 0: "o", 1: "#"} {
		if got := at(focused); got != want {
			t.Errorf("focus %d: %q, want %q", focused, got, want)
		}
	}
}

// TestGap: a line ends where there is no data and goes on behind.
func TestGap(t *testing.T) {
	p := Plot{Mode: Traced, Series: []Series{{Marker: 'o'}}}
	for x := range 40 {
		y := 1.0
		if x >= 10 && x < 30 {
			y = math.NaN()
		}
		p.Series[0].X = append(p.Series[0].X, float64(x))
		p.Series[0].Y = append(p.Series[0].Y, y)
	}
	for _, charset := range []screen.Charset{screen.Unicode, screen.ASCII} {
		line := []rune(text(p, 40, 1, charset)[0])
		line = line[len(line)-35:] // without the label
		if s := string(line[8:23]); strings.TrimSpace(s) != "" {
			t.Errorf("%v: %q in the gap of %q", charset, s, string(line))
		}
		if line[3] == ' ' || line[30] == ' ' {
			t.Errorf("%v: no line in %q", charset, string(line))
		}
	}
}

// TestCeiling: near the data a line; far above it a label, and the data keeps its room.
func TestCeiling(t *testing.T) {
	p := timeWait()
	lines := strings.Join(text(p, 60, 20, 0), "\n")
	if strings.Count(lines, "╌") < 5 || !strings.Contains(lines, " 28,232 ports") || strings.Contains(lines, "↑") {
		t.Errorf("no line in\n%s", lines)
	}
	far, outside := p, p
	far.Ceiling.Value *= 10
	outside.Y.To = 20000
	for _, p := range []Plot{far, outside} {
		lines = strings.Join(text(p, 60, 20, 0), "\n")
		if strings.Contains(lines, "╌") || !strings.Contains(lines, "↑ 28,232 ports") {
			t.Errorf("a line, or no label, in\n%s", lines)
		}
	}
}

// TestHeatKeepsCounts: however time and latency fall on the cells, nothing is
// lost and nothing is shown twice.
func TestHeatKeepsCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := HeatMap{Bucket: octaves, Y: Axis{Scale: Log}, Step: 0.25}
		var want float64
		var x, y extent
		for i := range rapid.IntRange(1, 30).Draw(t, "samples") {
			counts := make([]uint64, 20)
			b := rapid.IntRange(0, 19).Draw(t, "bucket")
			counts[b] = uint64(rapid.IntRange(1, 1000).Draw(t, "count"))
			want += float64(counts[b])
			h.Times, h.Counts = append(h.Times, float64(i)/4), append(h.Counts, counts)
			bounds := newBucket(octaves(b))
			x.add(float64(i) / 4)
			x.add(float64(i+1) / 4)
			y.add(bounds.low)
			y.add(bounds.high)
		}
		g := screen.New(rapid.IntRange(1, 90).Draw(t, "w"), rapid.IntRange(1, 30).Draw(t, "h"), 0)
		f := frame{plot: g.Area, x: h.X.span(x, false, 0), y: h.Y.span(y, true, 4)}
		got := 0.0
		for _, n := range h.resample(f, h.buckets()) {
			got += n
		}
		if math.Abs(got-want) > want*1e-3 {
			t.Fatalf("%v of %v requests on %dx%d", got, want, g.Width(), g.Height())
		}
	})
}

// TestHeatEvenLoad: an even load is an even picture, though 50 samples do not
// divide into 40 columns.
func TestHeatEvenLoad(t *testing.T) {
	h := HeatMap{Bucket: octaves}
	for i := range 50 {
		h.Times, h.Counts = append(h.Times, float64(i)), append(h.Counts, []uint64{0, 0, 0, 900})
	}
	lines := text(h, 40, 3, 0)
	for _, line := range lines {
		cells := []rune(line)[3:]
		if s := string(cells); s != "" && s != strings.Repeat(string(cells[:1]), 37) {
			t.Errorf("stripes: %q", line)
		}
	}
}

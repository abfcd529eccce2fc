package screen

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/charmbracelet/colorprofile"
	"github.com/clipperhouse/displaywidth"
	"pgregory.net/rapid"
)

// coordinates are near the edges of a screen of up to 12 cells, and far beyond.
func coordinate() *rapid.Generator[int] {
	return rapid.OneOf(rapid.IntRange(-3, 15), rapid.Int())
}

func anyText() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.StringOfN(rapid.RuneFrom([]rune("ab ±…世界e\u0301\u200d👩💻\x1b\u202e│█⣿")), 0, 12, -1),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 12), func(b []byte) string { return string(b) }),
	)
}

// scribble draws something somewhere on a, or on a part of it.
func scribble(t *rapid.T, a Area) {
	for range rapid.IntRange(0, 3).Draw(t, "depth") {
		a = part(t, a)
	}
	x, y, style := coordinate().Draw(t, "x"), coordinate().Draw(t, "y"), Style(rapid.Uint8().Draw(t, "style"))
	switch rapid.IntRange(0, 7).Draw(t, "what") {
	case 0:
		a.Set(x, y, rapid.Rune().Draw(t, "r"), style)
	case 1:
		a.Text(x, y, anyText().Draw(t, "text"), style)
	case 2:
		a.Field(x, y, coordinate().Draw(t, "w"), Align(rapid.IntRange(0, 2).Draw(t, "align")), anyText().Draw(t, "text"), style)
	case 3:
		a.Panel(Panel{
			Title: anyText().Draw(t, "title"), Right: anyText().Draw(t, "right"),
			Footer: anyText().Draw(t, "footer"), Focused: rapid.Bool().Draw(t, "focused"),
		}).Clear()
	case 4:
		a.Divider(y, Panel{Title: anyText().Draw(t, "title"), Right: anyText().Draw(t, "right")})
	case 5:
		a.Fill(rapid.SampledFrom([]rune("x世█")).Draw(t, "r"), style)
	case 6:
		a.Select()
	case 7:
		a.Text(a.Text(x, y, anyText().Draw(t, "text"), style), y, anyText().Draw(t, "text"), style)
	}
}

func part(t *rapid.T, a Area) Area {
	n, m := coordinate().Draw(t, "n"), coordinate().Draw(t, "m")
	switch rapid.IntRange(0, 8).Draw(t, "part") {
	case 0:
		a, _ = a.Top(n)
	case 1:
		a, _ = a.Bottom(n)
	case 2:
		a, _ = a.Left(n)
	case 3:
		_, a = a.Right(n)
	case 4:
		a = a.Column(n, m)
	case 5:
		a = a.Band(n, m)
	case 6:
		a = a.Inset(n)
	case 7:
		a = a.Row(n)
	default:
		a = a.Sub(n, m, coordinate().Draw(t, "w"), coordinate().Draw(t, "h"))
	}
	return a
}

// holds reports whether the cell x, y of the grid is in a.
func holds(a Area, x, y int) bool { return x >= a.x && y >= a.y && x < a.x+a.w && y < a.y+a.h }

// TestNothingOutside is the promise of Area: whatever is drawn, no cell outside of
// the window changes, save the other half of a wide character at its edge.
func TestNothingOutside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		background := rapid.SampledFrom([]rune("x世")).Draw(t, "background")
		g := New(rapid.IntRange(0, 12).Draw(t, "w"), rapid.IntRange(0, 12).Draw(t, "h"), Charset(rapid.IntRange(0, 2).Draw(t, "charset")))
		cover(g, background)
		before := append([]cell(nil), g.canvas.cells...)
		window := g.Sub(coordinate().Draw(t, "wx"), coordinate().Draw(t, "wy"), coordinate().Draw(t, "ww"), coordinate().Draw(t, "wh"))
		for range rapid.IntRange(1, 4).Draw(t, "n") {
			scribble(t, window)
		}
		for i, c := range g.canvas.cells {
			x, y := i%g.Width(), i/g.Width()
			if holds(window, x, y) || c == before[i] {
				continue
			}
			cut := c.style == Good && c.char == ' ' && c.width == 1 && before[i].width != 1 &&
				(x == window.x-1 || x == window.x+window.w)
			if !cut {
				t.Fatalf("cell %d, %d, outside of %+v, became %+v", x, y, window, c)
			}
		}
		check(t, g)
	})
}

// cover fills g with copies of r, which may be wide.
func cover(g *Grid, r rune) {
	for y := range g.Height() {
		for x := 0; x < g.Width(); x += max(g.TextWidth(string(r)), 1) {
			g.Set(x, y, r, Good)
		}
	}
}

// TestEdges draws narrow and wide characters at every place in and around a
// window, over narrow and wide ones.
func TestEdges(t *testing.T) {
	for _, background := range "x世" {
		for _, text := range []string{"a", "ab", "世", "a世界"} {
			for x := -2; x <= 6; x++ {
				for y := -2; y <= 6; y++ {
					g := New(8, 8, Unicode)
					cover(g, background)
					window := g.Sub(3, 3, 3, 2)
					window.Set(x, y, []rune(text)[0], Bad)
					window.Text(x, y, text, Bad)
					for i, c := range g.canvas.cells {
						if !holds(window, i%8, i/8) && c.style != Good {
							t.Fatalf("%q at %d, %d of the window drew %+v at %d, %d", text, x, y, c, i%8, i/8)
						}
					}
					check(t, g)
				}
			}
		}
	}
}

// check fails unless each row of g is well formed and shows what its charset has.
func check(t interface{ Fatalf(string, ...any) }, g *Grid) {
	for y := range g.Height() {
		row := g.canvas.row(y)
		for x, c := range row {
			wide := c.width == 2 && x+1 < len(row) && row[x+1].width == 0
			if c.width == 1 || wide || c.width == 0 && x > 0 && row[x-1].width == 2 {
				continue
			}
			t.Fatalf("cell %d, %d has width %d among %+v", x, y, c.width, row)
		}
	}
	for line := range strings.Lines(g.Plain()) {
		line = strings.TrimSuffix(line, "\n")
		options := displaywidth.Options{EastAsianWidth: g.Charset() == EastAsian}
		if w := options.String(line); w > g.Width() {
			t.Fatalf("%q is %d columns wide, of %d", line, w, g.Width())
		}
		if !utf8.ValidString(line) {
			t.Fatalf("%q is not UTF-8", line)
		}
		for _, r := range line {
			if r != '\u200d' && printable(r) != r || g.Charset() == ASCII && r >= utf8.RuneSelf {
				t.Fatalf("%q in %q", r, line)
			}
			if g.Charset() == EastAsian && fallback(r) != "" {
				t.Fatalf("%q in %q may be two columns wide", r, line)
			}
		}
	}
}

// TestRenderings: what a terminal, an SVG and a text file get is the same text.
func TestRenderings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := New(rapid.IntRange(0, 12).Draw(t, "w"), rapid.IntRange(0, 12).Draw(t, "h"), Unicode)
		for range rapid.IntRange(0, 5).Draw(t, "n") {
			scribble(t, g.Area)
		}
		for p := colorprofile.NoTTY; p <= colorprofile.TrueColor; p++ {
			out := NewPainter(Dark(), p).Render(g)
			checkRows(t, g, out)
			if p == colorprofile.NoTTY && strings.Contains(out, "\x1b") {
				t.Fatalf("escape sequences where there is no terminal: %q", out)
			}
		}
		checkSVG(t, g)
	})
}

// checkRows fails unless out, without its escape sequences, is the text of g, and
// each of its rows begins and ends in the style Normal.
func checkRows(t *rapid.T, g *Grid, out string) {
	if g.Height() == 0 {
		return
	}
	rows := strings.Split(out, "\n")
	if len(rows) != g.Height() {
		t.Fatalf("%d rows of %d", len(rows), g.Height())
	}
	for y, want := range strings.Split(strings.TrimSuffix(g.Plain(), "\n"), "\n") {
		got := sequences.ReplaceAllString(rows[y], "")
		if strings.TrimRight(got, " ") != want {
			t.Fatalf("row %d is %q, want %q", y, got, want)
		}
		all := sequences.FindAllString(rows[y], -1)
		if len(all) > 0 && all[len(all)-1] != reset {
			t.Fatalf("row %d leaves its style on: %q", y, rows[y])
		}
	}
}

package screen

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text    string
		charset Charset
		want    []string
	}{
		{"", Unicode, []string{""}},
		{"  a b  ", Unicode, []string{"a b"}},
		{"12345 78 012345", Unicode, []string{"12345 78", "012345"}},
		{"12345678 9", Unicode, []string{"12345678", "9"}},
		{"a 123456789012345 b", Unicode, []string{"a", "123456", "789012", "345 b"}},
		{"no 世界世界世 x", Unicode, []string{"no 世界", "世界世", "x"}},
		{"1234567 世", Unicode, []string{"1234567", "世"}},
		{"αβγδε ζ", Unicode, []string{"αβγδε ζ"}},
		{"αβγδε ζ", EastAsian, []string{"αβγδ", "ε ζ"}},
		{"世界世界x", ASCII, []string{"世界世界x"}},
		{"e\u0301e\u0301e\u0301e\u0301 bcde", Unicode, []string{"e\u0301e\u0301e\u0301e\u0301", "bcde"}},
	} {
		if got := New(1, 1, c.charset).Wrap(c.text, 8, 2); !slices.Equal(got, c.want) {
			t.Errorf("%s %q: %q, want %q", c.charset, c.text, got, c.want)
		}
	}
	if got := (Area{}).Wrap("a b", 1, 0); !slices.Equal(got, []string{"a b"}) {
		t.Errorf("the zero Area: %q", got)
	}
}

// TestWrapLosesNothing: what is wrapped has the characters of the text in its order, in lines
// that have room, unless a character alone has none.
func TestWrapLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("ab  世界é\u0301α·👍🏽\u200d")), 0, 60, -1).Draw(t, "text")
		width, hang := rapid.IntRange(-1, 20).Draw(t, "width"), rapid.IntRange(0, 4).Draw(t, "hang")
		g := New(1, 1, rapid.SampledFrom([]Charset{Unicode, EastAsian, ASCII}).Draw(t, "charset"))
		lines := g.Wrap(text, width, hang)
		if got, want := strings.ReplaceAll(strings.Join(lines, ""), " ", ""), strings.ReplaceAll(text, " ", ""); got != want {
			t.Fatalf("%q became %q", want, lines)
		}
		for i, line := range lines {
			room := width
			if i > 0 {
				room -= hang
			}
			if g.TextWidth(line) > room && g.head(line, 0, true) != line {
				t.Fatalf("line %d of %q has no room in %d columns", i, lines, room)
			}
		}
		if len(g.canvas.clusters) > 0 {
			t.Fatalf("%q is kept", g.canvas.clusters)
		}
	})
}

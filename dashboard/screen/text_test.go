package screen

import (
	"strings"
	"testing"

	"github.com/clipperhouse/displaywidth"
)

func firstLine(g *Grid) string {
	return strings.TrimSuffix(strings.SplitAfter(g.Plain(), "\n")[0], "\n")
}

func TestField(t *testing.T) {
	for _, test := range []struct {
		name    string
		text    string
		width   int
		align   Align
		charset Charset
		want    string
		end     int
	}{
		{"left", "ab", 5, Left, Unicode, "[ab...", 3},
		{"right", "ab", 5, Right, Unicode, "[...ab", 6},
		{"centre", "ab", 5, Centre, Unicode, "[.ab..", 4},
		{"exact", "abcde", 5, Right, Unicode, "[abcde", 6},
		{"too long", "abcdef", 5, Left, Unicode, "[abcd…", 6},
		{"too long, ASCII", "abcdef", 5, Right, ASCII, "[abcd~", 6},
		{"too long, ambiguous", "abcdef", 5, Left, EastAsian, "[abcd~", 6},
		{"one column", "abc", 1, Left, Unicode, "[…....", 2},
		{"none", "abc", 0, Left, Unicode, "[.....", 1},
		{"wide", "世界", 5, Right, Unicode, "[.世界", 6},
		{"half a wide one does not fit", "a世界", 4, Left, Unicode, "[a世….", 5},
		{"nor leaves a gap", "世界世", 4, Left, Unicode, "[世…..", 4},
		{"wide, ASCII", "世界", 5, Left, ASCII, "[??...", 3},
		{"wide, ambiguous", "世界", 5, Left, EastAsian, "[世界.", 5},
		{"ambiguous text", "αβ", 5, Left, EastAsian, "[αβ.", 5},
		{"combining", "e\u0301x", 5, Left, Unicode, "[e\u0301x...", 3},
		{"combining, ASCII", "e\u0301x", 5, Left, ASCII, "[ex...", 3},
		{"nothing to combine with", "\u0301", 5, Left, Unicode, "[.....", 1},
		{"joined emoji", "👩\u200d💻!", 5, Left, Unicode, "[👩\u200d💻!..", 4},
		{"flag", "🇨🇳", 5, Left, Unicode, "[🇨🇳...", 3},
		{"signs", "±1µs", 5, Left, ASCII, "[+-1us", 6},
		{"signs cut", "1±2", 2, Left, ASCII, "[1~...", 3},
		{"escape sequence", "\x1b[31m", 5, Left, Unicode, "[?[31m", 6},
		{"C1 and bidi", "a\u009bb\u202ec", 5, Left, Unicode, "[a?b?c", 6},
		{"line ends", "a\r\nb\t", 5, Left, Unicode, "[a  b ", 6},
		{"not UTF-8", "a\xffb", 5, Left, Unicode, "[a\ufffdb..", 4},
		{"not UTF-8, ASCII", "a\xffb", 5, Left, ASCII, "[a?b..", 4},
		{"a hundred accents", "e" + strings.Repeat("\u0301", 100) + "x", 5, Left, Unicode, "[?x...", 3},
	} {
		g := New(6, 1, test.charset)
		g.Fill('.', Normal)
		g.Set(0, 0, '[', Normal)
		end := g.Field(1, 0, test.width, test.align, test.text, Bold)
		if got := firstLine(g); got != strings.TrimRight(test.want, " ") || end != test.end {
			t.Errorf("%s: %q ends at %d, want %q at %d", test.name, got, end, test.want, test.end)
		}
	}
}

func TestTextOutside(t *testing.T) {
	g := New(5, 2, Unicode)
	g.Text(-2, 0, "abcdef", Normal)
	g.Text(3, 1, "abcdef", Normal)
	g.Text(9, 1, "abcdef", Normal)
	g.Text(0, 2, "abcdef", Normal)
	g.Text(0, -1, "abcdef", Normal)
	if got, want := g.Plain(), "ab…\n   a…\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestDrawingCharacters: each has an ASCII form of one column, and is itself one column wide.
func TestDrawingCharacters(t *testing.T) {
	ranges := [][2]rune{{0x2500, 0x257f}, {0x2581, 0x258f}, {0x2591, 0x2593}, {0x2800, 0x28ff}}
	for _, r := range ranges {
		for c := r[0]; c <= r[1]; c++ {
			if f := fallback(c); len(f) != 1 || f[0] < ' ' || f[0] > '~' {
				t.Errorf("%c becomes %q", c, f)
			}
			if w := displaywidth.Rune(c); w != 1 {
				t.Errorf("%c is %d columns wide", c, w)
			}
			for _, charset := range []Charset{EastAsian, ASCII} {
				g := New(1, 1, charset)
				g.Set(0, 0, c, Normal)
				if got, _ := g.At(0, 0); got != fallback(c) {
					t.Errorf("%v: %c is drawn as %q", charset, c, got)
				}
			}
		}
	}
	for r, f := range signs {
		if f == "" || strings.ContainsFunc(f, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%c becomes %q", r, f)
		}
	}
}

func TestDetectCharset(t *testing.T) {
	for _, test := range []struct {
		env  map[string]string
		want Charset
	}{
		{nil, Unicode},
		{map[string]string{"LANG": "en_US.UTF-8"}, Unicode},
		{map[string]string{"LANG": "C.UTF-8"}, Unicode},
		{map[string]string{"LANG": "de_DE.utf8@euro"}, Unicode},
		{map[string]string{"LANG": "C"}, ASCII},
		{map[string]string{"LANG": "POSIX"}, ASCII},
		{map[string]string{"LANG": "en_US.ISO-8859-1"}, ASCII},
		{map[string]string{"LANG": "zh_CN.GB18030"}, ASCII},
		{map[string]string{"LANG": "zh_CN.UTF-8"}, EastAsian},
		{map[string]string{"LANG": "ja_JP.UTF-8"}, EastAsian},
		{map[string]string{"LANG": "ko_KR.UTF-8@cjk_narrow"}, Unicode},
		{map[string]string{"LANG": "en_US.UTF-8", "LC_ALL": "zh_TW.UTF-8"}, EastAsian},
		{map[string]string{"LANG": "zh_TW.UTF-8", "LC_CTYPE": "en_US.UTF-8"}, Unicode},
		{map[string]string{"LANG": "zh_CN.UTF-8", "RUNEWIDTH_EASTASIAN": "0"}, Unicode},
		{map[string]string{"LANG": "en_US.UTF-8", "RUNEWIDTH_EASTASIAN": "1"}, EastAsian},
		{map[string]string{"LANG": "C", "RUNEWIDTH_EASTASIAN": "0"}, ASCII},
		{map[string]string{"LANG": "en_US.UTF-8", "TERM": "dumb"}, ASCII},
	} {
		if got := DetectCharset(func(name string) string { return test.env[name] }); got != test.want {
			t.Errorf("%v: %v, want %v", test.env, got, test.want)
		}
	}
}

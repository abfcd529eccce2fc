package screen

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/c10kit/c10kit/internal/golden"
	"github.com/charmbracelet/colorprofile"
	"pgregory.net/rapid"
)

var sequences = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// write draws spans one behind the other.
func write(a Area, x, y int, spans ...Span) {
	for _, s := range spans {
		x = a.Text(x, y, s.Text, s.Style)
	}
}

// sample is a screen with something of everything.
func sample(charset Charset) *Grid {
	g := New(44, 10, charset)
	in := g.Panel(Panel{Title: "c10kit compare", Right: "00:12/00:30", Footer: "? help  q quit"})
	g.Divider(4, Panel{Title: "[1]percentiles  2 time"})
	write(in, 0, 0, Span{" MODEL ", Title}, Span{"req/s ±", Title}, Span{"  good", Good}, Span{" warn", Warn}, Span{" bad", Bad})
	for i := range 2 {
		write(in, 1, 1+i, Span{string(Marker(i)), Series(i)}, Span{" prefork", Normal}, Span{" 11480", Bold | Strong}, Span{" ▁▂▃▄▅▆▇█", Series(i)})
	}
	in.Row(2).Select()
	for i := range HeatLevels {
		in.Set(i, 4, []rune("··░░▒▒▓█")[i], Heat(i))
	}
	in.Text(10, 4, "█████▌ ⣿⢇⡱ 世界 <&>", Series(2))
	inner := in.Sub(0, 5, 20, 3).Panel(Panel{Title: "pane", Focused: true})
	inner.Text(0, 0, "in the focused pane", Dim)
	return g
}

func TestGolden(t *testing.T) {
	for _, charset := range []Charset{Unicode, EastAsian, ASCII} {
		golden.Check(t, "sample-"+charset.String()+".txt", []byte(sample(charset).Plain()))
	}
	for _, theme := range []Theme{Dark(), Light()} {
		var b bytes.Buffer
		if err := sample(Unicode).SVG(&b, theme, "A sample"); err != nil {
			t.Fatal(err)
		}
		golden.Check(t, "sample-"+theme.Name+".svg", b.Bytes())
		for p := colorprofile.ASCII; p <= colorprofile.TrueColor; p++ {
			out := strings.ReplaceAll(NewPainter(theme, p).Render(sample(Unicode)), "\x1b", "^[")
			golden.Check(t, "sample-"+theme.Name+"-"+strings.ToLower(p.String())+".txt", []byte(out+"\n"))
		}
	}
}

// TestNoColour: NO_COLOR leaves bold and reverse, so the selected row is still seen.
func TestNoColour(t *testing.T) {
	out := NewPainter(Dark(), colorprofile.ASCII).Render(sample(Unicode))
	for _, s := range sequences.FindAllString(out, -1) {
		switch s {
		case "\x1b[0m", "\x1b[0;1m", "\x1b[0;7m", "\x1b[0;1;7m":
		default:
			t.Errorf("%q without colour", s)
		}
	}
	if !strings.Contains(out, "\x1b[0;7m") {
		t.Error("no reversed row")
	}
}

// TestRuns: one sequence for a run of one style, none for blanks between two runs of it.
func TestRuns(t *testing.T) {
	g := New(12, 1, Unicode)
	g.Text(0, 0, "ab", Good)
	g.Text(4, 0, "cd", Good)
	g.Text(8, 0, "e", Normal)
	want := "\x1b[0;32mab  cd  \x1b[0me"
	if got := NewPainter(Dark(), colorprofile.ANSI).Render(g); got != strings.Replace(want, "32", "92", 1) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestRunsReversed: what is reversed ends where it ends.
func TestRunsReversed(t *testing.T) {
	g := New(5, 1, Unicode)
	g.Text(0, 0, "a   b", Normal)
	g.Sub(0, 0, 2, 1).Select()
	want := "\x1b[0;7ma \x1b[0m  b"
	if got := NewPainter(Dark(), colorprofile.ASCII).Render(g); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestProfile(t *testing.T) {
	for _, test := range []struct {
		env  string
		want colorprofile.Profile
	}{
		{"TERM=xterm-256color", colorprofile.ANSI256},
		{"TERM=xterm-256color COLORTERM=truecolor", colorprofile.TrueColor},
		{"TERM=xterm-256color NO_COLOR=1", colorprofile.ASCII},
		{"TERM=xterm-256color NO_COLOR=please", colorprofile.ASCII},
		{"TERM=xterm-256color NO_COLOR=", colorprofile.ANSI256},
		{"TERM=dumb", colorprofile.NoTTY},
		{"TERM=dumb NO_COLOR=1", colorprofile.NoTTY},
		{"TERM=dumb CLICOLOR_FORCE=1", colorprofile.ANSI},
		{"", colorprofile.NoTTY},
	} {
		if got := Profile(strings.Fields(test.env)); got != test.want {
			t.Errorf("%s: %v, want %v", test.env, got, test.want)
		}
	}
}

// checkSVG fails unless the picture of g is well formed, refers to nothing
// outside of it, and has the words of g.
func checkSVG(t *rapid.T, g *Grid) {
	var b, again bytes.Buffer
	if g.SVG(&b, Dark(), "a <title>") != nil || g.SVG(&again, Dark(), "a <title>") != nil {
		t.Fatal("a buffer failed")
	}
	if !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Fatal("two pictures differ")
	}
	var texts []string
	d := xml.NewDecoder(&b)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in %s", err, again.String())
		}
		switch token := token.(type) {
		case xml.StartElement:
			for _, a := range token.Attr {
				if a.Name.Local == "href" || a.Name.Local == "src" {
					t.Fatalf("the picture refers to %s", a.Value)
				}
			}
		case xml.CharData:
			texts = append(texts, string(token))
		}
	}
	all := strings.Join(texts, "\n")
	for _, word := range strings.FieldsFunc(g.Plain(), func(r rune) bool { return r == ' ' || r == '\n' || r == '\u3000' || hasShape(r) }) {
		if !strings.Contains(all, word) {
			// A word in several styles is in several pieces.
			for _, r := range word {
				if !strings.ContainsRune(all, r) {
					t.Fatalf("%q of %q is not in the picture", r, word)
				}
			}
		}
	}
}

type failing struct{ after int }

func (f *failing) Write(p []byte) (int, error) {
	if f.after -= len(p); f.after < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

// TestSVGError: a full disk is not overlooked.
func TestSVGError(t *testing.T) {
	for _, after := range []int{0, 5000} {
		if err := sample(Unicode).SVG(&failing{after}, Dark(), ""); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("after %d bytes: %v", after, err)
		}
	}
}

package reports_test

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/c10kit/c10kit/internal/golden"
	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func text(t *testing.T, s *results.Stored, opt reports.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := reports.Text(&b, s, opt); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTextGolden(t *testing.T) {
	interrupted := fixture(standard, 3)
	interrupted.Results = interrupted.Results[:9]
	interrupted.Manifest.Interrupted = true
	interrupted.Warnings = []string{"results.txt:120: the last line is cut short and left out"}

	close := fixture(standard[:2], 3)
	for i := range close.Results {
		r := &close.Results[i]
		if r.Model == "reactor" {
			r.Values[results.ReqPerSec] = 24813 * []float64{1.01, 0.99, 1.03}[r.Round-1]
		}
	}
	for name, c := range map[string]struct {
		stored *results.Stored
		opt    reports.Options
	}{
		"compare":        {fixture(standard, 3), reports.Options{}},
		"compare-ascii":  {fixture(standard, 3), reports.Options{ASCII: true}},
		"compare-100":    {fixture(standard, 3), reports.Options{Width: 100}},
		"compare-wide":   {fixture(standard, 3), reports.Options{Width: 120}},
		"compare-160":    {fixture(standard, 3), reports.Options{Width: 160}},
		"compare-colour": {fixture(standard[:3], 3), reports.Options{Colour: true}},
		"one-round":      {fixture(standard[3:5], 1), reports.Options{}},
		"every-model":    {fixture(everyModel(), 3), reports.Options{}},
		"overlap":        {close, reports.Options{}},
		"interrupted":    {interrupted, reports.Options{}},
		"empty":          {&results.Stored{Manifest: results.Manifest{Name: "compare"}}, reports.Options{}},
	} {
		t.Run(name, func(t *testing.T) {
			golden.Check(t, name+".txt", []byte(text(t, c.stored, c.opt)))
		})
	}
}

// TestTextWidth holds every line, not only those of the golden files, against
// the width; only a word that is longer may overhang.
func TestTextWidth(t *testing.T) {
	for _, s := range []*results.Stored{fixture(standard, 3), fixture(everyModel(), 3), fixture(everyModel(), 1)} {
		for _, width := range []int{80, 100, 120, 160} {
			for line := range strings.SplitSeq(text(t, s, reports.Options{Width: width}), "\n") {
				if n := utf8.RuneCountInString(line); n > width {
					t.Errorf("%d columns of %d: %q", n, width, line)
				}
				if strings.TrimRight(line, " ") != line {
					t.Errorf("blanks at the end of %q", line)
				}
			}
		}
	}
}

// TestTextNarrow says what gives way when the width is not enough: the model,
// never a figure.
func TestTextNarrow(t *testing.T) {
	all := everyModel()
	all[0].spec, all[0].variant = "cmd", "nginx -c {dir}/a-very-long-name-of-a-configuration.conf"
	got := text(t, fixture(all, 3), reports.Options{})
	if want := "cmd:nginx -c {dir}/a…    1 8.27k ±3% ×1.00 2.31ms 3.44ms 31.2µs   0 server-cpu\n"; !strings.Contains(got, want) {
		t.Errorf("no row %q in\n%s", want, got)
	}
	for line := range strings.SplitSeq(got, "\n") {
		if n := utf8.RuneCountInString(line); n > 80 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

// TestTextTiny: a width that nothing fits into costs looks, nothing else.
func TestTextTiny(t *testing.T) {
	words := func(s string) int { return len(strings.Fields(s)) }
	s := fixture(standard, 3)
	if one, narrow := text(t, s, reports.Options{Width: 1}), text(t, s, reports.Options{}); words(one) != words(narrow) {
		t.Errorf("%d words at width 1, %d at 80:\n%s", words(one), words(narrow), one)
	}
}

var sgr = regexp.MustCompile("\x1b\\[[0-9]+m")

func TestColourAndASCIIChangeNothingElse(t *testing.T) {
	s := fixture(standard, 3)
	want := text(t, s, reports.Options{})
	coloured := text(t, s, reports.Options{Colour: true})
	if !sgr.MatchString(coloured) {
		t.Error("no colour at all")
	}
	if got := sgr.ReplaceAllString(coloured, ""); got != want {
		t.Errorf("colours stripped:\n%s\nwithout colours:\n%s", got, want)
	}
	for _, r := range text(t, s, reports.Options{ASCII: true}) {
		if r > 126 || r < ' ' && r != '\n' {
			t.Errorf("%q is not printable ASCII", r)
		}
	}
}

// TestTextFromFolder is the promise that compare prints nothing that cannot be
// printed again from the run folder.
func TestTextFromFolder(t *testing.T) {
	s := fixture(standard, 3)
	run, err := results.Create(t.TempDir(), s.Manifest.Name, s.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Results {
		if err := run.Result(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := run.Close(false); err != nil {
		t.Fatal(err)
	}
	stored, err := results.Open(run.Dir())
	if err != nil {
		t.Fatal(err)
	}
	for _, opt := range []reports.Options{{}, {Colour: true}, {Width: 132}, {ASCII: true}} {
		if want, got := text(t, s, opt), text(t, stored, opt); got != want {
			t.Errorf("%+v: from the folder\n%s\nfrom memory\n%s", opt, got, want)
		}
	}
}

// TestHostileFolder: a run folder may come from anybody.
func TestHostileFolder(t *testing.T) {
	const escape = "\x1b]0;owned\x07\u202e\u0085"
	s := fixture(standard[:1], 1)
	s.Manifest.Kernel, s.Manifest.Warnings = "Linux"+escape, []string{escape}
	s.Warnings = []string{escape}
	r := &s.Results[0]
	r.Verdict.Evidence, r.Notes, r.Variant = escape, []string{"a\nb" + escape}, escape
	r.Errors = map[string]uint64{escape: 1}
	r.Missing[results.P90] = escape
	got := text(t, s, reports.Options{})
	if strings.ContainsAny(got, "\x1b\x07\u202e\u0085") {
		t.Errorf("a control character reached the terminal: %q", got)
	}
}

type brokenPipe struct{}

var errPipe = errors.New("broken pipe")

func (brokenPipe) Write([]byte) (int, error) { return 0, errPipe }

func TestWriteError(t *testing.T) {
	s := fixture(standard, 1)
	if err := reports.Text(brokenPipe{}, s, reports.Options{}); !errors.Is(err, errPipe) {
		t.Errorf("Text: %v", err)
	}
	if err := reports.JSON(brokenPipe{}, s); !errors.Is(err, errPipe) {
		t.Errorf("JSON: %v", err)
	}
}

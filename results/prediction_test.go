package results

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const examplePredictions = `
[[prediction]]
says = "a thread costs a switch more"
metric = "csw-vol/req"
model = "prefork"
direction = "lower"
than = "tpc"
why = "nothing is created"
where = { mode = "close", conns = 64 }

[[prediction]]
metric = "p99-ns"
model = "ppc"
direction = "same"
factor = 2
than = "tpc"

[[prediction]]
metric = "csw-vol/req"
model = "prefork"
direction = "higher"
value = 2.5
`

func TestParsePredictions(t *testing.T) {
	ps, err := ParsePredictions([]byte(examplePredictions))
	if err != nil || len(ps) != 3 {
		t.Fatalf("%d predictions, error %v", len(ps), err)
	}
	for i, want := range []string{"a thread costs a switch more", "ppc p99-ns is within 2x of tpc", "prefork csw-vol/req is higher than 2.50"} {
		if got := ps[i].String(); got != want {
			t.Errorf("prediction %d: %q, want %q", i+1, got, want)
		}
	}
	one := func(lines string) string {
		return "[[prediction]]\nmetric = 'req/s'\nmodel = 'ppc'\ndirection = 'lower'\nthan = 'tpc'\n" + lines
	}
	for _, tt := range []struct{ data, want string }{
		{"", "it has no [[prediction]]"},
		{"[[prediction]", "line 1: "},
		{strings.Replace(one(""), "req/s", "rps", 1), `prediction 1: metric "rps": one of req/s, `},
		{strings.Replace(one(""), "model = 'ppc'", "", 1), "prediction 1: model is missing"},
		{strings.Replace(one(""), "lower", "less", 1), `direction "less": lower, higher or same`},
		{one("factor = 0.5"), "factor 0.5: at least 1"},
		{one("factor = nan"), "factor NaN: at least 1"},
		{one("value = 2.0"), "than and value: only one of them"},
		{strings.Replace(one("value = -1.0"), "than = 'tpc'", "", 1), "value -1: a number from 0"},
		{one("where = { colour = 'red' }"), `where has no key "colour"; there are app, `},
		{one("because = 'x'"), "no key \"prediction.because\"; there are says, "},
	} {
		if _, err := ParsePredictions([]byte(tt.data)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %q", tt.data, err, tt.want)
		}
	}
}

// measured is a result of a model with one metric.
func measured(spec, mode string, round int, m Metric, v float64) Result {
	model, variant, _ := strings.Cut(spec, ":")
	r := Result{Cell: Cell{
		Model: model, Variant: variant, App: "http", Path: "/plaintext", Conns: 64, Workers: len(spec),
		Mode: mode, Closer: CloserServer, Pipeline: 1, Placement: PlacementSplit, Round: round,
	}.Identify()}
	r.Set(m, v)
	return r
}

func TestJudge(t *testing.T) {
	ps, err := ParsePredictions([]byte(examplePredictions))
	if err != nil {
		t.Fatal(err)
	}
	var rs []Result
	for round, v := range []struct{ prefork, tpc float64 }{{2, 3}, {2.02, 3.1}, {2.6, 3.05}} {
		tpc := measured("tpc:thread", ModeClose, round+1, CswVoluntary, v.tpc)
		tpc.Miss(P99, "not today")
		rs = append(rs, tpc,
			measured("prefork:accept", ModeClose, round+1, CswVoluntary, v.prefork),
			measured("prefork:accept", ModeKeepAlive, round+1, CswVoluntary, 1),
			measured("ppc:fork", ModeClose, round+1, P99, 9e6))
	}
	var got []string
	for _, o := range Judge(ps, rs) {
		got = append(got, fmt.Sprintf("%s %s: %s: %v", o.Cell.Spec(), o.Cell.Mode, o.State, o))
	}
	want := []string{
		"prefork:accept close: held: 2.02 < 3.05, in 3 of 3 rounds",
		"ppc:fork close: unmeasured: p99-ns of tpc:thread is missing: not today",
		"prefork:accept close: undecided: 2.02 < 2.50, in 1 of 3 rounds",
		"prefork:accept keepalive: refuted: 1 < 2.50, in 0 of 3 rounds",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("outcomes:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := Predicted(Judge(ps, rs)); got != "1 held, 1 refuted, 1 undecided, 1 unmeasured" {
		t.Errorf("in short: %s", got)
	}

	rs = append(rs, measured("tpc:goroutine", ModeClose, 1, CswVoluntary, 4))
	if o := Judge(ps[:1], rs)[0]; o.State != Held || o.Rounds != 2 {
		t.Errorf("with two variants of tpc in round 1: %+v, want rounds 2 and 3 only", o)
	}
	if o := Judge(ps[:1], nil); len(o) != 1 || o[0].State != Unmeasured || o[0].String() != "no cell of prefork was measured" {
		t.Errorf("without results: %+v", o)
	}
}

// TestJudgeOpposites: what is predicted lower and higher by one factor is never both,
// and same is neither.
func TestJudgeOpposites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		factor := rapid.Float64Range(1, 8).Draw(t, "factor")
		rs := []Result{
			measured("a", ModeClose, 1, ReqPerSec, rapid.Float64Range(0, 1e6).Draw(t, "a")),
			measured("b", ModeClose, 1, ReqPerSec, rapid.Float64Range(0, 1e6).Draw(t, "b")),
		}
		held := 0
		for _, d := range []string{DirectionLower, DirectionHigher, DirectionSame} {
			p := Prediction{Metric: ReqPerSec, Model: "a", Than: "b", Direction: d, Factor: factor}
			if Judge([]Prediction{p}, rs)[0].State == Held {
				held++
			}
		}
		if held != 1 {
			t.Fatalf("%d of three directions held", held)
		}
	})
}

// TestLocked: predictions are those that were there before the run.
func TestLocked(t *testing.T) {
	start := func(t *testing.T) *Run {
		run, err := Create(t.TempDir(), "compare", Manifest{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := run.Close(false); err != nil {
				t.Error(err)
			}
		})
		if err := run.Predict([]byte(examplePredictions)); err != nil {
			t.Fatal(err)
		}
		return run
	}
	path := func(run *Run) string { return filepath.Join(run.Dir(), predictionsFile) }
	for name, tt := range map[string]struct {
		change func(t *testing.T, run *Run) error
		want   string // a warning; empty: the predictions are there
	}{
		"as it was": {func(*testing.T, *Run) error { return nil }, ""},
		"changed": {func(t *testing.T, run *Run) error {
			if err := os.Chmod(path(run), 0o644); err != nil {
				return err
			}
			return os.WriteFile(path(run), []byte(strings.Replace(examplePredictions, "lower", "higher", 1)), 0o644)
		}, "was changed after the run began"},
		"gone": {func(t *testing.T, run *Run) error { return os.Remove(path(run)) }, "is not there, but the manifest has its hash"},
		"late": {func(t *testing.T, run *Run) error {
			return run.Update(func(m *Manifest) { m.PredictionHash = "" })
		}, "was not there when the run began"},
	} {
		t.Run(name, func(t *testing.T) {
			run := start(t)
			if err := tt.change(t, run); err != nil {
				t.Fatal(err)
			}
			s, err := Open(run.Dir())
			if err != nil {
				t.Fatal(err)
			}
			warned := strings.Join(s.Warnings, "\n")
			if tt.want == "" && (len(s.Predictions) != 3 || strings.Contains(warned, predictionsFile)) {
				t.Errorf("%d predictions, warnings %q", len(s.Predictions), warned)
			}
			if tt.want != "" && (len(s.Predictions) != 0 || !strings.Contains(warned, tt.want)) {
				t.Errorf("%d predictions, warnings %q, want none and %q", len(s.Predictions), warned, tt.want)
			}
		})
	}
}

// FuzzPredictions: no bytes make the reader panic, and what it takes can be judged.
func FuzzPredictions(f *testing.F) {
	f.Add([]byte(examplePredictions))
	f.Add([]byte("[[prediction]]\nmetric='req/s'\nmodel='a'\ndirection='same'\nfactor=1e308\nwhere={conns=64}"))
	rs := []Result{measured("a", ModeClose, 1, ReqPerSec, 1)}
	f.Fuzz(func(t *testing.T, data []byte) {
		ps, err := ParsePredictions(data)
		if err != nil {
			return
		}
		for _, o := range Judge(ps, rs) {
			if o.String() == "" || o.Prediction.String() == "" {
				t.Fatalf("%+v has no words", o)
			}
		}
	})
}

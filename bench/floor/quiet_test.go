package floor

import (
	"errors"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	const stat = "cpu  100 20 3 99999 88888 4 5 6 7 8\ncpu0 1 2 3 4 5 6 7 8 9 10\n"
	if got, err := parseStat([]byte(stat)); err != nil || got != 1380*time.Millisecond {
		t.Errorf("parsed as %v, %v; expected 138 ticks", got, err)
	}
	for _, bad := range []string{"", "cpu 1 2 3\n", "intr 1 2 3 4 5 6 7 8 9\n", "cpu 1 2 x 4 5 6 7 8 9\n"} {
		if got, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q parsed as %v", bad, got)
		}
	}
}

// A run whose own share is understated looks foreign and is repeated; one that owns the whole machine is quiet.
func TestQuiet(t *testing.T) {
	for _, tc := range []struct {
		name  string
		own   time.Duration
		tries int
	}{
		{"busy", -time.Hour, 3},
		{"quiet", time.Hour, 1},
	} {
		runs := 0
		cost, err := Quiet(3, 0.05, func() (float64, time.Duration, error) { runs++; return float64(runs), tc.own, nil })()
		if err != nil || runs != tc.tries || cost != float64(tc.tries) {
			t.Errorf("%s: %d runs, cost %v, %v; expected the cost of run %d", tc.name, runs, cost, err, tc.tries)
		}
	}
	failure := errors.New("no such server")
	if _, err := Quiet(3, 0.05, func() (float64, time.Duration, error) { return 0, 0, failure })(); !errors.Is(err, failure) {
		t.Errorf("a failing run: %v", err)
	}
}

package dashboard

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/charmbracelet/colorprofile"
	"go.uber.org/goleak"

	"github.com/c10kit/c10kit/results"
)

var start = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorded is the run in testdata: c10kit compare --rounds 2, the six models and the
// baseline, with all that the kernel counted, on a machine with nothing else to do: the
// table of TIME_WAITs was empty.
const recorded = "20261128-213951-compare"

func open(t testing.TB) *results.Stored {
	t.Helper()
	s, err := results.Open(filepath.Join("testdata", recorded))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Warnings) > 0 {
		t.Fatalf("the recorded run is damaged: %v", s.Warnings)
	}
	return s
}

// recording is the recorded run, to be shown.
func recording(t testing.TB) Recording { return Record(open(t)) }

// played is a dash that shows the recorded run up to part, at a size.
func played(t testing.TB, width, height int, part float64) *dash {
	d := newDash(nil, look{profile: colorprofile.NoTTY}, DefaultFPS)
	d.show(recording(t), nil)
	d.resize(width, height)
	d.seek(func(p *player) { p.seekPart(part) })
	d.now = d.player.at
	d.group = 2
	return d
}

// plainView is the text of what d shows.
func plainView(d *dash) string {
	d.draw()
	return d.grid.Plain()
}

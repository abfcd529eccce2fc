package prethread_test

import (
	"errors"
	"testing"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/modeltest"
	_ "github.com/c10kit/c10kit/prethread"
)

func TestMain(m *testing.M) { modeltest.Main(m) }

func TestModel(t *testing.T) { modeltest.TestModel(t, "prethread:accept") }

// TestTooFewSlots: a pool that cannot get all its workers ends those that it has
// before it says so. The board goes away right after.
func TestTooFewSlots(t *testing.T) {
	m, _, err := models.Find("prethread")
	if err != nil {
		t.Fatal(err)
	}
	b, err := board.New(4)
	if err != nil {
		t.Fatal(err)
	}
	l, err := models.Listen("127.0.0.1:0", 1, false)
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.New(&models.Env{Config: models.Config{Workers: 8}.WithDefaults(m), Listener: l, Board: b})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(); !errors.Is(err, board.ErrFull) {
		t.Errorf("8 workers on 4 slots: %v, want %v", err, board.ErrFull)
	}
	if n := b.Total().Ended; n != 4 {
		t.Errorf("%d of 4 workers have ended when Serve returns", n)
	}
	if err := errors.Join(l.Close(), b.Close()); err != nil {
		t.Error(err)
	}
}

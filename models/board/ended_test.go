package board

import (
	"syscall"
	"testing"
	"time"
)

// TestSwitches: whatever way a worker ends, its context switches are in the totals
// once, and those of its process's other threads apart.
func TestSwitches(t *testing.T) {
	b, err := New(4)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	take := func() *Slot {
		s, err := b.Take(1, 1)
		if err != nil {
			t.Fatal(err)
		}
		s.Add(Connections, 1)
		return s
	}
	usage := func(vol, invol int64) *syscall.Rusage {
		return &syscall.Rusage{
			Nvcsw: vol, Nivcsw: invol,
			Utime: syscall.NsecToTimeval(int64(time.Millisecond)), Stime: syscall.NsecToTimeval(int64(2 * time.Millisecond)),
		}
	}

	b.Left(take(), 0, usage(10, 1)) // a thread: 11, with the switch that ends it
	if got, want := b.Switches(), (Switches{11, 1, 0}); got != want {
		t.Fatalf("after a thread left: %+v, want %+v", got, want)
	}

	raw := take()
	b.Exits(raw, 3, nil)
	if raw.State() != Ended || raw.Generation()&1 == 0 || b.EndedWorkers() != 1 || b.Leaked() != 0 {
		t.Errorf("a process that exits is %v on the board, ended %d, leaked %d", raw.State(), b.EndedWorkers(), b.Leaked())
	}
	b.Reaped(raw, usage(20, 2))
	if got, want := b.Switches(), (Switches{31, 3, 0}); got != want {
		t.Fatalf("after a raw child was reaped: %+v, want %+v", got, want)
	}
	if raw.State() != Free || b.EndedWorkers() != 2 || b.Leaked() != 3 || b.Total().Errors != 0 {
		t.Errorf("its slot is %v, ended %d, leaked %d, errors %d", raw.State(), b.EndedWorkers(), b.Leaked(), b.Total().Errors)
	}

	executed := take()
	b.Exits(executed, 0, usage(4, 0)) // its thread: 5 of the 30 of its process
	b.Reaped(executed, usage(28, 2))
	if got, want := b.Switches(), (Switches{36, 3, 25}); got != want {
		t.Fatalf("after an executed child was reaped: %+v, want %+v", got, want)
	}

	crashed := take()
	b.Reaped(crashed, usage(40, 4))
	if got, want := b.Switches(), (Switches{76, 7, 25}); got != want {
		t.Fatalf("after a worker crashed: %+v, want %+v", got, want)
	}
	if n := b.Total(); n.Errors != 1 || n.Closed != 1 {
		t.Errorf("the connection of a worker that crashed: %+v", n)
	}
	b.Reaped(nil, usage(1, 0)) // never had a slot
	if got, want := b.Switches(), (Switches{77, 7, 25}); got != want {
		t.Errorf("after a process without a slot was reaped: %+v, want %+v", got, want)
	}
	if user, sys := b.CPU(); user != 4*time.Millisecond || sys != 8*time.Millisecond {
		t.Errorf("CPU %v and %v, want that of the four that were reaped", user, sys)
	}
	if again := take(); again.switches[voluntary].Load() != 0 || again.live.Load() != 0 {
		t.Error("a slot begins with what its last user left")
	}
}

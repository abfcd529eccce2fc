package board

import (
	"os/exec"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSwitches: whatever way a worker ends, its context switches are in the totals
// once, and those of its process's other threads apart.
func TestSwitches(t *testing.T) {
	b, err := New(8)
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
	if got, want := b.Switches(), (Switches{11, 1, 0, 0}); got != want {
		t.Fatalf("after a thread left: %+v, want %+v", got, want)
	}

	raw := take()
	b.ExitsAlone(raw, 3, usage(19, 1))
	if raw.State() != Ended || raw.Generation()&1 == 0 || b.EndedWorkers() != 1 || b.Leaked() != 0 {
		t.Errorf("a process that exits is %v on the board, ended %d, leaked %d", raw.State(), b.EndedWorkers(), b.Leaked())
	}
	b.Reaped(raw, usage(20, 2))
	if got, want := b.Switches(), (Switches{31, 3, 0, 0}); got != want {
		t.Fatalf("after a raw child was reaped: %+v, want %+v", got, want)
	}
	if raw.State() != Free || b.EndedWorkers() != 2 || b.Leaked() != 3 || b.Total().Errors != 0 {
		t.Errorf("its slot is %v, ended %d, leaked %d, errors %d", raw.State(), b.EndedWorkers(), b.Leaked(), b.Total().Errors)
	}

	early := take()
	b.ExitsAlone(early, 0, usage(20, 1)) // reaped before it made its last switch, the 21st
	before := b.Switches()
	b.Reaped(early, usage(20, 2))
	if got := b.Switches(); got.Voluntary-before.Voluntary != 21 || got.Involuntary-before.Involuntary != 2 || got.Rest != 0 {
		t.Fatalf("after a child was reaped early: %+v, before it %+v", got, before)
	}

	executed := take()
	b.Exits(executed, 0, usage(4, 0)) // its thread: 5 of the 30 of its process
	b.Reaped(executed, usage(28, 2))
	if got, want := b.Switches(), (Switches{57, 5, 25, 0}); got != want {
		t.Fatalf("after an executed child was reaped: %+v, want %+v", got, want)
	}

	crashed := take()
	b.Reaped(crashed, usage(40, 4))
	if got, want := b.Switches(), (Switches{97, 9, 25, 0}); got != want {
		t.Fatalf("after a worker crashed: %+v, want %+v", got, want)
	}
	if n := b.Total(); n.Errors != 1 || n.Closed != 1 {
		t.Errorf("the connection of a worker that crashed: %+v", n)
	}
	b.Reaped(nil, usage(1, 0)) // never had a slot
	if got, want := b.Switches(), (Switches{98, 9, 25, 0}); got != want {
		t.Errorf("after a process without a slot was reaped: %+v, want %+v", got, want)
	}
	if again := take(); again.switches[voluntary].Load() != 0 || again.live.Load() != 0 {
		t.Error("a slot begins with what its last user left")
	}

	// Processes of several threads that were killed: the thread was read, was another
	// than the leader, had no seat yet; and one that had said that it exits.
	for _, k := range []struct {
		usage  *syscall.Rusage
		zombie Zombie
		told   bool
		want   Switches
	}{
		{usage(50, 5), Zombie{Switches{Voluntary: 30, Involuntary: 1}, true}, false, Switches{128, 10, 49, 0}},
		{usage(10, 2), Zombie{}, false, Switches{138, 12, 49, 12}},
		{usage(6, 1), Zombie{known: true}, false, Switches{138, 12, 56, 12}},
		{usage(9, 1), Zombie{}, true, Switches{142, 12, 62, 12}},
	} {
		s := take()
		if k.told {
			b.Exits(s, 0, usage(3, 0))
		}
		b.ReapedZombie(s, k.usage, k.zombie)
		if got := b.Switches(); got != k.want || s.State() != Free {
			t.Fatalf("after a killed process of several threads, %+v: %+v, want %+v; its slot is %v", k, got, k.want, s.State())
		}
	}
	if user, sys := b.CPU(); user != 9*time.Millisecond || sys != 18*time.Millisecond {
		t.Errorf("CPU %v and %v, want that of the nine that were reaped", user, sys)
	}
}

// TestReadZombie: between its end and its being reaped, a killed process still says what
// its leader has done, as wait4(2) does then; of another thread nothing is known.
func TestReadZombie(t *testing.T) {
	b, err := New(1)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	s, err := b.Take(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sleep", "60") // one thread
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	if z := ReadZombie(s, pid); z != (Zombie{known: true}) {
		t.Errorf("of a worker that has not introduced itself: %+v", z)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	s.SetThread(pid, pid+1)
	if z := ReadZombie(s, pid); z != (Zombie{}) {
		t.Errorf("of a thread that is not the leader: %+v", z)
	}
	s.SetThread(pid, pid)
	z := ReadZombie(s, pid)
	var all syscall.Rusage
	if _, err := syscall.Wait4(pid, nil, 0, &all); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Process.Release()
	sum := z.thread.Voluntary + z.thread.Involuntary
	if want := uint64(all.Nvcsw + all.Nivcsw); !z.known || sum == 0 || sum > want || sum+1 < want { // the last is that of its end
		t.Errorf("%+v of a zombie that had %d and %d switches", z, all.Nvcsw, all.Nivcsw)
	}
	b.Exits(s, 0, &all)
	if z := ReadZombie(s, pid); z != (Zombie{}) {
		t.Errorf("of one that said it exits: %+v", z)
	}
}

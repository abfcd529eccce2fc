package floor

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/c10kit/c10kit/internal/sys"
	"golang.org/x/sys/unix"
)

// forking runs f for the yardsticks that serve in processes of their own.
func forking(t *testing.T, f func(t *testing.T, which Which)) {
	for _, which := range []Which{Prefork, PPC} {
		t.Run(string(which), func(t *testing.T) { f(t, which) })
	}
}

// family starts a yardstick with three processes at work, and returns them, the parent first.
func family(t *testing.T, which Which) (*Proc, []int) {
	t.Helper()
	args := []string{}
	if which == Prefork {
		args = append(args, Workers(3))
	}
	p := start(t, which, nil, args...)
	for range 3 {
		conn := dial(t, p)
		exchange(t, conn, bufio.NewReader(conn))
	}
	pids, err := Processes(p.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if len(pids) != 4 || pids[0] != p.Pid {
		t.Fatalf("processes %v of %d, want it and three children", pids, p.Pid)
	}
	return p, pids
}

// ended reports whether a process is gone or a zombie. An orphan's corpse is somebody else's to bury: process 1 of a
// container may take its time.
func ended(t *testing.T, pid int) bool {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if gone(err) {
		return true
	}
	if err != nil {
		t.Fatal(err)
	}
	return slices.Contains([]byte("ZX"), stat[slices.Index(stat, ')')+2])
}

func TestProcesses(t *testing.T) {
	forking(t, func(t *testing.T, which Which) { family(t, which) })
	p := start(t, Prethread, nil, Workers(5))
	if pids, err := Processes(p.Pid); err != nil || !slices.Equal(pids, []int{p.Pid}) {
		t.Errorf("threads counted as processes: %v, %v", pids, err)
	}
	if tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.Pid)); err != nil || len(tasks) != 6 {
		t.Errorf("%d threads, %v; want main and 5 workers", len(tasks), err)
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := Processes(p.Pid); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a process that has ended: %v", err)
	}
}

// Stop returns when the children are reaped: not even a zombie is left.
func TestStopEndsChildren(t *testing.T) {
	forking(t, func(t *testing.T, which Which) {
		p, pids := family(t, which)
		if err := p.Stop(); err != nil {
			t.Fatal(err)
		}
		for _, pid := range pids {
			if err := syscall.Kill(pid, 0); !errors.Is(err, unix.ESRCH) {
				t.Errorf("process %d of %v after Stop: %v, want it gone", pid, pids, err)
			}
		}
	})
}

// A parent that is killed, as it is by the end of this process, takes its children along.
func TestKillEndsChildren(t *testing.T) {
	forking(t, func(t *testing.T, which Which) {
		p, pids := family(t, which)
		if err := syscall.Kill(p.Pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(60 * time.Second)
		for _, pid := range pids {
			for !ended(t, pid) {
				if time.Now().After(deadline) {
					t.Fatalf("process %d of %v outlives its parent", pid, pids)
				}
				time.Sleep(time.Millisecond)
			}
		}
	})
}

// A child that is ended alone takes nobody along in ppc; a pool that is not whole any more says so and ends.
func TestChildEnds(t *testing.T) {
	forking(t, func(t *testing.T, which Which) {
		p, err := Start(t.Context(), which, nil)
		if errors.Is(err, ErrNoCompiler) && os.Getenv("CI") == "" {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		conn := dial(t, p)
		exchange(t, conn, bufio.NewReader(conn))
		pids, err := Processes(p.Pid)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pids[1], syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if which == Prefork {
			<-p.ended
			if err := p.Stop(); err == nil {
				t.Error("a pool that lost a worker ended without an error")
			}
			return
		}
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the connection of the child that was ended: %v, want EOF", err)
		}
		conn = dial(t, p)
		exchange(t, conn, bufio.NewReader(conn))
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
}

// The clock has what children use while they live, and keeps it when they have ended.
func TestCPUOfChildren(t *testing.T) {
	t.Parallel() // waits more than it works
	const used, ticks = 80 * time.Millisecond, 20 * time.Millisecond
	p := start(t, PPC, nil)
	read := func() time.Duration {
		now, err := p.CPU()
		if err != nil {
			t.Fatal(err)
		}
		return now
	}
	before, conn := read(), dial(t, p)
	r := bufio.NewReader(conn)
	for read() < before+used {
		exchange(t, conn, r)
	}
	parent, err := sys.ProcessCPU(p.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if parent > used/2 {
		t.Errorf("the parent used %v of %v: its child should have", parent, read())
	}
	alive := read()
	conn.Close()
	for pids := []int{0, 0}; len(pids) > 1; { // until it is reaped, within the listener's second
		if pids, err = Processes(p.Pid); err != nil {
			t.Fatal(err)
		}
		if now := read(); now < alive-ticks {
			t.Fatalf("%v when the child had ended, %v before", now, alive)
		}
	}
	if now := read(); now < alive-ticks || now > alive+time.Second {
		t.Errorf("%v when the child was reaped, %v before", now, alive)
	}
}

func TestParseReaped(t *testing.T) {
	const tail = " S 1 2 3 4 5 6 7 8 9 10 111 222 33 4 20 0 1 0 777\n"
	for _, name := range []string{"(ppc)", "(a) b (c))"} {
		if got, err := parseReaped([]byte("42 " + name + tail)); err != nil || got != 370*time.Millisecond {
			t.Errorf("%s: %v, %v; want 33 + 4 ticks", name, got, err)
		}
	}
	for _, bad := range []string{"", "42 (ppc) S 1 2\n", "42 (ppc) S 1 2 3 4 5 6 7 8 9 10 111 222 x 4 20\n"} {
		if got, err := parseReaped([]byte(bad)); err == nil {
			t.Errorf("%q parsed as %v", bad, got)
		}
	}
}

package rawfork

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// This file: what a child is born with, seen from outside while it blocks.

func init() { scenarios["hold"] = hold }

// hold is a forker with many descriptors, one of whose children keeps some and
// sleeps for ever.
func hold(args []string) error {
	f, err := Prepare()
	if err != nil {
		return err
	}
	signalsBefore := ownMask()
	for range 60 {
		if _, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
			return err
		}
	}
	var keep []int
	for _, arg := range args {
		fd, err := strconv.Atoi(arg)
		if err != nil {
			return err
		}
		keep = append(keep, fd)
	}
	pid, err := f.Fork(func() int {
		sayNumber("running", 1)
		blockRaw()
		return 0
	}, keep...)
	if err != nil {
		return err
	}
	if now := ownMask(); now != signalsBefore {
		return fmt.Errorf("the fork left the mask of blocked signals at %#x instead of %#x", now, signalsBefore)
	}
	say("child %d", pid)
	return untilEnd()
}

func ownMask() (mask sigset) {
	var set unix.Sigset_t
	_ = unix.PthreadSigmask(unix.SIG_BLOCK, nil, &set)
	return sigset(set.Val[0])
}

// startHold starts hold and returns it with the child's pid, the child running.
func startHold(t *testing.T, keep ...int) (*forker, int) {
	t.Helper()
	args := make([]string, len(keep))
	for i, fd := range keep {
		args[i] = strconv.Itoa(fd)
	}
	f := start(t, patience, "hold", args)
	pid := 0
	for _, line := range []string{f.anyLine(), f.anyLine()} { // forker and child speak in either order
		if p, ok := strings.CutPrefix(line, "child "); ok {
			pid, _ = strconv.Atoi(p)
		}
	}
	if pid == 0 {
		t.Fatal("the forker did not name its child")
	}
	return f, pid
}

func TestChildIsBornWith(t *testing.T) {
	t.Parallel()
	f, pid := startHold(t, 41, 7, 8, 19, 7)
	t.Run("descriptors", func(t *testing.T) {
		if d := cmp.Diff([]int{0, 1, 2, 7, 8, 19, 41}, descriptors(t, pid)); d != "" {
			t.Errorf("descriptors of the child (-want +got):\n%s", d)
		}
		if n := len(descriptors(t, f.cmd.Process.Pid)); n < 60 {
			t.Errorf("the forker has only %d descriptors left", n)
		}
	})
	t.Run("signals", func(t *testing.T) {
		s := status(t, pid)
		got := []sigset{s.signals("SigBlk"), s.signals("SigIgn"), s.signals("SigCgt")}
		want := []sigset{0, set(unix.SIGINT, unix.SIGPIPE), 0}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("signals blocked, ignored, caught (-want +got):\n%s", d)
		}
	})
	t.Run("one thread, its parent the forker", func(t *testing.T) {
		s := status(t, pid)
		if s.lines["Threads"] != "1" || s.lines["PPid"] != fmt.Sprint(f.cmd.Process.Pid) {
			t.Errorf("%s threads, parent %s (forker %d)", s.lines["Threads"], s.lines["PPid"], f.cmd.Process.Pid)
		}
	})
	t.Run("the forker's own signals", func(t *testing.T) {
		s := status(t, f.cmd.Process.Pid)
		ignored, caught := s.signals("SigIgn"), s.signals("SigCgt")
		if want := set(unix.SIGTERM, unix.SIGINT, unix.SIGHUP); ignored != want {
			t.Errorf("ignored %#x, want %#x", ignored, want)
		}
		if blocked := s.signals("SigBlk"); blocked != set(unix.SIGURG) {
			t.Errorf("blocked %#x, want %#x", blocked, set(unix.SIGURG))
		}
		if caught&set(unix.SIGCHLD, unix.SIGTERM) != 0 || caught&set(unix.SIGURG, unix.SIGSEGV) == 0 {
			t.Errorf("caught %#x", caught)
		}
	})
}

// TestChildDiesWithItsForker kills the forker, and the pipe that both it and the child hold
// must end.
func TestChildDiesWithItsForker(t *testing.T) {
	t.Parallel()
	f, _ := startHold(t)
	if err := f.cmd.Process.Signal(syscall.SIGTERM); err != nil { // ignored
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
	select {
	case <-f.exited:
		t.Fatalf("the forker ended by SIGTERM: %v", f.status)
	default:
	}
	if err := f.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for f.lines.Scan() { // until EOF; the watchdog fails the test if the child lives
		t.Errorf("unexpected line %q", f.lines.Text())
	}
	if err := f.wait(); err == nil {
		t.Error("the forker was not killed")
	}
}

// TestGaps: what is closed and what is kept are all descriptors from 3 on, without
// overlap, whatever the list.
func TestGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keep := rapid.SliceOf(rapid.OneOf(rapid.IntRange(0, 40), rapid.IntRange(0, maxDescriptor))).Draw(t, "keep")
		closed, err := gaps(nil, keep)
		if err != nil {
			t.Fatal(err)
		}
		next := uint64(3)
		for _, s := range closed {
			if s.first > s.last {
				t.Fatalf("empty range %v", s)
			}
			for ; next < uint64(s.first); next++ {
				if !slices.Contains(keep, int(next)) {
					t.Fatalf("descriptor %d is neither kept nor closed: %v", next, closed)
				}
			}
			for _, fd := range keep {
				if uint64(fd) >= uint64(s.first) && uint64(fd) <= uint64(s.last) {
					t.Fatalf("descriptor %d is closed: %v", fd, closed)
				}
			}
			next = uint64(s.last) + 1
		}
		if next != lastDescriptor+1 {
			t.Fatalf("descriptors from %d on are not closed", next)
		}
	})
	if _, err := gaps(nil, []int{3, -1}); err == nil {
		t.Error("-1 is taken for a descriptor")
	}
}

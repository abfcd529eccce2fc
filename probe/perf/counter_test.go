package perf

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func counted(tb testing.TB, c *Counter) Totals {
	tb.Helper()
	totals, err := c.Read()
	if err != nil {
		tb.Fatal(err)
	}
	return totals
}

// TestCounterSwitches: threads that are created after the counter are inherited, stay counted after their end, and are
// short of the one switch that ends each.
func TestCounterSwitches(t *testing.T) {
	needCounter(t)
	const threads, sleeps = 20, 50
	child := start(t, "perf-sleepers", strconv.Itoa(threads), strconv.Itoa(sleeps))
	c, err := NewCounter(child.pid)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	attached := len(c.fds)
	before := counted(t, c)
	said := child.work(t)
	after := counted(t, c)
	if len(after) != 1 {
		t.Errorf("asked for 1 event, got %v", after)
	}
	var own uint64
	for _, u := range said {
		own += min(u.voluntary, sleeps) // a thread that the runtime had in store has switched before the window, too
	}
	if got := after[ContextSwitches] - before[ContextSwitches]; got < own {
		t.Errorf("%d switches, the threads say %d", got, own)
	}
	if len(c.fds) != attached || attached < 2 {
		t.Errorf("attached to %d threads, then %d", attached, len(c.fds))
	}
}

// TestCounterTrace: counter and trace are independent ways through the kernel. On the same work they differ by the
// switches of threads that end, which only the trace has.
func TestCounterTrace(t *testing.T) {
	needCounter(t)
	needTrace(t)
	child := start(t, "perf-family", "3", "50")
	c, err := NewCounter(child.pid, ContextSwitches, VoluntarySwitches)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var before, after Totals
	counts := traced(t, Options{Roots: []int{child.pid}}, func() {
		before = counted(t, c)
		child.work(t)
		after = counted(t, c)
	})
	var ended, ending uint64
	sum := counts.Sum(func(thread Thread) bool {
		if thread.Exited {
			ended++
			ending += thread.Ending
		}
		return true
	})
	all := sum.Total()
	got := after[ContextSwitches] - before[ContextSwitches]
	t.Logf("counter %d, trace %d, of which %d while %d threads ended", got, all, ending, ended)
	if ending < ended {
		t.Errorf("%d threads ended with %d switches", ended, ending)
	}
	// At the edges the runtime of the child switches some times between one instrument's instant and the other's. On a
	// busy machine these instants are farther apart, and more of all is switched: some, and a fiftieth part.
	slack := 10 + all/50
	if want := all - ending; got+slack < want || got > want+slack {
		t.Errorf("counter %d, want %d +- %d", got, want, slack)
	}
	// A thread may be preempted on its way out as well: how many of those are voluntary is not told.
	vol := after[VoluntarySwitches] - before[VoluntarySwitches]
	t.Logf("voluntary: counter %d, trace %d", vol, sum.Voluntary)
	if vol+ending+slack < sum.Voluntary || vol > sum.Voluntary+slack {
		t.Errorf("counter %d voluntary, the trace %d, of which at most %d at a thread's end", vol, sum.Voluntary, ending)
	}
}

// TestCounterVoluntaryRefused: nobody but root gets the voluntary ones, and is told why.
func TestCounterVoluntaryRefused(t *testing.T) {
	if _, err := schedSwitch(); err == nil {
		t.Skip("tracefs is readable here")
	}
	c, err := NewCounter(os.Getpid(), ContextSwitches, VoluntarySwitches)
	var refused *Error
	if c != nil || !errors.As(err, &refused) || refused.Cure == "" {
		t.Errorf("%v: want an error with a cure", err)
	}
}

// TestCounterOwnThread: exact against getrusage, for the thread that reads.
func TestCounterOwnThread(t *testing.T) {
	needCounter(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	fd, err := openSwitches(0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	fds := []int{fd}
	if point, err := schedSwitch(); err == nil {
		voluntary, err := openVoluntary(point, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(voluntary)
		fds = append(fds, voluntary)
	}
	read := func() (counts []uint64, usage [2]uint64) {
		t.Helper()
		// A preemption between the calls is seen by some of them only: read again until none fell in between.
		for {
			var before, after unix.Rusage
			err := unix.Getrusage(unix.RUSAGE_THREAD, &before)
			counts = counts[:0]
			for _, fd := range fds {
				n, readErr := readCount(fd)
				counts, err = append(counts, n), errors.Join(err, readErr)
			}
			if err := errors.Join(err, unix.Getrusage(unix.RUSAGE_THREAD, &after)); err != nil {
				t.Fatal(err)
			}
			if before.Nvcsw == after.Nvcsw && before.Nivcsw == after.Nivcsw {
				return counts, [2]uint64{uint64(after.Nvcsw + after.Nivcsw), uint64(after.Nvcsw)}
			}
		}
	}
	counts0, usage0 := read()
	for range 100 {
		ms := unix.NsecToTimespec(int64(time.Millisecond))
		_ = unix.Nanosleep(&ms, nil)
	}
	for begin := threadCPU(t); threadCPU(t)-begin < 50*time.Millisecond; { // to be preempted, where others want to run
	}
	counts1, usage1 := read()
	for i, what := range []string{"switches", "voluntary switches"}[:len(fds)] {
		if got, want := counts1[i]-counts0[i], usage1[i]-usage0[i]; got != want || got < 100 {
			t.Errorf("%d %s, getrusage says %d, slept 100 times", got, what, want)
		}
	}
	t.Logf("%d switches, %d voluntary", usage1[0]-usage0[0], usage1[1]-usage0[1])
}

// TestCounterAfterEnd: a counter outlives its process and keeps the numbers.
func TestCounterAfterEnd(t *testing.T) {
	needCounter(t)
	var c *Counter
	t.Run("process", func(t *testing.T) {
		child := start(t, "perf-sleepers", "4", "10")
		var err error
		if c, err = NewCounter(child.pid); err != nil {
			t.Fatal(err)
		}
		child.work(t)
	})
	if got := counted(t, c)[ContextSwitches]; got < 40 {
		t.Errorf("after the end of the process %d switches, want at least 40", got)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if totals, err := c.Read(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v, %v", totals, err)
	}
}

func TestCounterNoProcess(t *testing.T) {
	_, err := NewCounter(1 << 30)
	if !errors.Is(err, unix.ESRCH) {
		t.Errorf("counter of a process that is not: %v", err)
	}
}

// TestCounterNoDescriptors: 1,000 threads need 1,000 descriptors; without them the error says so and nothing is left.
func TestCounterNoDescriptors(t *testing.T) {
	needCounter(t)
	child := start(t, "perf-crowd", "100")
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	before := descriptors(t)
	small := unix.Rlimit{Cur: uint64(before) + 50, Max: old.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &small); err != nil {
		t.Skip(err)
	}
	_, err := NewCounter(child.pid)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, unix.EMFILE) {
		t.Errorf("with 50 descriptors for 100 threads: %v", err)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// BenchmarkCounterRead: the CPU time of one reading, by the reader's own clock. core%@4Hz is what a live series of 250 ms
// takes of a core.
func BenchmarkCounterRead(b *testing.B) {
	needCounter(b)
	for _, threads := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			child := start(b, "perf-crowd", strconv.Itoa(threads))
			c, err := NewCounter(child.pid)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			begin := threadCPU(b)
			for b.Loop() {
				counted(b, c)
			}
			each := float64(threadCPU(b)-begin) / float64(b.N)
			b.ReportMetric(each, "cpu-ns/op")
			b.ReportMetric(each/float64(len(c.fds)), "cpu-ns/thread")
			b.ReportMetric(each*4/1e9*100, "core%@4Hz")
		})
	}
}

func threadCPU(tb testing.TB) time.Duration {
	tb.Helper()
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(ts.Nano())
}

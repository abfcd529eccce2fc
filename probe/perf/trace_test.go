package perf

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"
)

func traced(tb testing.TB, o Options, work func()) *Counts {
	tb.Helper()
	trace, err := NewTrace(o)
	if err != nil {
		tb.Fatal(err)
	}
	work()
	counts, err := trace.Stop()
	if err != nil {
		tb.Fatal(err)
	}
	if err := counts.Complete(); err != nil {
		tb.Fatal(err)
	}
	return counts
}

// TestTraceThreads: every thread that lived and ended in the window has switched as often as it says itself, and once
// more to end.
func TestTraceThreads(t *testing.T) {
	needTrace(t)
	const threads, sleeps = 20, 50
	c := start(t, "perf-sleepers", strconv.Itoa(threads), strconv.Itoa(sleeps))
	var said []usage
	counts := traced(t, Options{Roots: []int{c.pid}}, func() { said = c.work(t) })
	if len(said) != threads {
		t.Fatalf("%d threads reported, want %d", len(said), threads)
	}
	byTid := map[int]Thread{}
	for _, thread := range counts.Threads {
		if thread.Tgid != c.pid {
			t.Errorf("thread %+v is not of process %d", thread, c.pid)
		}
		byTid[thread.Tid] = thread
	}
	fresh, exact := 0, 0
	for _, u := range said {
		got := byTid[u.id]
		if !got.Exited {
			t.Errorf("thread %+v ended in the window", got)
		}
		if !got.Started { // one that the runtime had in store: its life is longer than the window
			continue
		}
		fresh++
		// The last switch, and what else its end cost: a lock that was taken, a preemption. On
		// its way from its getrusage to its exit it may wait for a lock of the runtime (the race
		// detector has one more) or be preempted, once or twice and most not at all.
		more := Switches{got.Voluntary - u.voluntary, got.Involuntary - u.involuntary}
		const onTheWay = 2
		if u.voluntary < sleeps || more.Voluntary < 1 || more.Total() < got.Ending || more.Total() > got.Ending+onTheWay {
			t.Errorf("thread %d: %+v, says %d and %d, slept %d times, and %d while it ended",
				u.id, got.Switches, u.voluntary, u.involuntary, sleeps, got.Ending)
		}
		if more.Total() == got.Ending {
			exact++
		}
	}
	if exact < fresh/2 {
		t.Errorf("%d of %d threads have just the switches that they say, and those of their end", exact, fresh)
	}
	if fresh < threads/2 {
		t.Errorf("%d of %d threads were created in the window", fresh, threads)
	}
	if leader := byTid[c.pid]; leader.Started || leader.Exited {
		t.Errorf("the main thread lives: %+v", leader)
	}
	if counts.Other.Total() == 0 || counts.Events < counts.Other.Total()+counts.Sum(nil).Total() {
		t.Errorf("other %+v, tree %+v, all %d", counts.Other, counts.Sum(nil), counts.Events)
	}
}

// TestTraceProcesses: of every process that lived in the window the trace has what wait4 says, and the last switch of
// each of its threads, which wait4 does not know; that of the main thread it misses only if the parent was quicker.
func TestTraceProcesses(t *testing.T) {
	needTrace(t)
	c := start(t, "perf-family", "3", "20")
	stranger := start(t, "perf-sleepers", "2", "20")
	var said []usage
	counts := traced(t, Options{Roots: []int{c.pid}}, func() { stranger.work(t); said = c.work(t) })
	if unplaced := counts.Unplaced.Total(); unplaced > counts.Events/20 {
		t.Errorf("%d of %d switches could not be placed", unplaced, counts.Events)
	}
	for _, u := range said {
		threads, ending := 0, uint64(0)
		sum := counts.Sum(func(thread Thread) bool {
			if thread.Tgid != u.id {
				return false
			}
			threads++
			ending += thread.Ending
			if thread.Parent != c.pid || !thread.Started || !thread.Exited {
				t.Errorf("%+v: a child of %d, which lived in the window", thread, c.pid)
			}
			return true
		})
		more := Switches{sum.Voluntary - u.voluntary, sum.Involuntary - u.involuntary}
		t.Logf("process %d: %d threads, trace %+v, wait4 %+v", u.id, threads, sum, u)
		if threads < 3 || more.Voluntary < uint64(threads-1) || more.Voluntary > uint64(threads) {
			t.Errorf("process %d of %d threads: %d voluntary switches more than wait4 says", u.id, threads, int64(more.Voluntary))
		}
		// A thread can be preempted after the kernel has folded its counts into its process's.
		if more.Total() > ending {
			t.Errorf("process %d of %d threads: %+v more than wait4 says, %d while they ended", u.id, threads, more, ending)
		}
	}
	for _, thread := range counts.Threads {
		if thread.Tgid == stranger.pid || thread.Tgid == os.Getpid() {
			t.Errorf("%+v is of no process of the tree", thread)
		}
	}
}

// TestTraceMachine: without roots everybody is listed, and the sum is the kernel's own count.
func TestTraceMachine(t *testing.T) {
	needTrace(t)
	counts := traced(t, Options{}, func() { time.Sleep(200 * time.Millisecond) })
	if sum := counts.Sum(nil).Total(); sum != counts.Events || sum == 0 {
		t.Errorf("sum %d, kernel %d", sum, counts.Events)
	}
	if counts.Other.Total() != 0 || counts.Unplaced.Total() != 0 {
		t.Errorf("other %+v, unplaced %+v", counts.Other, counts.Unplaced)
	}
	if counts.Window < 200*time.Millisecond {
		t.Errorf("a window of %v", counts.Window)
	}
}

// TestTraceLoss: nobody drains a small ring. The counts must say so.
func TestTraceLoss(t *testing.T) {
	needTrace(t)
	trace := &Trace{options: Options{Ring: 1}, poll: -1, stop: -1, book: newBook(), result: make(chan error, 1)}
	if err := errors.Join(trace.open(), trace.start()); err != nil {
		t.Fatal(err)
	}
	c := start(t, "perf-sleepers", "30", "200")
	c.work(t)
	go func() { trace.result <- trace.read() }()
	counts, err := trace.Stop()
	if err != nil {
		t.Fatal(err)
	}
	if counts.Lost == 0 || counts.Complete() == nil {
		t.Errorf("rings of %d bytes held %d switches without a loss", minRing, counts.Events)
	}
	if sum := counts.Sum(nil).Total(); sum+counts.Lost < counts.Events {
		t.Errorf("%d counted and %d lost are not the %d of the kernel", sum, counts.Lost, counts.Events)
	}
}

func TestTraceTwice(t *testing.T) {
	needTrace(t)
	before := descriptors(t)
	trace, err := NewTrace(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := trace.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := trace.Stop(); !errors.Is(err, ErrStopped) {
		t.Errorf("Stop after Close: %v", err)
	}
	if err := trace.Close(); err != nil {
		t.Errorf("Close after Close: %v", err)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// TestTraceNoProcess: the error says so, and nothing is left.
func TestTraceNoProcess(t *testing.T) {
	needTrace(t)
	before := descriptors(t)
	_, err := NewTrace(Options{Roots: []int{1 << 30}})
	var refused *Error
	if !errors.As(err, &refused) || refused.Cure == "" {
		t.Errorf("trace of a process that is not: %v", err)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func descriptors(tb testing.TB) int {
	tb.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		tb.Fatal(err)
	}
	return len(names)
}

// TestNoMountLeft: reading tracefs leaves the machine's mounts as they were.
func TestNoMountLeft(t *testing.T) {
	needTrace(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err1 := os.ReadFile("/proc/self/mountinfo")
	if _, err := schedSwitch(); err != nil {
		t.Fatal(err)
	}
	after, err2 := os.ReadFile("/proc/self/mountinfo")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Errorf("mounts before:\n%s\nafter:\n%s", before, after)
	}
}

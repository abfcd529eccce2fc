package poll_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/poll"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// watch is a handler made of functions.
type watch struct {
	poll.Watch
	events  []uint32
	expired int
	ready   func(events uint32)
}

func (w *watch) Ready(events uint32) {
	w.events = append(w.events, events)
	if w.ready != nil {
		w.ready(events)
	}
}

func (w *watch) Expired(int64) { w.expired++ }

var start = time.Now()

func clock() int64 { return int64(time.Since(start)) }

func newLoop(t *testing.T) *poll.Loop {
	t.Helper()
	l, err := poll.New(clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// eventfd returns a descriptor that is readable if ready.
func eventfd(t *testing.T, ready bool) int {
	t.Helper()
	n := uint(0)
	if ready {
		n = 1
	}
	fd, err := unix.Eventfd(n, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func add(t *testing.T, l *poll.Loop, w *watch, fd int, events uint32) {
	t.Helper()
	if err := l.Add(&w.Watch, fd, events, w); err != nil {
		t.Fatal(err)
	}
}

func wait(t *testing.T, l *poll.Loop) {
	t.Helper()
	if err := l.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestReadyAndRemove(t *testing.T) {
	l := newLoop(t)
	fd := eventfd(t, true)
	defer unix.Close(fd)
	var w watch
	if w.FD() != -1 {
		t.Errorf("the zero Watch has descriptor %d", w.FD())
	}
	add(t, l, &w, fd, unix.EPOLLIN)
	if w.FD() != fd {
		t.Errorf("FD is %d, want %d", w.FD(), fd)
	}
	wait(t, l)
	wait(t, l)
	if len(w.events) != 2 || w.events[0] != unix.EPOLLIN {
		t.Fatalf("events %v, want EPOLLIN twice: it is level-triggered", w.events)
	}
	if l.WakeUps != 2 || l.Timed != 0 {
		t.Errorf("%d wake-ups and %d timed ones, want 2 and 0", l.WakeUps, l.Timed)
	}
	if err := l.Remove(&w.Watch); err != nil {
		t.Fatal(err)
	}
	if w.FD() != -1 {
		t.Errorf("after Remove, FD is %d", w.FD())
	}
	var timer watch
	l.AddTimer(&timer.Watch, &timer)
	l.SetDeadline(&timer.Watch, clock()+int64(time.Millisecond))
	for timer.expired == 0 {
		wait(t, l)
	}
	if len(w.events) != 2 {
		t.Errorf("events after Remove: %v", w.events)
	}
	if l.Timed == 0 {
		t.Error("a wait that a timer ended was not counted")
	}
	if err := l.Remove(&timer.Watch); err != nil {
		t.Errorf("Remove of a timer: %v", err)
	}
}

func TestEdgeTriggered(t *testing.T) {
	l := newLoop(t)
	fd := eventfd(t, true)
	defer unix.Close(fd)
	var w, again watch
	add(t, l, &w, fd, unix.EPOLLIN|unix.EPOLLET)
	l.AddTimer(&again.Watch, &again)
	for range 3 {
		l.Again(&again.Watch)
		wait(t, l)
	}
	if len(w.events) != 1 {
		t.Errorf("%d events, want one for one edge", len(w.events))
	}
}

// TestStaleEvents: two descriptors are ready in one batch; the handler that is
// called first closes the other, whose number is given to a new descriptor at once.
// The event that is still to be handed out belongs to nobody.
func TestStaleEvents(t *testing.T) {
	l := newLoop(t)
	var pair [2]watch
	var fresh watch
	freshFD := -1
	for i := range pair {
		other := &pair[1-i]
		pair[i].ready = func(uint32) {
			if freshFD >= 0 {
				return
			}
			fd := other.FD()
			l.Forget(&other.Watch)
			unix.Close(fd)
			freshFD = eventfd(t, false)
			if freshFD != fd {
				t.Fatalf("the number %d was not used again but %d: the test proves nothing", fd, freshFD)
			}
			add(t, l, &fresh, freshFD, unix.EPOLLIN)
		}
	}
	for i := range pair {
		add(t, l, &pair[i], eventfd(t, true), unix.EPOLLIN)
	}
	wait(t, l)
	if n := len(pair[0].events) + len(pair[1].events); n != 1 {
		t.Errorf("%d of the pair were called, want 1", n)
	}
	if len(fresh.events) != 0 {
		t.Errorf("the new descriptor was told of an event of the old one: %v", fresh.events)
	}
	// The new one is watched all the same.
	if _, err := unix.Write(freshFD, []byte{1, 0, 0, 0, 0, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	wait(t, l)
	if len(fresh.events) != 1 {
		t.Errorf("events of the new descriptor: %v, want one", fresh.events)
	}
	unix.Close(freshFD)
	for i := range pair {
		if fd := pair[i].FD(); fd >= 0 {
			unix.Close(fd)
		}
	}
}

func TestAgain(t *testing.T) {
	l := newLoop(t)
	fd := eventfd(t, true)
	defer unix.Close(fd)
	var order []string
	var a, b, other watch
	rounds := 0
	a.ready = func(events uint32) {
		order = append(order, "a")
		if events != 0 {
			t.Errorf("Again calls Ready(%#x), want 0", events)
		}
		if rounds++; rounds < 3 {
			l.Again(&a.Watch)
			l.Again(&a.Watch) // once is enough
		}
	}
	b.ready = func(uint32) { order = append(order, "b") }
	other.ready = func(uint32) { order = append(order, "other") }
	l.AddTimer(&a.Watch, &a)
	l.AddTimer(&b.Watch, &b)
	add(t, l, &other, fd, unix.EPOLLIN)
	l.Again(&a.Watch)
	l.Again(&b.Watch)
	l.Forget(&b.Watch) // never mind
	for range 4 {
		wait(t, l)
	}
	want := "other a other a other a other"
	var got strings.Builder
	for i, s := range order {
		if i > 0 {
			got.WriteString(" ")
		}
		got.WriteString(s)
	}
	if got.String() != want {
		t.Errorf("order %q, want %q", got.String(), want)
	}
}

// TestAgainDoesNotSleep: a loop with something to do again does not wait for its
// next timer.
func TestAgainDoesNotSleep(t *testing.T) {
	l := newLoop(t)
	var far, a watch
	l.AddTimer(&far.Watch, &far)
	l.SetDeadline(&far.Watch, clock()+int64(time.Hour))
	l.AddTimer(&a.Watch, &a)
	l.Again(&a.Watch)
	wait(t, l)
	if len(a.events) != 1 || l.Timed != 0 {
		t.Errorf("%d calls, %d timed waits; want 1 and 0", len(a.events), l.Timed)
	}
}

// TestReuse: a Watch that was forgotten is as good as new.
func TestReuse(t *testing.T) {
	l := newLoop(t)
	var w watch
	for i := range 3 {
		fd := eventfd(t, true)
		add(t, l, &w, fd, unix.EPOLLIN)
		l.SetDeadline(&w.Watch, clock()+int64(time.Millisecond))
		l.Again(&w.Watch)
		wait(t, l)
		l.Forget(&w.Watch)
		unix.Close(fd)
		if len(w.events) != 2*(i+1) {
			t.Fatalf("use %d: %d calls so far, want %d: one by event, one by Again", i, len(w.events), 2*(i+1))
		}
	}
	var timer watch
	l.AddTimer(&timer.Watch, &timer)
	l.SetDeadline(&timer.Watch, clock()+int64(5*time.Millisecond))
	for timer.expired == 0 {
		wait(t, l)
	}
	if w.expired != 0 {
		t.Errorf("the deadline of a forgotten watch expired %d times", w.expired)
	}
}

// TestManyDescriptors grows the table of watches and takes more than one batch.
func TestManyDescriptors(t *testing.T) {
	l := newLoop(t)
	all := make([]watch, 700)
	for i := range all {
		fd := eventfd(t, true)
		defer unix.Close(fd)
		add(t, l, &all[i], fd, unix.EPOLLIN|unix.EPOLLET)
	}
	wait(t, l)
	wait(t, l)
	for i := range all {
		if len(all[i].events) != 1 {
			t.Fatalf("descriptor %d had %d events, want 1", i, len(all[i].events))
		}
	}
}

func TestAddErrors(t *testing.T) {
	l := newLoop(t)
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, tc := range []struct {
		fd   int
		want error
	}{{int(f.Fd()), unix.EPERM}, {1 << 20, unix.EBADF}} {
		var w watch
		err := l.Add(&w.Watch, tc.fd, unix.EPOLLIN, &w)
		var call *os.SyscallError
		if !errors.Is(err, tc.want) || !errors.As(err, &call) || call.Syscall != "epoll_ctl" {
			t.Errorf("Add of descriptor %d: %v, want epoll_ctl: %v", tc.fd, err, tc.want)
		}
		if w.FD() != -1 {
			t.Errorf("a watch that was not added has descriptor %d", w.FD())
		}
	}
}

// TestTimersAreInTime: none early, and the loop sleeps until the next one instead
// of spinning.
func TestTimersAreInTime(t *testing.T) {
	l := newLoop(t)
	timers := make([]watch, 20)
	late := make([]int64, len(timers))
	for i := range timers {
		deadline := clock() + int64(i+1)*int64(3*time.Millisecond)
		l.AddTimer(&timers[i].Watch, &timers[i])
		l.SetDeadline(&timers[i].Watch, deadline)
		late[i] = -deadline
	}
	waits := 0
	for left := len(timers); left > 0; waits++ {
		wait(t, l)
		now := clock()
		for i := range timers {
			if timers[i].expired == 1 && late[i] < 0 {
				if late[i] += now; late[i] < 0 {
					t.Errorf("timer %d fired %d ns early", i, -late[i])
				}
				left--
			}
		}
	}
	if waits > 2*len(timers) {
		t.Errorf("%d waits for %d timers: the loop spins", waits, len(timers))
	}
}

package rawfork

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// This file: the forking process, before, between and after forks.

func init() {
	scenarios["refused"] = refused
	scenarios["reap"] = reap
	scenarios["collect"] = collect
	scenarios["limit"] = limit
}

// refused tries Prepare in processes that must not fork; the last one may.
func refused([]string) error {
	want := func(word string) error {
		switch f, err := Prepare(); {
		case err == nil:
			return fmt.Errorf("prepared: %v", f)
		case !strings.Contains(err.Error(), word):
			return fmt.Errorf("%w: does not mention %q", err, word)
		}
		return nil
	}
	runtime.GOMAXPROCS(2)
	if err := want("GOMAXPROCS is 2"); err != nil {
		return err
	}
	runtime.GOMAXPROCS(1)
	end, ended := make(chan struct{}), make(chan error)
	go anotherGoroutine(end, ended)
	if err := want("anotherGoroutine"); err != nil {
		return err
	}
	close(end)
	<-ended
	go func() { ended <- want("not the main thread") }()
	if err := <-ended; err != nil {
		return err
	}
	f, err := Prepare()
	if err != nil {
		return err
	}
	go func() { _, err := f.Fork(func() int { return 0 }); ended <- err }()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "main goroutine") {
		return fmt.Errorf("Fork in another goroutine: %w", err)
	}
	if _, err := f.Fork(func() int { return 0 }, -1); !errors.Is(err, unix.EBADF) {
		return fmt.Errorf("Fork that keeps descriptor -1: %w", err)
	}
	return nil
}

func anotherGoroutine(end <-chan struct{}, ended chan<- error) {
	<-end
	ended <- nil
}

func TestPrepareRefuses(t *testing.T) {
	t.Parallel()
	start(t, patience, "refused", nil).end()
}

func TestNotHere(t *testing.T) {
	if f, err := Prepare(); err == nil { // a test has many goroutines, and is not on the main thread
		t.Errorf("prepared: %v", f)
	}
}

func TestSupported(t *testing.T) {
	if err := Supported(); sanitized != errors.Is(err, ErrRace) {
		t.Errorf("built with a sanitizer: %v, supported: %v", sanitized, err)
	}
}

// reap forks 40 children of which every fourth is killed, and checks that each is
// reported once with its own status, that neither Fork nor Reap allocates, and that
// none is left.
func reap([]string) error {
	f, err := Prepare()
	if err != nil {
		return err
	}
	r := reaped{}
	child := func() int {
		if r.n%4 == 0 {
			blockRaw()
		}
		return r.n
	}
	before := mallocs()
	for r.n = range r.pids {
		if r.pids[r.n], err = f.Fork(child); err != nil {
			return err
		}
		if r.n%4 == 0 {
			if err := unix.Kill(r.pids[r.n], unix.SIGKILL); err != nil {
				return err
			}
		}
	}
	ended := r.ended
	for tries := 0; f.Children() > 0 && tries < 10000; tries++ {
		if err := f.Reap(ended); err != nil {
			return err
		}
		_ = unix.Nanosleep(&unix.Timespec{Nsec: 1e6}, nil)
	}
	// Fork makes its list of ranges once; the method value is the test's own.
	if n := mallocs() - before; n > 2 {
		return fmt.Errorf("%d allocations for 40 children", n)
	}
	for i, n := range r.seen {
		if n != 1 {
			return fmt.Errorf("child %d was reported %d times", i, n)
		}
	}
	if r.wrong > 0 {
		return fmt.Errorf("%d children were reported with a wrong status", r.wrong)
	}
	if left, err := os.ReadFile("/proc/thread-self/children"); err != nil || len(left) > 0 {
		return fmt.Errorf("children left: %q, %w", left, err)
	}
	return stolen(f)
}

type reaped struct {
	n     int // the child that is being forked
	pids  [40]int
	seen  [40]int
	wrong int
}

func (r *reaped) ended(pid int, status syscall.WaitStatus, usage *syscall.Rusage) {
	for i := range r.pids {
		if r.pids[i] != pid {
			continue
		}
		r.seen[i]++
		want := syscall.WaitStatus(i << 8)
		if i%4 == 0 {
			want = syscall.WaitStatus(unix.SIGKILL)
		}
		if status != want || usage.Maxrss == 0 {
			r.wrong++
		}
	}
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// stolen waits for a child behind Reap's back, who must say so.
func stolen(f *Forker) error {
	pid, err := f.Fork(func() int { return 0 })
	if err != nil {
		return err
	}
	if _, err := unix.Wait4(pid, nil, 0, nil); err != nil {
		return err
	}
	if err := f.Reap(func(int, syscall.WaitStatus, *syscall.Rusage) {}); !errors.Is(err, unix.ECHILD) || f.Children() != 0 {
		return fmt.Errorf("a child that somebody else waited for: %w, %d left", err, f.Children())
	}
	return nil
}

func TestReap(t *testing.T) {
	t.Parallel()
	start(t, patience, "reap", nil).end()
}

var garbage []byte

// collect forks 300 times and makes 128 KiB of garbage each time. The heap must
// stay small, by collections that only Collect runs, and the scheduler must be as
// before: other goroutines run, and the main one can be preempted for them.
func collect([]string) error {
	f, err := Prepare()
	if err != nil {
		return err
	}
	begin, collections, largest := gcCycles(), 0, uint64(0)
	for range 256 { // 32 MiB: many collections, if they came by themselves
		garbage = make([]byte, 128<<10)
	}
	if n := gcCycles() - begin; n != 0 || !f.Collect() {
		return fmt.Errorf("32 MiB of garbage: %d collections by itself, or none by Collect", n)
	}
	begin++
	for range 300 {
		garbage = make([]byte, 128<<10)
		if _, err := f.Fork(func() int { return 0 }); err != nil {
			return err
		}
		if err := wantStatus(f, 0); err != nil {
			return err
		}
		if f.Collect() {
			collections++
		}
		largest = max(largest, f.heapBytes())
	}
	if n := gcCycles() - begin; int(n) != collections || collections < 30 || collections > 60 {
		return fmt.Errorf("%d collections, of which Collect ran %d; 38 were expected", n, collections)
	}
	if largest > 4<<20 {
		return fmt.Errorf("the heap grew to %d bytes", largest)
	}
	var ran atomic.Bool
	go ran.Store(true)
	for begin := time.Now(); !ran.Load(); { // no system call: only preemption lets it run
		if time.Since(begin) > 10*time.Second {
			return errors.New("after 300 forks the main goroutine is not preempted any more")
		}
	}
	return nil
}

func gcCycles() uint32 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.NumGC
}

func TestCollect(t *testing.T) {
	t.Parallel()
	start(t, patience, "collect", nil).end()
}

// limit forks at the limit of processes of a user who is not root: the error must
// say so, and the forker must go on as if nothing had been.
func limit([]string) error {
	f, err := Prepare()
	if err != nil {
		return err
	}
	if unix.Getuid() == 0 {
		const nobody = 65534
		if err := syscall.Setuid(nobody); err != nil {
			return err
		}
	}
	before := ownMask()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NPROC, &limit); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: 0, Max: limit.Max}); err != nil {
		return err
	}
	_, err = f.Fork(func() int { return 0 })
	if err := unix.Setrlimit(unix.RLIMIT_NPROC, &limit); err != nil { // the collector needs threads
		return err
	}
	if !errors.Is(err, unix.EAGAIN) || !strings.Contains(err.Error(), "ulimit -u") {
		return fmt.Errorf("a fork over the limit: %w", err)
	}
	if f.Children() != 0 || ownMask() != before {
		return fmt.Errorf("after a fork that failed: %d children, mask %#x instead of %#x", f.Children(), ownMask(), before)
	}
	f.collect() // would hang if the goroutine were still pinned
	return nil
}

func TestLimit(t *testing.T) {
	t.Parallel()
	start(t, patience, "limit", nil).end()
}

package floor

import (
	"bufio"
	"errors"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// runtimes are the system calls by which Go's runtime and the C library keep threads (sysmon, preemption every 10 ms,
// parking, stacks), which are no part of a request; restart_syscall is strace's doing.
var runtimes = []string{
	"clock_nanosleep", "futex", "getpid", "gettid", "madvise", "mmap", "mprotect", "munmap", "nanosleep",
	"restart_syscall", "rseq", "rt_sigprocmask", "rt_sigreturn", "sched_yield", "set_robust_list", "sigaltstack", "tgkill",
}

// TestSystemCalls: a request costs the Go loop the system calls that it costs the C floor, and a yardstick that blocks
// one read and one write, whatever it blocks in: nothing tells the date, nothing waits elsewhere. With one request at a
// time the numbers are exact, the wait included: each request finds the server asleep.
func TestSystemCalls(t *testing.T) {
	each(t, func(t *testing.T, which Which) {
		want := map[string]int{"read": 1, "write": 1}
		if which == C || which == Go {
			want["epoll_pwait"] = 1
		}
		p := start(t, which, nil)
		conn := dial(t, p)
		r := bufio.NewReader(conn)
		exchange(t, conn, r) // accept and the first event are past
		got := countCalls(t, p, 1000, func() { exchange(t, conn, r) })
		if diff := cmp.Diff(want, rounded(got)); diff != "" {
			t.Errorf("system calls per request (-want +got):\n%s", diff)
		}
	})
}

// TestSystemCallsClose: what a connection costs, and a thread or a process per connection really is one each.
func TestSystemCallsClose(t *testing.T) {
	loop := map[string]int{"accept4": 2, "epoll_ctl": 1, "read": 1, "write": 1, "close": 1}
	pool := map[string]int{"accept4": 1, "read": 1, "write": 1, "close": 1}
	wants := map[Which]map[string]int{
		C: loop, Go: loop, Prethread: pool, Prefork: pool,
		TPC: {"accept4": 1, "clone": 1, "read": 1, "write": 1, "close": 1},
		// The parent closes its copy of the connection, the child its copy of the listener.
		PPC: {"accept4": 1, "clone": 1, "prctl": 1, "getppid": 1, "read": 1, "write": 1, "close": 3},
	}
	each(t, func(t *testing.T, which Which) {
		p := start(t, which, nil, CloseAfterAnswer)
		got := countCalls(t, p, 200, func() {
			conn := dial(t, p)
			exchange(t, conn, bufio.NewReader(conn))
			_, _ = conn.Read(make([]byte, 1)) // until the server has closed
			conn.Close()
		})
		switch which {
		case PPC:
			got = withoutInterrupts(t, got)
		case C, Go:
			// For the connection and for its request; the first EPOLLOUT is an event of its own where it is seen before the
			// request has come.
			if waits := got["epoll_pwait"].made; waits < 1.5 || waits > 3.5 {
				t.Errorf("%.2f epoll_pwait per connection, want 2 or 3", waits)
			}
			delete(got, "epoll_pwait")
		}
		if diff := cmp.Diff(wants[which], rounded(got)); diff != "" {
			t.Errorf("system calls per connection (-want +got):\n%s", diff)
		}
	})
}

// TestSystemCallsClientCloses: the read that finds the end of the stream is the only further call.
func TestSystemCallsClientCloses(t *testing.T) {
	for _, which := range []Which{TPC, Prethread, Prefork, PPC} {
		t.Run(string(which), func(t *testing.T) {
			p := start(t, which, nil)
			calls := rounded(countCalls(t, p, 200, func() {
				conn := dial(t, p)
				exchange(t, conn, bufio.NewReader(conn))
				if err := conn.CloseWrite(); err != nil {
					t.Fatal(err)
				}
				_, _ = conn.Read(make([]byte, 1))
				conn.Close()
			}))
			if calls["read"] != 2 || calls["write"] != 1 {
				t.Errorf("a connection of one request costs %v, want 2 reads and a write", calls)
			}
		})
	}
}

// perRequest is a number of calls divided by the number of requests.
type perRequest struct{ made, failed float64 }

// countCalls makes n requests and returns the system calls that each of them costs p, but for those of runtimes. clone3
// counts as clone: which one it is depends on the C library.
func countCalls(t *testing.T, p *Proc, n int, request func()) map[string]perRequest {
	t.Helper()
	stop := strace(t, p)
	for range n {
		request()
	}
	calls, err := stop()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d requests: %v", n, calls)
	got := map[string]perRequest{}
	for name, c := range calls {
		if slices.Contains(runtimes, name) {
			continue
		}
		if name == "clone3" {
			name = "clone"
		}
		got[name] = perRequest{got[name].made + float64(c.Made)/float64(n), got[name].failed + float64(c.Failed)/float64(n)}
	}
	return got
}

// rounded drops what is less than half a call: the timer of an event loop adds a wait, a read and an accept4 a second,
// the timeout of a blocked worker an accept4.
func rounded(calls map[string]perRequest) map[string]int {
	got := map[string]int{}
	for name, c := range calls {
		if n := int(math.Round(c.made)); n > 0 {
			got[name] = n
		}
	}
	return got
}

// withoutInterrupts leaves out what strace adds to a parent that forks, whose accept4 and clone are interrupted when a
// child ends. How often wait4 finds a child or finds that it has none that ended depends on when they do: each is reaped
// with at least one call.
func withoutInterrupts(t *testing.T, calls map[string]perRequest) map[string]perRequest {
	t.Helper()
	if made := calls["wait4"].made; made < 0.9 || made > 4 {
		t.Errorf("%.2f wait4 per child, want one that reaps it and one or two that reap none", made)
	}
	delete(calls, "wait4")
	for name, c := range calls {
		calls[name] = perRequest{c.made - c.failed, 0}
	}
	return calls
}

// strace begins to count the system calls of p with all its processes. Where strace is absent or forbidden the test is
// skipped, in CI it fails.
func strace(t *testing.T, p *Proc) func() (map[string]Calls, error) {
	t.Helper()
	pids, err := Processes(p.Pid)
	if err != nil {
		t.Fatal(err)
	}
	stop, err := CountCalls(pids)
	if errors.Is(err, ErrNoStrace) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return stop
}

func TestCountCallsErrors(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	p := start(t, Go, nil)
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := CountCalls([]int{p.Pid}); !errors.Is(err, ErrNoStrace) {
		t.Errorf("of a process that has ended: %v", err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	t.Setenv("PATH", "")
	if _, err := CountCalls([]int{os.Getpid()}); !errors.Is(err, ErrNoStrace) {
		t.Errorf("without strace: %v", err)
	}
}

package floor

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// runtimes are the system calls of Go's own threads (sysmon, preemption every 10 ms, parking), which are no part of a
// request; restart_syscall is strace's doing.
var runtimes = []string{
	"clone", "clone3", "clock_nanosleep", "futex", "getpid", "gettid", "madvise", "mmap", "mprotect", "munmap", "nanosleep",
	"restart_syscall", "rseq", "rt_sigprocmask", "rt_sigreturn", "sched_yield", "set_robust_list", "sigaltstack", "tgkill",
}

// TestSystemCalls: a request costs the Go loop the system calls that it costs the C floor, keep-alive and close. With
// one request at a time the numbers are exact, the wait included: each request finds the server asleep.
func TestSystemCalls(t *testing.T) {
	each(t, func(t *testing.T, which Which) {
		p := start(t, which, nil)
		conn := dial(t, p)
		r := bufio.NewReader(conn)
		exchange(t, conn, r) // accept and the first event are past
		expectCalls(t, p, 2000, func() { exchange(t, conn, r) },
			map[string]int{"read": 1, "write": 1, "epoll_pwait": 1})
	})
}

func TestSystemCallsClose(t *testing.T) {
	each(t, func(t *testing.T, which Which) {
		p := start(t, which, nil, CloseAfterAnswer)
		expectCalls(t, p, 300, func() {
			conn := dial(t, p)
			exchange(t, conn, bufio.NewReader(conn))
			_, _ = conn.Read(make([]byte, 1)) // until the server has closed
			conn.Close()
		}, map[string]int{"accept4": 2, "epoll_ctl": 1, "read": 1, "write": 1, "close": 1, "epoll_pwait": 2})
	})
}

// expectCalls makes n requests and holds the system calls of p, divided by n and rounded, against want: the timer adds
// a wait, a read and an accept4 a second, far less than half a call per request.
func expectCalls(t *testing.T, p *Proc, n int, request func(), want map[string]int) {
	t.Helper()
	stop := strace(t, p.Pid)
	for range n {
		request()
	}
	calls := stop()
	t.Logf("%d requests: %v", n, calls)
	got := map[string]int{}
	for name, count := range calls {
		if rounded := (count + n/2) / n; rounded > 0 && !slices.Contains(runtimes, name) {
			got[name] = rounded
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("system calls per request (-want +got):\n%s", diff)
	}
}

// strace counts the system calls of a process, all its threads, until the returned function is called, which returns
// how often each was made. Where strace is absent or forbidden the test is skipped, in CI it fails.
func strace(t *testing.T, pid int) func() map[string]int {
	t.Helper()
	giveUp := t.Skipf
	if os.Getenv("CI") != "" {
		giveUp = t.Fatalf
	}
	program, err := exec.LookPath("strace")
	if err != nil {
		giveUp("strace is not installed: %v", err)
	}
	table := filepath.Join(t.TempDir(), "calls")
	cmd := exec.Command(program, "-f", "-c", "-U", "name,calls", "-o", table, "-p", strconv.Itoa(pid))
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		giveUp("strace: %v", err)
	}
	lines := bufio.NewReader(stderr)
	if line, err := lines.ReadString('\n'); err != nil || !strings.Contains(line, "attached") {
		giveUp("strace cannot attach (%v, ended: %v): %s", err, cmd.Wait(), line)
	}
	return func() map[string]int {
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // ends by the signal that was sent
		text, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		return parseCalls(text)
	}
}

// parseCalls reads the table of strace -c -U name,calls: a name and a number a line between rulers.
func parseCalls(table []byte) map[string]int {
	calls := map[string]int{}
	for line := range bytes.Lines(table) {
		fields := strings.Fields(string(line))
		if len(fields) != 2 || fields[0] == "total" {
			continue
		}
		if n, err := strconv.Atoi(fields[1]); err == nil {
			calls[fields[0]] = n
		}
	}
	return calls
}

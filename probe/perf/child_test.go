package perf

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/moby/sys/reexec"
)

type unixRusage = syscall.Rusage

// child is a re-executed copy of this test that does a workload on command.
type child struct {
	pid int
	in  io.WriteCloser
	out *bufio.Scanner
}

// start runs one of the workloads of TestMain, until the test ends.
func start(tb testing.TB, args ...string) *child {
	tb.Helper()
	cmd := reexec.Command(args...)
	// An asynchronous preemption signal that is pending when a thread blocks is the difference of the package comment.
	cmd.Env = append(cmd.Environ(), "GODEBUG=asyncpreemptoff=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	c := &child{pid: cmd.Process.Pid, in: in, out: bufio.NewScanner(out)}
	tb.Cleanup(func() {
		in.Close()
		for c.out.Scan() { // to its end
		}
		if err := cmd.Wait(); err != nil {
			tb.Errorf("%v: %v", args, err)
		}
	})
	c.expect(tb, "ready")
	return c
}

func (c *child) expect(tb testing.TB, line string) {
	tb.Helper()
	if !c.out.Scan() || c.out.Text() != line {
		tb.Fatalf("child said %q, want %q", c.out.Text(), line)
	}
}

// usage is what a thread or process itself, or wait4(2), says of its switches.
type usage struct {
	id                     int
	voluntary, involuntary uint64
}

// work lets the child do its work once and returns what it says of those who did it.
func (c *child) work(tb testing.TB) []usage {
	tb.Helper()
	if _, err := fmt.Fprintln(c.in, "go"); err != nil {
		tb.Fatal(err)
	}
	var all []usage
	for c.out.Scan() && c.out.Text() != "done" {
		var u usage
		if _, err := fmt.Sscan(c.out.Text(), &u.id, &u.voluntary, &u.involuntary); err != nil {
			tb.Fatalf("child said %q: %v", c.out.Text(), err)
		}
		all = append(all, u)
	}
	if len(all) == 0 {
		tb.Fatal("the child did nothing")
	}
	return all
}

// needTrace and needCounter skip where the machine does not allow it; the reason is the message of the package.
func needTrace(tb testing.TB) {
	tb.Helper()
	if err := Try().Tracepoint; err != nil {
		tb.Skip(oneLine(err))
	}
}

func needCounter(tb testing.TB) {
	tb.Helper()
	if err := Try().Thread; err != nil {
		tb.Skip(oneLine(err))
	}
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

package netns

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// T is the part of *testing.T and *testing.B that [Test] needs. Naming it here keeps
// package testing out of programs that use the rest of this package.
type T interface {
	Helper()
	Name() string
	Cleanup(func())
	Log(args ...any)
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
	Skipped() bool
}

// How the child knows that it is one, and where it writes its outcome.
const (
	testVariable  = "C10KIT_NETNS_TEST"
	outcomeHandle = 3 // the first of exec.Cmd.ExtraFiles
)

// How a test ended in the child, as a byte of the outcome file.
const (
	passed  = 'p'
	failed  = 'f'
	skipped = 's'
)

var supported = sync.OnceValue(Supported) // a process's rights to namespaces do not change

// Test runs the calling test once more, alone in a process and a network namespace
// of its own with the sysctls set. It is the first line of a test:
//
//	func TestPorts(t *testing.T) {
//		if !netns.Test(t, netns.Sysctls{"net.ipv4.ip_local_port_range": "40000 40009"}) {
//			return
//		}
//		// here lo is up and has no other connection than the test's
//	}
//
// It returns true in the child. In the parent it waits for the child and returns
// false when that passed; if it failed or was skipped, so is this test, with the
// child's output. A machine that forbids namespaces skips the test with the cure. A
// benchmark's lines go to standard output, and the parent's own run of it is marked
// as skipped, since it measured nothing.
//
// What the test did before the call is done in both processes. It must be called
// from the test's goroutine.
func Test(t T, sysctls Sysctls) (inside bool) {
	t.Helper()
	if os.Getenv(testVariable) == t.Name() {
		unix.CloseOnExec(outcomeHandle)
		t.Cleanup(func() { writeOutcome(t) })
		return true
	}
	if err := supported(); err != nil {
		t.Skipf("needs a network namespace: %v", err)
	}
	output, outcome, err := runChild(t, sysctls)
	switch {
	case outcome == skipped && err == nil:
		t.Skipf("in the namespace:\n%s", output)
	case outcome != passed || err != nil:
		t.Fatalf("in the namespace: %v\n%s", verdict(outcome, err), output)
	}
	t.Log("in the namespace:\n" + output)
	if isBenchmark(t) {
		printBenchmarks(output)
		t.Skipf("measured in the namespace")
	}
	return false
}

// Prefer is Test, with the sysctls that a namespace begins with, where one can be made.
// Where none can be, it returns true and the test goes on in everybody's: for one that
// rarely meets what others leave there, such as a table of TIME_WAITs that is full.
func Prefer(t T) (here bool) {
	t.Helper()
	if os.Getenv(testVariable) != t.Name() && supported() != nil {
		return true
	}
	return Test(t, nil)
}

// writeOutcome is the child's last cleanup, hence the first one registered. A child
// that dies before it leaves the file empty, and is known by that.
func writeOutcome(t T) {
	outcome := byte(passed)
	switch {
	case t.Failed():
		outcome = failed
	case t.Skipped():
		outcome = skipped
	}
	// An error leaves the file empty, which the parent takes for a death.
	_, _ = unix.Write(outcomeHandle, []byte{outcome})
}

func verdict(outcome byte, err error) error {
	switch {
	case outcome == 0 && err == nil:
		return errors.New("the child ended without running the test to its end")
	case outcome == 0:
		return fmt.Errorf("the child did not end the test: %w", err)
	case outcome == failed:
		return errors.New("the test failed")
	default:
		return err
	}
}

// runChild runs the test in the child and returns what it printed and how it ended:
// 0 when it died before its end. The outcome travels in a memfd: a pipe would stay
// open, and its reader wait, as long as any process that the test left behind.
func runChild(t T, sysctls Sysctls) (output string, outcome byte, err error) {
	fd, err := unix.MemfdCreate("c10kit-outcome", unix.MFD_CLOEXEC)
	if err != nil {
		return "", 0, os.NewSyscallError("memfd_create", err)
	}
	file := os.NewFile(uintptr(fd), "outcome")
	defer file.Close()

	runtime.LockOSThread() // Pdeathsig: see Command
	defer runtime.UnlockOSThread()
	cmd, err := Command(context.Background(), sysctls, "/proc/self/exe", testArguments(t)...)
	if err != nil {
		return "", 0, err
	}
	var talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &talk, &talk
	cmd.Env = append(os.Environ(), testVariable+"="+t.Name())
	cmd.ExtraFiles = []*os.File{file}
	cmd.WaitDelay = 2 * time.Second // for processes left behind that hold the output open
	err = cmd.Run()
	var last [1]byte
	if n, _ := file.ReadAt(last[:], 0); n == 1 {
		outcome = last[0]
	}
	return strings.TrimSpace(talk.String()), outcome, err
}

// testArguments are those that make a test binary run just this test, within the
// time that its own deadline leaves. Flags that the caller gave for all tests go on.
func testArguments(t T) []string {
	args := []string{"-test.v", "-test.count=1"}
	if isBenchmark(t) {
		args = append(args, "-test.run=^$", "-test.bench="+exactly(t.Name()))
	} else {
		args = append(args, "-test.run="+exactly(t.Name()))
	}
	for _, name := range []string{"test.short", "test.benchtime", "test.cpu", "test.benchmem"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != f.DefValue {
			args = append(args, "-"+name+"="+f.Value.String())
		}
	}
	if limited, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if end, ok := limited.Deadline(); ok {
			const toReport = time.Second // the child's goroutine dump comes before the parent's
			args = append(args, "-test.timeout="+max(time.Until(end)-toReport, toReport).String())
		}
	}
	return args
}

// exactly returns the pattern of -test.run that matches one test or subtest.
func exactly(name string) string {
	levels := strings.Split(name, "/")
	for i, level := range levels {
		levels[i] = "^" + regexp.QuoteMeta(level) + "$"
	}
	return strings.Join(levels, "/")
}

func isBenchmark(t T) bool { return strings.HasPrefix(t.Name(), "Benchmark") }

// printBenchmarks passes the child's results on, where benchstat looks for them.
func printBenchmarks(output string) {
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, "Benchmark") && strings.Contains(line, "/op") {
			fmt.Println(strings.TrimSpace(line))
		}
	}
}

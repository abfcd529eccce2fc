package rawfork

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/sys/reexec"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// This file: tests look at a forker from outside. It is this test binary,
// re-executed; standard input is its control pipe (its end means "end"), standard
// output carries a line for each thing to report, and so ends when the forker and
// all its children have.

// scenarios are what a forker can be told to do, by name.
var scenarios = map[string]func(args []string) error{}

const forkerPrefix = "rawfork-test-"

func init() {
	// As a real forker does it: main stays on the main thread from here on.
	if strings.HasPrefix(os.Args[0], forkerPrefix) {
		runtime.LockOSThread()
		runtime.GOMAXPROCS(1)
	}
}

func TestMain(m *testing.M) {
	for name, scenario := range scenarios {
		reexec.Register(forkerPrefix+name, func() {
			if err := scenario(os.Args[1:]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		})
	}
	if reexec.Init() {
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// say writes a line to the test, by one write(2), from a forker or a child.
func say(format string, args ...any) {
	_, _ = unix.Write(1, fmt.Appendf(nil, format+"\n", args...))
}

// sayNumber is say for a child: no allocation, no scheduler.
func sayNumber(word string, n uint64) {
	var buf [64]byte
	b := append(append(buf[:0], word...), ' ')
	at := len(buf)
	for ok := true; ok; ok = n > 0 {
		at--
		buf[at] = byte('0' + n%10)
		n /= 10
	}
	b = append(append(b, buf[at:]...), '\n')
	_, _, _ = unix.RawSyscall(unix.SYS_WRITE, 1, bytesAddr(b), uintptr(len(b)))
}

// forker is a re-executed forker, seen from the test.
type forker struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  *bufio.Scanner
	stderr strings.Builder
	timer  *time.Timer
	exited chan struct{}
	status error // valid after exited
}

// patience is how long a forker may take in all. None takes a tenth of it, but
// for the proof.
const patience = 60 * time.Second

// start runs a scenario. files become its descriptors 3, 4 and so on.
func start(t *testing.T, within time.Duration, scenario string, args []string, files ...*os.File) *forker {
	t.Helper()
	if err := Supported(); err != nil {
		t.Skip(err)
	}
	f := &forker{t: t, exited: make(chan struct{})}
	f.cmd = exec.Command(reexec.Self())
	f.cmd.Args = append([]string{forkerPrefix + scenario}, args...)
	f.cmd.ExtraFiles = files
	f.cmd.Stderr = &f.stderr
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	f.cmd.WaitDelay = 10 * time.Second
	stdin, err := f.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	f.stdin, f.cmd.Stdout = stdin, out
	f.lines = bufio.NewScanner(stdout)
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // PDEATHSIG is sent when this thread ends
		defer runtime.UnlockOSThread()
		err := f.cmd.Start()
		started <- err
		if err == nil {
			f.status = f.cmd.Wait()
		}
		close(f.exited)
	}()
	err = <-started
	out.Close()
	if err != nil {
		stdout.Close()
		t.Fatal(err)
	}
	f.timer = time.AfterFunc(within, func() {
		t.Errorf("%s hangs:\n%s", scenario, describe(f.cmd.Process.Pid))
		f.killAll()
	})
	t.Cleanup(func() {
		f.timer.Stop()
		f.killAll()
		_ = f.wait()
		stdout.Close()
	})
	return f
}

// killAll kills the forker and its children, also those that failed to bind their
// lives to it: they are a process group of their own.
func (f *forker) killAll() { _ = syscall.Kill(-f.cmd.Process.Pid, syscall.SIGKILL) }

// describe says where a process and its children are, for a watchdog's message.
func describe(pid int) string {
	var b strings.Builder
	pids := []string{fmt.Sprint(pid)}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, p := range append(pids, strings.Fields(string(children))...) {
		status, _ := os.ReadFile("/proc/" + p + "/status")
		call, _ := os.ReadFile("/proc/" + p + "/syscall")
		fmt.Fprintf(&b, "process %s: system call %s%s", p, call, status)
	}
	return b.String()
}

// line returns the forker's next line, which must begin with the given word, without
// the word.
func (f *forker) line(word string) string {
	f.t.Helper()
	rest, ok := strings.CutPrefix(f.anyLine()+" ", word+" ")
	if !ok {
		f.t.Fatalf("line %q, want %q", f.lines.Text(), word)
	}
	return strings.TrimSpace(rest)
}

// anyLine returns the forker's next line.
func (f *forker) anyLine() string {
	f.t.Helper()
	if !f.lines.Scan() {
		f.t.Fatalf("the forker says nothing more (%v): %v %s", f.lines.Err(), f.wait(), f.stderr.String())
	}
	return f.lines.Text()
}

// number is line for a number.
func (f *forker) number(word string) (n int) {
	f.t.Helper()
	if _, err := fmt.Sscan(f.line(word), &n); err != nil {
		f.t.Fatal(err)
	}
	return n
}

// end closes the control pipe; the forker must end with status 0, saying nothing more.
func (f *forker) end() {
	f.t.Helper()
	f.stdin.Close()
	for f.lines.Scan() {
		f.t.Errorf("unexpected line %q", f.lines.Text())
	}
	if err := f.wait(); err != nil {
		f.t.Errorf("%v: %s", err, f.stderr.String())
	}
}

func (f *forker) wait() error {
	f.stdin.Close()
	<-f.exited
	return f.status
}

// untilEnd blocks until the control pipe ends. For a forker: the runtime is told.
func untilEnd() error {
	var b [1]byte
	for {
		n, err := unix.Read(0, b[:])
		switch {
		case errors.Is(err, unix.EINTR):
		case n == 0 || err != nil:
			return err
		}
	}
}

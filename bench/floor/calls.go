package floor

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// ErrNoStrace is returned by CountCalls, wrapped, where strace is not installed or may not trace.
var ErrNoStrace = errors.New("system calls cannot be counted: install strace, and let it trace (kernel.yama.ptrace_scope)")

// Calls is how often a system call was made, and how often of these it returned an error.
type Calls struct{ Made, Failed int }

// CountCalls counts the system calls of processes, by strace: of all their threads, and of what these create and fork
// from now on. Children that a process has already are processes to be named too; see Processes. It returns once all
// are traced. stop ends the tracing, must be called once, and returns the calls by name: those that returned, so
// neither exit nor what still waits. Never beside a measurement of time, as a traced process is slower by far; and it
// is interrupted by signals that it ignores (EINTR at the end of a child), which it otherwise is not.
func CountCalls(pids []int) (stop func() (map[string]Calls, error), err error) {
	program, err := exec.LookPath("strace")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoStrace, err)
	}
	folder, err := os.MkdirTemp("", "c10kit-strace-")
	if err != nil {
		return nil, err
	}
	table := filepath.Join(folder, "calls")
	cmd := exec.Command(program, "-f", "-c", "-U", "name,calls,errors", "-o", table)
	for _, pid := range pids {
		cmd.Args = append(cmd.Args, "-p", strconv.Itoa(pid))
	}
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrNoStrace, err), os.RemoveAll(folder))
	}
	lines := bufio.NewReader(stderr)
	if err := attached(lines, len(pids)); err != nil {
		_ = cmd.Process.Kill()
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrNoStrace, err), cmd.Wait(), os.RemoveAll(folder))
	}
	drained := make(chan struct{})
	go func() { // a line for each thread to come, which strace must not wait to get rid of
		_, _ = io.Copy(io.Discard, lines)
		close(drained)
	}()
	return func() (map[string]Calls, error) {
		defer os.RemoveAll(folder)
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			return nil, fmt.Errorf("strace has ended: %w", err)
		}
		<-drained
		_ = cmd.Wait() // ends by the signal that was sent
		text, err := os.ReadFile(table)
		if err != nil {
			return nil, err
		}
		return parseCalls(text), nil
	}, nil
}

// attached waits until strace has said of n processes that it traces them.
func attached(lines *bufio.Reader, n int) error {
	for range n {
		line, err := lines.ReadString('\n')
		if err != nil || !strings.Contains(line, "attached") {
			return fmt.Errorf("strace cannot attach (%v): %s", err, strings.TrimSpace(line))
		}
	}
	return nil
}

// parseCalls reads the table of strace -c -U name,calls,errors: a name and a number or two a line between rulers.
func parseCalls(table []byte) map[string]Calls {
	calls := map[string]Calls{}
	for line := range bytes.Lines(table) {
		var name string
		var c Calls
		if n, _ := fmt.Sscan(string(line), &name, &c.Made, &c.Failed); n >= 2 && name != "total" {
			calls[name] = c
		}
	}
	return calls
}

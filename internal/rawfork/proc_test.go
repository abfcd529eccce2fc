package rawfork

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// This file: processes as /proc shows them.

// procStatus is /proc/PID/status.
type procStatus struct {
	t     *testing.T
	pid   int
	lines map[string]string
}

func status(t *testing.T, pid int) procStatus {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	s := procStatus{t, pid, map[string]string{}}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok {
			s.lines[key] = strings.TrimSpace(value)
		}
	}
	return s
}

func (s procStatus) kib(key string) int {
	s.t.Helper()
	n, err := strconv.Atoi(strings.TrimSuffix(s.lines[key], " kB"))
	if err != nil {
		s.t.Fatalf("%s of process %d: %v", key, s.pid, err)
	}
	return n
}

func (s procStatus) signals(key string) sigset {
	s.t.Helper()
	n, err := strconv.ParseUint(s.lines[key], 16, 64)
	if err != nil {
		s.t.Fatalf("%s of process %d: %v", key, s.pid, err)
	}
	return sigset(n)
}

func set(sigs ...unix.Signal) (s sigset) {
	for _, sig := range sigs {
		s |= 1 << (sig - 1)
	}
	return s
}

func descriptors(t *testing.T, pid int) (fds []int) {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		fds = append(fds, fd)
	}
	slices.Sort(fds)
	return fds
}

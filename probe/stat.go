package probe

import (
	"bytes"
	"fmt"
	"time"

	"github.com/c10kit/c10kit/internal/sys"
)

// Process is what /proc/PID/stat says of a process, proc_pid_stat(5).
type Process struct {
	PID    int
	Parent int
	Name   string // the first 15 bytes of the file name
	State  byte   // of the first thread: 'R', 'S', 'D', 'Z' ...
	// Start is when it began, in ticks after boot. With PID it names a process for
	// good: a PID alone is used again.
	Start   uint64
	Threads int

	user, system           time.Duration // its own, in ticks
	childUser, childSystem time.Duration // of children that were waited for, and theirs
	childFaults            uint64        // minor faults of these: grows with each
}

// Zombie reports that the process has ended, all its threads have, and its parent has
// not waited for it. The state alone does not say so: it is that of the first thread,
// and a program whose main function calls pthread_exit(3) goes on without that.
func (p Process) Zombie() bool { return p.State == 'Z' && p.Threads <= 1 }

// headless reports that the first thread has ended and others have not.
func (p Process) headless() bool { return p.State == 'Z' && p.Threads > 1 }

func (p Process) String() string { return fmt.Sprintf("%d (%s)", p.PID, p.Name) }

// stat reads /proc/PID/stat.
func (r *reader) stat(pid int) (Process, error) {
	text, err := r.process(pid, "stat").whole()
	if err != nil {
		return Process{}, err
	}
	p, ok := parseStat(text)
	if !ok || p.PID != pid {
		return Process{}, fmt.Errorf("%s/%d/stat: not a stat file: %q", r.root, pid, text)
	}
	return p, nil
}

// parseStat reads a stat file. The name stands in parentheses and may contain
// anything, parentheses and spaces too, so fields are counted from the last one.
func parseStat(text []byte) (Process, bool) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open || end+2 >= len(text) {
		return Process{}, false
	}
	p := Process{Name: string(text[open+1 : end]), State: text[end+2]}
	pid, ok := parseUint(bytes.TrimSpace(text[:open]))
	p.PID = int(pid)
	n := 0
	for field := range bytes.FieldsSeq(text[end+1:]) {
		n++
		if n > 22-2 {
			break
		}
		v, good := parseUint(field)
		switch n + 2 { // numbered as in the manual page
		case 4:
			p.Parent, ok = int(v), ok && good
		case 11:
			p.childFaults, ok = v, ok && good
		case 14:
			p.user, ok = time.Duration(v)*sys.Tick, ok && good
		case 15:
			p.system, ok = time.Duration(v)*sys.Tick, ok && good
		case 16:
			p.childUser, ok = time.Duration(v)*sys.Tick, ok && good
		case 17:
			p.childSystem, ok = time.Duration(v)*sys.Tick, ok && good
		case 20:
			p.Threads, ok = int(v), ok && good
		case 22:
			p.Start, ok = v, ok && good
		}
	}
	return p, ok && n > 22-2
}

// parseUint reads a decimal number that fills text.
func parseUint(text []byte) (n uint64, ok bool) {
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, len(text) > 0
}

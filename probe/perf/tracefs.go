package perf

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// tracepoint is what one has to know of sched:sched_switch to read its raw samples. Places of fields are no ABI: the
// kernel publishes them in tracefs, and they have moved between versions.
type tracepoint struct {
	id      uint64 // attr.config
	prevPid field
	state   field // prev_state
	comm    field // prev_comm
}

// field is the place of a field in a raw sample, in bytes.
type field struct{ offset, size int }

const schedSwitchDir = "events/sched/sched_switch/"

// schedSwitch reads id and format of sched:sched_switch.
func schedSwitch() (*tracepoint, error) {
	dir, err := openTracefs()
	if err != nil {
		return nil, err
	}
	defer unix.Close(dir)
	id, err := readAt(dir, schedSwitchDir+"id")
	if err != nil {
		return nil, err
	}
	format, err := readAt(dir, schedSwitchDir+"format")
	if err != nil {
		return nil, err
	}
	return parseTracepoint(string(id), format)
}

func parseTracepoint(id string, format []byte) (*tracepoint, error) {
	number, err := strconv.ParseUint(strings.TrimSpace(id), 10, 32)
	if err != nil {
		return nil, fmt.Errorf("perf: id of sched:sched_switch: %w", err)
	}
	fields, err := parseFormat(format)
	if err != nil {
		return nil, err
	}
	p := &tracepoint{id: number, prevPid: fields["prev_pid"], state: fields["prev_state"], comm: fields["prev_comm"]}
	if p.prevPid.size != 4 || p.state.size != 8 || p.comm.size != commLen {
		return nil, fmt.Errorf("perf: format of sched:sched_switch is not one this program knows: prev_pid %v, prev_state %v, prev_comm %v", p.prevPid, p.state, p.comm)
	}
	return p, nil
}

// parseFormat reads the fields of a tracepoint's format file. A line of it, after a tab:
//
//	field:char prev_comm[16];	offset:8;	size:16;	signed:0;
func parseFormat(text []byte) (map[string]field, error) {
	fields := make(map[string]field)
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line, isField := strings.CutPrefix(strings.TrimSpace(lines.Text()), "field:")
		if !isField {
			continue
		}
		parts := strings.Split(line, ";")
		if len(parts) < 3 {
			return nil, fmt.Errorf("perf: tracepoint format: %q has no offset and size", line)
		}
		declaration, _, _ := strings.Cut(parts[0], "[")
		words := strings.Fields(declaration)
		offset, err1 := number(parts[1], "offset:")
		size, err2 := number(parts[2], "size:")
		if err := errors.Join(err1, err2); err != nil || len(words) == 0 {
			return nil, fmt.Errorf("perf: tracepoint format: %q: %w", line, err)
		}
		fields[words[len(words)-1]] = field{offset, size}
	}
	return fields, lines.Err()
}

func number(text, label string) (int, error) {
	digits, found := strings.CutPrefix(strings.TrimSpace(text), label)
	if !found {
		return 0, fmt.Errorf("no %q in %q", label, text)
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	return int(n), err
}

// openTracefs returns a descriptor of the root of tracefs, which the caller closes. Where nobody has mounted it, it is
// mounted detached: fsmount(2) gives a mount that hangs nowhere in the tree and ends with its last descriptor, so nothing
// stays behind even if the process is killed. perf(1) mounts it on /sys/kernel/tracing and leaves it there.
func openTracefs() (int, error) {
	for _, path := range []string{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"} {
		dir, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		if unix.Faccessat(dir, schedSwitchDir+"id", unix.R_OK, unix.AT_EACCESS) == nil {
			return dir, nil
		}
		unix.Close(dir)
	}
	return mountDetached("tracefs")
}

// mountDetached needs Linux 5.2 and CAP_SYS_ADMIN.
func mountDetached(kind string) (int, error) {
	what := kind + ", which is not readable where it is usually mounted"
	fs, err := unix.Fsopen(kind, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, refuse(what, "fsopen", ofTrace, err)
	}
	defer unix.Close(fs)
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, refuse(what, "fsconfig", ofTrace, err)
	}
	dir, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
	if err != nil {
		return -1, refuse(what, "fsmount", ofTrace, err)
	}
	return dir, nil
}

func readAt(dir int, path string) ([]byte, error) {
	fd, err := unix.Openat(dir, path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, refuse("tracefs "+path, "openat", ofTrace, err)
	}
	file := os.NewFile(uintptr(fd), path)
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("perf: tracefs: %w", err)
	}
	return text, nil
}

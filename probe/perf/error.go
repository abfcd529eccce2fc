package perf

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

const paranoidFile = "/proc/sys/kernel/perf_event_paranoid"

// Error is what the kernel refused, with the setting that decides and what to do about it.
type Error struct {
	What     string // what was tried, such as "context-switches of thread 7"
	Err      error  // an *os.SyscallError as a rule
	Paranoid string // kernel.perf_event_paranoid, "unknown" where it cannot be read
	Cure     string
}

func (e *Error) Error() string {
	name := ""
	var errno unix.Errno
	if errors.As(e.Err, &errno) {
		name = " (" + unix.ErrnoName(errno) + ")"
	}
	return fmt.Sprintf("perf: %s: %v%s; kernel.perf_event_paranoid=%s; %s", e.What, e.Err, name, e.Paranoid, e.Cure)
}

func (e *Error) Unwrap() error { return e.Err }

// scope is what the permission depends on: perf_event_open(2), section "perf_event related configuration files".
type scope int

const (
	ofThread  scope = iota // kernel side of a thread: paranoid <= 1
	ofMachine              // everything on a CPU: paranoid <= 0
	ofTrace                // raw tracepoint samples of a CPU: paranoid <= -1, and tracefs, which is root's
)

// refuse wraps err, the answer to the system call that call names, with the cure for it.
func refuse(what, call string, s scope, err error) error {
	return &Error{What: what, Err: os.NewSyscallError(call, err), Paranoid: paranoid(), Cure: cure(err, s, os.Geteuid() == 0)}
}

func paranoid() string {
	text, err := os.ReadFile(paranoidFile)
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}

func cure(err error, s scope, root bool) string {
	switch {
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		if root {
			return "root is refused: a container's seccomp profile or a missing CAP_PERFMON forbids it; run outside of it, or with --cap-add PERFMON (SYS_ADMIN for the tracepoint) and a profile that allows perf_event_open"
		}
		return permissionCure[s]
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EOPNOTSUPP):
		return "this kernel has no such system call or event (CONFIG_PERF_EVENTS, CONFIG_EVENT_TRACING), or a sandbox hides it; use another kernel or leave the sandbox"
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENOENT):
		return "this kernel has no such file or event (CONFIG_PERF_EVENTS, CONFIG_EVENT_TRACING); use a kernel that has it"
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
		return "a descriptor is needed for each thread and event: raise the limit (ulimit -n) or count fewer events"
	case errors.Is(err, unix.ENOMEM):
		return "no memory for the event or its ring: ask for a smaller ring"
	case errors.Is(err, unix.ESRCH):
		return "no such process: it has ended, or its id belongs to another pid namespace"
	}
	return "see perf_event_open(2)"
}

var permissionCure = [...]string{
	ofThread:  "run as root or as the process's user with sysctl kernel.perf_event_paranoid=1, or give the program CAP_PERFMON (setcap cap_perfmon+ep FILE)",
	ofMachine: "run as root, give the program CAP_PERFMON (setcap cap_perfmon+ep FILE), or set sysctl kernel.perf_event_paranoid=0",
	ofTrace:   "run as root (tracefs is readable by root only, and mounting it is root's)",
}

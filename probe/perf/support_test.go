package perf

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/sys/reexec"
	"golang.org/x/sys/unix"
)

// TestSupported: the sentence of one who may not names errno, setting and cure; one who may hears nothing.
func TestSupported(t *testing.T) {
	err := Supported()
	if err == nil {
		return
	}
	t.Log(oneLine(err))
	var refused *Error
	if errors.As(err, &refused) && (refused.Cure == "" || refused.Paranoid == "" || refused.What == "") {
		t.Errorf("half a sentence: %+v", refused)
	}
}

// TestUnprivileged: nobody is told what is missing, three times and with a cure, and no instrument is given to him that
// would read 0.
func TestUnprivileged(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become nobody; TestSupported has this user's answer")
	}
	if level, err := strconv.Atoi(paranoid()); err != nil || level < 2 {
		t.Skipf("kernel.perf_event_paranoid=%s allows it to everybody", paranoid())
	}
	cmd := reexec.Command("perf-try")
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EINVAL) {
		t.Skip("this sandbox has no user nobody: ", err)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 5 {
		t.Fatalf("want five lines, got:\n%s", out)
	}
	for i, line := range lines {
		t.Log(line)
		if !strings.Contains(line, "paranoid="+paranoid()) || !strings.Contains(line, "run as root") ||
			!(strings.Contains(line, "EACCES") || strings.Contains(line, "EPERM")) {
			t.Errorf("line %d names not errno, setting and cure: %s", i, line)
		}
		if i > 2 && !strings.HasPrefix(line, "true ") {
			t.Errorf("line %d: nobody got an instrument", i)
		}
	}
}

// TestCapability: the cure is one: with CAP_PERFMON alone nobody may count.
func TestCapability(t *testing.T) {
	needCounter(t)
	if os.Geteuid() != 0 {
		t.Skip("only root can give a capability away")
	}
	cmd := reexec.Command("perf-try")
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
	cmd.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_PERFMON}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EINVAL) {
		t.Skip("no user nobody or no CAP_PERFMON here: ", err)
	}
	lines := strings.Split(string(out), "\n")
	if err != nil || len(lines) < 3 || lines[0] != "<nil>" || lines[1] != "<nil>" || !strings.Contains(lines[2], "run as root") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestPidNamespace: in a container's pid namespace the trace would name the wrong threads, and says so instead.
func TestPidNamespace(t *testing.T) {
	needTrace(t)
	cmd := reexec.Command("perf-try")
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID
	out, err := cmd.CombinedOutput()
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EINVAL) {
		t.Skip("no pid namespace to be had: ", err)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lines := strings.Split(string(out), "\n")
	if len(lines) < 3 || !strings.Contains(lines[2], "--pid=host") {
		t.Errorf("said %q", lines)
	}
}

func TestCure(t *testing.T) {
	for _, c := range []struct {
		err  error
		s    scope
		root bool
		want string
	}{
		{unix.EACCES, ofThread, false, "perf_event_paranoid=1"},
		{unix.EACCES, ofMachine, false, "perf_event_paranoid=0"},
		{unix.EPERM, ofTrace, false, "run as root"},
		{unix.EPERM, ofThread, true, "seccomp"},
		{unix.ENOSYS, ofThread, true, "CONFIG_PERF_EVENTS"},
		{unix.ENODEV, ofTrace, true, "CONFIG_EVENT_TRACING"},
		{unix.EMFILE, ofThread, true, "ulimit -n"},
		{unix.ENOMEM, ofTrace, true, "smaller ring"},
		{unix.ESRCH, ofThread, false, "ended"},
		{unix.EINVAL, ofThread, false, "perf_event_open(2)"},
	} {
		if got := cure(os.NewSyscallError("x", c.err), c.s, c.root); !strings.Contains(got, c.want) {
			t.Errorf("%v, scope %d, root %v: %q has no %q", c.err, c.s, c.root, got, c.want)
		}
	}
}

func TestErrorText(t *testing.T) {
	err := &Error{What: "an event", Err: os.NewSyscallError("perf_event_open", unix.EACCES), Paranoid: "2", Cure: "be root"}
	want := "perf: an event: perf_event_open: permission denied (EACCES); kernel.perf_event_paranoid=2; be root"
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
	if !errors.Is(err, unix.EACCES) {
		t.Error("the errno is lost")
	}
}

package perf

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Support is what this process may count here. Each field is nil where it worked, otherwise an error with the cure; it
// was tried, not guessed from settings.
type Support struct {
	Thread     error // software events of an own thread: what [NewCounter] needs for processes of the same user
	Machine    error // software events of everything on a CPU
	Tracepoint error // sched:sched_switch of everything on a CPU: what [NewTrace] needs
}

// Err joins what is missing; nil means that everything works.
func (s Support) Err() error { return errors.Join(s.Thread, s.Machine, s.Tracepoint) }

// Try opens one event of each kind and closes it again. It leaves nothing behind and takes less than a millisecond as a
// rule; closing a tracepoint waits for the kernel's grace period, some 10 ms.
func Try() Support {
	return Support{Thread: tryThread(), Machine: tryMachine(), Tracepoint: tryTracepoint()}
}

// Supported is nil where both [Counter] and [Trace] work, otherwise says what does not, why, and how to allow it.
func Supported() error { return Try().Err() }

func tryThread() error {
	fd, err := openSwitches(0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = readCount(fd)
	return err
}

func tryMachine() error {
	cpus, err := onlineCPUs()
	if err != nil {
		return err
	}
	attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CONTEXT_SWITCHES}
	fd, err := open(&attr, everyone, cpus[0])
	if err != nil {
		return refuse(fmt.Sprintf("context-switches of CPU %d", cpus[0]), "perf_event_open", ofMachine, err)
	}
	return os.NewSyscallError("close", unix.Close(fd))
}

func tryTracepoint() error {
	if err := hostPIDs(); err != nil {
		return err
	}
	point, err := schedSwitch()
	if err != nil {
		return err
	}
	cpus, err := onlineCPUs()
	if err != nil {
		return err
	}
	r, err := openRing(point, cpus[0], minRing)
	if err != nil {
		return err
	}
	return r.close()
}

// hostPIDs refuses in a pid namespace of its own. The tracepoint's prev_pid is the id in the initial namespace, everything
// else (fork and exit records, /proc) uses the reader's own; in a nested namespace they would name different threads.
// The inode is PID_NS_INIT_INO, linux/nsfs.h.
func hostPIDs() error {
	const initial = "pid:[4026531836]"
	got, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return fmt.Errorf("perf: which pid namespace this is: %w; mount /proc", err)
	}
	if got != initial {
		return fmt.Errorf("perf: sched:sched_switch names threads by their ids in the initial pid namespace, this is %s: run outside of the container, or with --pid=host", got)
	}
	return nil
}

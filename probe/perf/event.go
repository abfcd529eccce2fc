package perf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Event is what a [Counter] counts.
type Event int

const (
	// ContextSwitches is every switch: the software event, for which perf_event_paranoid decides.
	ContextSwitches Event = iota
	// VoluntarySwitches is those of threads that blocked: the tracepoint sched:sched_switch, of which the kernel counts
	// only those that Trace takes for voluntary. Its number is in tracefs, which is root's.
	VoluntarySwitches
)

func (e Event) String() string {
	switch e {
	case ContextSwitches:
		return "context-switches"
	case VoluntarySwitches:
		return "sched:sched_switch"
	}
	return "event-" + strconv.Itoa(int(e))
}

const everyone, anyCPU = -1, -1 // pid and cpu of perf_event_open(2)

// open is perf_event_open(2) without a group; the descriptor is closed on exec and is the caller's.
func open(attr *unix.PerfEventAttr, pid, cpu int) (int, error) {
	attr.Size = uint32(unsafe.Sizeof(*attr))
	for {
		fd, err := unix.PerfEventOpen(attr, pid, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// openSwitches counts the switches of one thread and of all threads and processes that it creates from now on. Neither
// exclude_kernel (reads 0, see the package comment) nor PERF_FORMAT_GROUP: kernels before 4.4 refuse it together with
// inherit, and there is nothing to gain, because what a reading costs is the walk over the inherited events.
func openSwitches(tid int) (int, error) {
	attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CONTEXT_SWITCHES, Bits: unix.PerfBitInherit}
	return openThread(ContextSwitches, &attr, tid, ofThread)
}

// openVoluntary is the same of the voluntary ones. It is switched on when it has its filter, which inherited events
// share with it.
func openVoluntary(point *tracepoint, tid int) (int, error) {
	attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_TRACEPOINT, Config: point.id, Bits: unix.PerfBitInherit | unix.PerfBitDisabled}
	fd, err := openThread(VoluntarySwitches, &attr, tid, ofTrace)
	if err != nil {
		return -1, err
	}
	if err = setFilter(fd, voluntaryFilter); err == nil {
		err = enable(fd)
	}
	if err != nil {
		return -1, errors.Join(err, os.NewSyscallError("close", unix.Close(fd)))
	}
	return fd, nil
}

// voluntaryFilter is happening.voluntary in the words of the kernel's filter.
var voluntaryFilter = fmt.Sprintf("prev_state != %d && prev_state != %d", running, preempted)

func openThread(e Event, attr *unix.PerfEventAttr, tid int, s scope) (int, error) {
	fd, err := open(attr, tid, anyCPU)
	if err != nil {
		what := fmt.Sprintf("%v of thread %d", e, tid)
		if tid == 0 {
			what = fmt.Sprintf("%v of the own thread", e)
		}
		return -1, refuse(what, "perf_event_open", s, err)
	}
	return fd, nil
}

// readCount reads the number an event has counted; inherited ones included.
func readCount(fd int) (uint64, error) {
	var word [8]byte
	for {
		n, err := unix.Read(fd, word[:])
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, refuse("read a counter", "read", ofThread, err)
		case n != len(word):
			return 0, fmt.Errorf("perf: a counter gave %d bytes of %d: its event is in the error state", n, len(word))
		default:
			return binary.NativeEndian.Uint64(word[:]), nil
		}
	}
}

func enable(fd int) error  { return control(fd, unix.PERF_EVENT_IOC_ENABLE, "enable an event") }
func disable(fd int) error { return control(fd, unix.PERF_EVENT_IOC_DISABLE, "disable an event") }

func control(fd int, request uint, what string) error {
	if err := unix.IoctlSetInt(fd, request, 0); err != nil {
		return refuse(what, "ioctl", ofTrace, err)
	}
	return nil
}

// setFilter lets the kernel drop what does not match before it costs a record
// (Documentation/trace/events.rst, section "Event filtering").
func setFilter(fd int, filter string) error {
	text, err := unix.BytePtrFromString(filter)
	if err != nil {
		return fmt.Errorf("perf: filter %q: %w", filter, err)
	}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.PERF_EVENT_IOC_SET_FILTER, uintptr(unsafe.Pointer(text)))
	runtime.KeepAlive(text)
	if errno != 0 {
		return refuse("filter "+strconv.Quote(filter), "ioctl", ofTrace, errno)
	}
	return nil
}

package perf

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Event is a software event of the kernel, with the name that perf(1) gives it.
type Event int

// The events that a [Counter] can keep. A reading of TaskClock is in nanoseconds of CPU time, the others are numbers of
// times.
const (
	ContextSwitches Event = unix.PERF_COUNT_SW_CONTEXT_SWITCHES
	CPUMigrations   Event = unix.PERF_COUNT_SW_CPU_MIGRATIONS
	TaskClock       Event = unix.PERF_COUNT_SW_TASK_CLOCK
	PageFaults      Event = unix.PERF_COUNT_SW_PAGE_FAULTS
)

func (e Event) String() string {
	switch e {
	case ContextSwitches:
		return "context-switches"
	case CPUMigrations:
		return "cpu-migrations"
	case TaskClock:
		return "task-clock"
	case PageFaults:
		return "page-faults"
	}
	return "software-event-" + strconv.Itoa(int(e))
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

// openSoftware counts e on one thread and on all threads and processes that it creates from now on. Neither
// exclude_kernel (reads 0, see the package comment) nor PERF_FORMAT_GROUP: kernels before 4.4 refuse it together with
// inherit, and there is nothing to gain, because what a reading costs is the walk over the inherited events.
func openSoftware(e Event, tid int) (int, error) {
	fd, err := open(&unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: uint64(e), Bits: unix.PerfBitInherit}, tid, anyCPU)
	if err != nil {
		what := fmt.Sprintf("%v of thread %d", e, tid)
		if tid == 0 {
			what = fmt.Sprintf("%v of the own thread", e)
		}
		return -1, refuse(what, "perf_event_open", ofThread, err)
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

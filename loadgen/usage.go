package loadgen

import (
	"bytes"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// schedstatFile tells three numbers of the thread that opened it: nanoseconds
// on a CPU, nanoseconds runnable without one, turns on a CPU (proc(5), and
// Documentation/scheduler/sched-stats.rst of the kernel).
const schedstatFile = "/proc/thread-self/schedstat"

// openUsage opens what usage reads. A kernel without CONFIG_SCHED_INFO has no
// such file; the descriptor is then -1, and Waited is not known.
func (t *thread) openUsage() {
	if fd, err := unix.Open(t.cfg.schedstat, unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
		t.statfd = int32(fd)
	}
}

// usage refreshes the counters that the kernel keeps for this thread.
func (t *thread) usage() {
	var ru unix.Rusage
	if _, _, e := unix.RawSyscall(unix.SYS_GETRUSAGE, unix.RUSAGE_THREAD, uintptr(unsafe.Pointer(&ru)), 0); e != 0 {
		return // cannot happen: RUSAGE_THREAD is older than any kernel Go runs on
	}
	t.counts[ctrUser], t.counts[ctrSys] = uint64(ru.Utime.Nano()), uint64(ru.Stime.Nano())
	t.counts[ctrVoluntary], t.counts[ctrInvoluntary] = uint64(ru.Nvcsw), uint64(ru.Nivcsw)
	waited, ok := t.readWaited()
	t.counts[ctrWaited] = waited
	t.mute = t.mute || !ok
}

// readWaited reads how long this thread has been runnable without a CPU.
func (t *thread) readWaited() (ns uint64, ok bool) {
	if t.statfd < 0 {
		return 0, false
	}
	n, err := unix.Pread(int(t.statfd), t.schedstat[:], 0)
	if err != nil {
		return 0, false
	}
	return parseWaited(t.schedstat[:n])
}

// parseWaited reads the line of schedstatFile. A kernel that keeps the numbers
// only when asked to (delayacct) and was not prints zeros: a thread that reads
// its file has been on a CPU, so a zero there is no number. It allocates
// nothing: what is read at the edges of a window would be counted in it.
func parseWaited(line []byte) (ns uint64, ok bool) {
	ran, rest, _ := bytes.Cut(line, []byte(" "))
	waited, turns, found := bytes.Cut(rest, []byte(" "))
	if n, err := strconv.ParseUint(string(ran), 10, 64); err != nil || n == 0 || !found || len(turns) == 0 {
		return 0, false
	}
	ns, err := strconv.ParseUint(string(waited), 10, 64)
	return ns, err == nil
}

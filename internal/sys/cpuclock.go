package sys

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Tick is the unit of the times in /proc/stat and /proc/PID/stat: USER_HZ, which is
// 100 on every architecture that Go runs on, whatever HZ the kernel has.
const Tick = 10 * time.Millisecond

// ProcessCPU returns the CPU time that a process, all its threads together, has
// used so far: the clock that clock_getcpuclockid(3) names, whose number is
// ((^pid)<<3)|2. It costs one system call, does not disturb the process, and needs
// no privilege. The caller makes sure that pid is still the process it means.
func ProcessCPU(pid int) (time.Duration, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid)<<3|2, &ts); err != nil {
		return 0, os.NewSyscallError("clock_gettime", err)
	}
	return time.Duration(ts.Nano()), nil
}

// ProcessTimes is ProcessCPU divided into user and system time. The division is
// that of /proc/PID/stat, which counts in a Tick; the sum is exact.
func ProcessTimes(pid int) (user, system time.Duration, err error) {
	total, err := ProcessCPU(pid)
	if err != nil {
		return 0, 0, err
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	// Behind the last parenthesis of the name, which may contain anything: utime and
	// stime are the 12th and 13th field.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0, 0, fmt.Errorf("/proc/%d/stat: %d fields", pid, len(fields))
	}
	ticks, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("/proc/%d/stat: %w", pid, err)
	}
	user = min(time.Duration(ticks)*Tick, total)
	return user, total - user, nil
}

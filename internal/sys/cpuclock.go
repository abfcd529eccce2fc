package sys

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

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

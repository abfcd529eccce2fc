package floor

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/c10kit/c10kit/internal/sys"
	"golang.org/x/sys/unix"
)

// Processes returns the pids of a process and all its descendants, the process first. It reads
// /proc/PID/task/TID/children (proc_pid_task(5)), which costs microseconds where a search of /proc for parents costs
// milliseconds. Of children that come or go meanwhile it may miss some; a constant set is complete.
func Processes(pid int) ([]int, error) {
	if _, err := childrenOf(pid, pid); err != nil {
		return nil, err
	}
	pids := []int{pid}
	for i := 0; i < len(pids); i++ { // pids grows meanwhile
		tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pids[i]))
		for _, task := range tasks {
			tid, err := strconv.Atoi(task.Name())
			if err != nil {
				return nil, fmt.Errorf("/proc/%d/task holds %q", pids[i], task.Name())
			}
			children, err := childrenOf(pids[i], tid)
			if err != nil && !gone(err) {
				return nil, err
			}
			pids = append(pids, children...)
		}
	}
	return pids, nil
}

// childrenOf returns the children that a thread has forked.
func childrenOf(pid, tid int) ([]int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, tid))
	if err != nil {
		return nil, fmt.Errorf("the process has ended, or the kernel lacks CONFIG_PROC_CHILDREN: %w", err)
	}
	var pids []int
	for field := range bytes.FieldsSeq(text) {
		child, err := strconv.Atoi(string(field))
		if err != nil {
			return nil, fmt.Errorf("/proc/%d/task/%d/children: %w", pid, tid, err)
		}
		pids = append(pids, child)
	}
	return pids, nil
}

// gone reports whether an error says that a process or thread has ended.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH)
}

// readings is how often treeCPU reads before it makes do with a reading that something came between.
const readings = 20

// treeCPU returns what a process whose main thread forks has used with its children: its own clock, the clocks of the
// children that it has not reaped, zombies included, and what the kernel added up of those that it has.
//
// A child that is reaped after the sum was read and before its clock was is in neither. So it reads until all children
// that were there before the sum are there after the clocks.
func treeCPU(pid int) (total time.Duration, err error) {
	children, err := childrenOf(pid, pid)
	if err != nil {
		return 0, err
	}
	for range readings {
		if total, err = readCPU(pid, children); err != nil {
			return 0, err
		}
		before := children
		if children, err = childrenOf(pid, pid); err != nil {
			return 0, err
		}
		if subset(before, children) {
			break
		}
	}
	return total, nil
}

func readCPU(pid int, children []int) (time.Duration, error) {
	total, err := reapedCPU(pid)
	if err != nil {
		return 0, err
	}
	for _, child := range children {
		used, err := sys.ProcessCPU(child)
		if err != nil && !errors.Is(err, unix.EINVAL) { // the answer for a process that is not there
			return 0, fmt.Errorf("CPU clock of child %d: %w", child, err)
		}
		total += used
	}
	own, err := sys.ProcessCPU(pid)
	return total + own, err
}

func subset(part, whole []int) bool {
	return !slices.ContainsFunc(part, func(pid int) bool { return !slices.Contains(whole, pid) })
}

// reapedCPU returns what the children used that the process has waited for, and theirs.
func reapedCPU(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseReaped(stat)
}

// parseReaped adds cutime and cstime of /proc/PID/stat (proc_pid_stat(5)). The kernel keeps nanoseconds and rounds each
// of the two down to a tick when it prints them, so a difference of two readings is off by less than 20 ms, as much to
// one side as to the other, however many children there were.
func parseReaped(stat []byte) (time.Duration, error) {
	const cutime, cstime = 16 - 3, 17 - 3                           // numbers of the manual; the third follows the name
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]) // a name may hold blanks and parentheses
	var ticks int64
	for _, i := range []int{cutime, cstime} {
		if i >= len(fields) {
			return 0, fmt.Errorf("/proc/PID/stat is %q", stat)
		}
		n, err := strconv.ParseInt(string(fields[i]), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/PID/stat: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / userHZ, nil
}

// forks reports whether a yardstick serves in processes that it forks.
func (which Which) forks() bool { return slices.Contains([]Which{Prefork, PPC}, which) }

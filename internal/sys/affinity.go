// Package sys holds small things around system calls that more than one part of
// c10kit needs and that x/sys does not have.
package sys

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// SetAffinity pins every thread of this process to cpus, and so every thread that
// they create. An empty list changes nothing. It reads the list of threads until
// it finds no new one: the runtime may be starting one meanwhile.
func SetAffinity(cpus []int) error {
	if len(cpus) == 0 {
		return nil
	}
	set, err := cpuSet(cpus)
	if err != nil {
		return err
	}
	done := map[int]bool{}
	for {
		entries, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		more := false
		for _, e := range entries {
			tid, err := strconv.Atoi(e.Name())
			if err != nil || done[tid] {
				continue
			}
			if err := unix.SchedSetaffinity(tid, set); err != nil && err != unix.ESRCH {
				return affinityError(cpus, err)
			}
			done[tid], more = true, true
		}
		if !more {
			return nil
		}
	}
}

// SetThreadAffinity pins the calling thread, which must be locked to its goroutine.
func SetThreadAffinity(cpus []int) error {
	set, err := cpuSet(cpus)
	if err != nil {
		return err
	}
	if err := unix.SchedSetaffinity(0, set); err != nil {
		return affinityError(cpus, err)
	}
	return nil
}

func affinityError(cpus []int, err error) error {
	allowed, _ := AllowedCPUs()
	return fmt.Errorf("pinning to CPUs %v (this process may use %v): %w", cpus, allowed, os.NewSyscallError("sched_setaffinity", err))
}

func cpuSet(cpus []int) (*unix.CPUSet, error) {
	set := new(unix.CPUSet)
	for _, c := range cpus {
		if c < 0 || c >= 1024 {
			return nil, fmt.Errorf("CPU %d: a number from 0 to 1023 is needed", c)
		}
		set.Set(c)
	}
	return set, nil
}

// AllowedCPUs returns the processors that the calling thread may use.
func AllowedCPUs() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, os.NewSyscallError("sched_getaffinity", err)
	}
	var cpus []int
	for c := range 1024 {
		if set.IsSet(c) {
			cpus = append(cpus, c)
		}
	}
	return cpus, nil
}

// ParseCPUs reads a list as cpuset(7) writes it: "0,2-3".
func ParseCPUs(list string) ([]int, error) {
	var cpus []int
	for part := range strings.SplitSeq(list, ",") {
		from, to, isRange := strings.Cut(part, "-")
		a, err := strconv.Atoi(from)
		b := a
		if err == nil && isRange {
			b, err = strconv.Atoi(to)
		}
		if err != nil || a < 0 || b < a || b > 1023 {
			return nil, fmt.Errorf("CPU list %q: want numbers and ranges such as 0,2-3", list)
		}
		for c := a; c <= b; c++ {
			cpus = append(cpus, c)
		}
	}
	slices.Sort(cpus)
	return slices.Compact(cpus), nil
}

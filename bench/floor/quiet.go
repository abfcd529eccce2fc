package floor

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// userHZ is the unit of /proc/stat: USER_HZ is 100 on every architecture that Go runs on.
const userHZ = 100

// Quiet wraps a run for ABA: it is repeated, at most tries times, while processes that do not belong to it used more
// than share of one CPU. What it returns is the cost of the first quiet run, or of the last one where none was quiet: a
// busy machine is no failure, and widens the interval as it should. The choice looks at what others did and never at
// the cost, so it does not bend the result.
//
// run returns its cost and the CPU time that its own processes used, all of them; this process is not counted as
// foreign by more than what it does between the two readings.
func Quiet(tries int, share float64, run func() (cost float64, own time.Duration, err error)) func() (float64, error) {
	return func() (float64, error) {
		for try := 1; ; try++ {
			begin, before, err := machineCPU()
			if err != nil {
				return 0, err
			}
			cost, own, err := run()
			if err != nil {
				return 0, err
			}
			end, after, err := machineCPU()
			if err != nil {
				return 0, err
			}
			foreign := (after - before - own).Seconds() / end.Sub(begin).Seconds()
			if foreign <= share || try >= tries {
				return cost, nil
			}
		}
	}
}

// machineCPU returns the CPU time that all processes and the kernel have used since boot, to 10 ms.
func machineCPU() (time.Time, time.Duration, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return time.Time{}, 0, err
	}
	used, err := parseStat(stat)
	return time.Now(), used, err
}

// parseStat sums the first line of /proc/stat (proc_stat(5)) without idle, iowait and what guests used, which user and
// nice contain already. Steal counts: what the hypervisor took was taken from the run.
func parseStat(stat []byte) (time.Duration, error) {
	const user, nice, system, irq, softirq, steal = 1, 2, 3, 6, 7, 8
	line, _, _ := bytes.Cut(stat, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) <= steal || string(fields[0]) != "cpu" {
		return 0, fmt.Errorf("/proc/stat begins with %q", line)
	}
	var ticks int64
	for _, i := range []int{user, nice, system, irq, softirq, steal} {
		n, err := strconv.ParseInt(string(fields[i]), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/stat: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / userHZ, nil
}

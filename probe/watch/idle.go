package watch

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// tick is the unit of /proc/stat, USER_HZ, which is 100 on every architecture that
// Go runs on.
const tick = 10 * time.Millisecond

// idle returns how long the given processors have been idle, all together, since boot:
// /proc/stat, proc_stat(5), idle and waiting for I/O.
func idle(path string, cpus []int) (time.Duration, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, cpu := range cpus {
		_, line, ok := bytes.Cut(text, fmt.Appendf(nil, "\ncpu%d ", cpu))
		line, _, _ = bytes.Cut(line, []byte("\n"))
		fields := bytes.Fields(line) // user nice system idle iowait ...
		if !ok || len(fields) < 5 {
			return 0, fmt.Errorf("%s: no line of CPU %d: is it offline?", path, cpu)
		}
		for _, f := range fields[3:5] {
			n, err := strconv.ParseInt(string(f), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("%s: CPU %d: %w", path, cpu, err)
			}
			sum += time.Duration(n) * tick
		}
	}
	return sum, nil
}

package watch

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/c10kit/c10kit/internal/sys"
)

// unused is the time since boot in which processors ran nothing of this machine's, all
// together: /proc/stat, proc_stat(5).
type unused struct {
	idle   time.Duration // or waiting for I/O
	stolen time.Duration // by the hypervisor, while something wanted to run
}

// parseUnused takes that of the given processors from the text of /proc/stat.
func parseUnused(text []byte, cpus []int) (unused, error) {
	var u unused
	for _, cpu := range cpus {
		_, line, ok := bytes.Cut(text, fmt.Appendf(nil, "\ncpu%d ", cpu))
		line, _, _ = bytes.Cut(line, []byte("\n"))
		const idle, iowait, steal = 3, 4, 7 // user nice system idle iowait irq softirq steal
		fields := bytes.Fields(line)
		if !ok || len(fields) <= steal {
			return unused{}, fmt.Errorf("/proc/stat: no line of CPU %d: is it offline?", cpu)
		}
		for at, sum := range map[int]*time.Duration{idle: &u.idle, iowait: &u.idle, steal: &u.stolen} {
			n, err := strconv.ParseInt(string(fields[at]), 10, 64)
			if err != nil {
				return unused{}, fmt.Errorf("/proc/stat: CPU %d: %w", cpu, err)
			}
			*sum += time.Duration(n) * sys.Tick
		}
	}
	return u, nil
}

package watch

import (
	"bytes"
	"fmt"
	"os"
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

// readUnused reads it for the given processors.
func readUnused(path string, cpus []int) (unused, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return unused{}, err
	}
	var u unused
	for _, cpu := range cpus {
		_, line, ok := bytes.Cut(text, fmt.Appendf(nil, "\ncpu%d ", cpu))
		line, _, _ = bytes.Cut(line, []byte("\n"))
		const idle, iowait, steal = 3, 4, 7 // user nice system idle iowait irq softirq steal
		fields := bytes.Fields(line)
		if !ok || len(fields) <= steal {
			return unused{}, fmt.Errorf("%s: no line of CPU %d: is it offline?", path, cpu)
		}
		for at, sum := range map[int]*time.Duration{idle: &u.idle, iowait: &u.idle, steal: &u.stolen} {
			n, err := strconv.ParseInt(string(fields[at]), 10, 64)
			if err != nil {
				return unused{}, fmt.Errorf("%s: CPU %d: %w", path, cpu, err)
			}
			*sum += time.Duration(n) * sys.Tick
		}
	}
	return u, nil
}

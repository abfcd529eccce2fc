package modeltest

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// process is what /proc says about a server: its process and all below it.
type process struct {
	// anon is resident memory that is not of files, in bytes, a page that n processes
	// share counting 1/n in each (Pss_Anon): RssAnon would count the memory that forked
	// workers share with their forker once for each of them.
	anon     int64
	threads  int
	fds      int
	children int
}

// look reads /proc. A process that ends meanwhile is left out.
func look(pid int) (process, error) {
	p, err := lookAlone(pid)
	if err != nil {
		return p, err
	}
	for _, child := range childrenOf(pid) {
		if below, err := look(child); err == nil {
			p.anon += below.anon
			p.threads += below.threads
			p.fds += below.fds
			p.children += 1 + below.children
		}
	}
	return p, nil
}

func lookAlone(pid int) (process, error) {
	var p process
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return p, err
	}
	for line := range strings.Lines(string(status)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		switch f[0] {
		case "Threads:":
			if p.threads, err = strconv.Atoi(f[1]); err != nil {
				return p, fmt.Errorf("/proc/%d/status: %w", pid, err)
			}
		}
	}
	if p.anon, err = pssAnon(pid); err != nil {
		return p, err
	}
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	p.fds = len(fds)
	return p, err
}

// pssAnon reads Pss_Anon of a process in bytes: proc_pid_smaps(5).
func pssAnon(pid int) (int64, error) {
	rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(rollup)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "Pss_Anon:" {
			kib, err := strconv.ParseInt(f[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/smaps_rollup has no Pss_Anon", pid)
}

// childrenOf lists the children of every thread of a process.
func childrenOf(pid int) []int {
	var pids []int
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, t := range tasks {
		list, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, t.Name()))
		for f := range strings.FieldsSeq(string(list)) {
			if n, err := strconv.Atoi(f); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}

// aProcess is what a process that is started meanwhile may cost before it serves: a
// re-executed Go program has a runtime of its own, and under the race detector the
// shadow of its memory.
var aProcess = 2 * mib * memoryFactor * memoryFactor

// memory watches a child's resident memory while f runs and returns by how much
// its peak exceeds what it was before, aProcess for each new one not counted.
func (c *Child) memory(f func() error) (int64, error) {
	before, err := look(c.Pid())
	if err != nil {
		return 0, err
	}
	var peak atomic.Int64
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			if now, err := look(c.Pid()); err == nil {
				started := int64(max(0, now.children-before.children))
				peak.Store(max(peak.Load(), now.anon-started*aProcess))
			}
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	err = f()
	close(done)
	<-stopped
	return peak.Load() - before.anon, err
}

// bounded is memory with a limit.
func (c *Child) bounded(limit int64, f func() error) error {
	grown, err := c.memory(f)
	if err == nil && grown > limit*memoryFactor {
		err = fmt.Errorf("the server's memory grew by %d KiB, the limit is %d", grown>>10, limit*memoryFactor>>10)
	}
	return err
}

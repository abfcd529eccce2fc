package probe

import (
	"bytes"
	"fmt"
	"time"
)

// schedule reads how long a thread has run, and how long it has been runnable without
// running: the first two numbers of its schedstat. The file is there with
// CONFIG_SCHED_INFO only.
func (r *reader) schedule(pid, tid int) (ran, delay time.Duration, err error) {
	text, err := r.task(pid, tid, "schedstat").whole()
	if gone(err) {
		if _, err := r.task(pid, tid, "stat").read(); err == nil {
			return 0, 0, fmt.Errorf("scheduler delay: %s/%d/task/%d has no schedstat: "+
				"the kernel is built without CONFIG_SCHED_INFO", r.root, pid, tid)
		}
		return 0, 0, err
	}
	if err != nil {
		return 0, 0, explain(err)
	}
	first, text, _ := bytes.Cut(text, []byte{' '})
	second, _, _ := bytes.Cut(text, []byte{' '})
	ranNs, ok1 := parseUint(first)
	delayNs, ok2 := parseUint(second)
	if !ok1 || !ok2 {
		return 0, 0, fmt.Errorf("scheduler delay: %s/%d/task/%d/schedstat: not three numbers", r.root, pid, tid)
	}
	return time.Duration(ranNs), time.Duration(delayNs), nil
}

// delays is the scheduler delay of each thread.
type delays map[int]threadDelay

type threadDelay struct {
	pid   int
	delay time.Duration
	ran   time.Duration
}

// delays adds the threads of the given processes to d.
func (r *reader) delays(tree Tree, d delays) error {
	tasks, err := r.tasks(tree)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		ran, delay, err := r.schedule(t.pid, t.tid)
		if gone(err) {
			continue
		}
		if err != nil {
			return err
		}
		d[t.tid] = threadDelay{t.pid, delay, ran}
	}
	return nil
}

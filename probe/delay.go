package probe

import (
	"bytes"
	"fmt"
	"time"
)

// delay reads how long a thread has been runnable without running: the second
// number of its schedstat. The file is there with CONFIG_SCHED_INFO only.
func (r *reader) delay(pid, tid int) (time.Duration, error) {
	text, err := r.task(pid, tid, "schedstat").read()
	if gone(err) {
		if _, err := r.task(pid, tid, "stat").read(); err == nil {
			return 0, fmt.Errorf("scheduler delay: %s/%d/task/%d has no schedstat: "+
				"the kernel is built without CONFIG_SCHED_INFO", r.root, pid, tid)
		}
		return 0, err
	}
	if err != nil {
		return 0, explain(err)
	}
	_, text, _ = bytes.Cut(text, []byte{' '})
	text, _, _ = bytes.Cut(text, []byte{' '})
	ns, ok := parseUint(text)
	if !ok {
		return 0, fmt.Errorf("scheduler delay: %s/%d/task/%d/schedstat: not three numbers", r.root, pid, tid)
	}
	return time.Duration(ns), nil
}

// delays is the scheduler delay of each thread.
type delays map[int]threadDelay

type threadDelay struct {
	pid   int
	delay time.Duration
}

// delays reads the threads of the given processes.
func (r *reader) delays(tree Tree) (delays, error) {
	tasks, err := r.tasks(tree)
	if err != nil {
		return nil, err
	}
	d := make(delays, len(tasks))
	for _, t := range tasks {
		ns, err := r.delay(t.pid, t.tid)
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		d[t.tid] = threadDelay{t.pid, ns}
	}
	return d, nil
}

// since sums what the threads that are there now have waited since first. What a
// thread waited that has ended by now is not in it. A thread that has waited less
// than its namesake is a new one.
func (d delays) since(first delays) time.Duration {
	var sum time.Duration
	for tid, now := range d {
		old := first[tid]
		if old.pid == now.pid && old.delay <= now.delay {
			now.delay -= old.delay
		}
		sum += now.delay
	}
	return sum
}

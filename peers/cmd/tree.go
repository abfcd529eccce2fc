package cmd

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// tree is the processes below this one, which must be their subreaper: whoever loses
// its parent becomes a child of this process. Its methods are safe for several
// goroutines; wait is called by one.
type tree struct {
	mu   sync.Mutex // held from a look at who there is to a kill, and while one is reaped: a pid means who it meant
	root int        // the child that the others come from; 0 once it is reaped
	done chan struct{}
	kill sync.Once
}

func newTree(root int) *tree { return &tree{root: root, done: make(chan struct{})} }

// subreaper makes this process the parent of orphans below it (prctl(2)).
func subreaper() error {
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}

// signal sends to the root alone: a master tells its workers, and one that was told
// twice may hurry.
func (t *tree) signal(s syscall.Signal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.root != 0 {
		_ = unix.Kill(t.root, s) // it cannot be gone; it may have become another user's: then SIGKILL of its children remains
	}
}

// again is how long after a round of kills the next one comes.
const again = 2 * time.Millisecond

// killAll kills, again and again, every child of this process until wait has found none:
// each that dies makes its children ours. It returns when all are gone, which a process
// stuck in the kernel delays.
func (t *tree) killAll() {
	t.kill.Do(func() {
		for {
			t.killChildren()
			select {
			case <-t.done:
				return
			case <-time.After(again):
			}
		}
	})
}

func (t *tree) killChildren() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, pid := range children() {
		_ = unix.Kill(pid, unix.SIGKILL) // ESRCH is impossible, EPERM is for another round
	}
}

// wait reaps children until there are none. When the root ends it tells ended, and
// what the root left behind is killed.
func (t *tree) wait(ended func(syscall.WaitStatus)) error {
	defer close(t.done)
	for {
		// Blocks without reaping, so that the lock is free meanwhile.
		err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOWAIT, nil)
		switch {
		case errors.Is(err, unix.ECHILD):
			return nil
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return os.NewSyscallError("waitid", err)
		}
		if status, root := t.reap(); root {
			ended(status)
			go t.killAll()
		}
	}
}

// reap takes one child off the kernel's hands and reports whether it was the root.
func (t *tree) reap() (status syscall.WaitStatus, root bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
	if err != nil || pid <= 0 || pid != t.root {
		return status, false
	}
	t.root = 0
	return status, true
}

// children lists the children of this process, of whichever thread
// (proc_pid_task(5)).
func children() []int {
	var pids []int
	tasks, _ := os.ReadDir("/proc/self/task")
	for _, task := range tasks {
		list, _ := os.ReadFile(fmt.Sprintf("/proc/self/task/%s/children", task.Name()))
		for field := range strings.FieldsSeq(string(list)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

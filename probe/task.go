package probe

import (
	"bytes"
	"fmt"
	"strconv"
)

// task is one thread as one reading saw it.
type task struct {
	pid, tid    int
	start       uint64 // ticks after boot; 0 if not read
	voluntary   uint64
	involuntary uint64
	zombie      bool
	known       bool // it was there to be read
}

func (t *task) switches() uint64 { return t.voluntary + t.involuntary }

// threads appends the thread numbers of a process. That of one that had one thread when
// it was read is its own number, and its folder need not be listed, which for a pool of
// forked workers is a quarter of the work; a thread that it makes meanwhile is as one that
// begins after the reading.
func (r *reader) threads(p *Process, tids []int) ([]int, error) {
	if p.Threads == 1 {
		return append(tids, p.PID), nil
	}
	return r.process(p.PID, "task").list(tids)
}

// tasks lists the threads of the tree, still without figures.
func (r *reader) tasks(tree Tree) ([]task, error) {
	var all []task
	var tids []int
	for i := range tree {
		var err error
		tids, err = r.threads(&tree[i], tids[:0])
		if err != nil && !gone(err) {
			return nil, explain(err)
		}
		for _, tid := range tids {
			all = append(all, task{pid: tree[i].PID, tid: tid})
		}
	}
	return all, nil
}

// folder names where below /proc the files of a process lie that its threads share: fd,
// net, smaps_rollup. It is PID or, in a headless process, PID/task/TID of a thread that
// lives: what PID shows is the first thread's, which gave back descriptors, memory and
// namespaces when it ended.
func (r *reader) folder(p *Process) string {
	if p.headless() {
		tids, _ := r.process(p.PID, "task").list(nil) // of one that has ended since, PID says so
		for _, tid := range tids {
			text, err := r.task(p.PID, tid, "stat").whole()
			if t, ok := parseStat(text); err == nil && ok && t.State != 'Z' && t.State != 'X' {
				return fmt.Sprintf("%d/task/%d", p.PID, tid)
			}
		}
	}
	return strconv.Itoa(p.PID)
}

// fill reads the figures of a thread; of one that has ended it leaves known false.
func (r *reader) fill(t *task) error {
	text, err := r.task(t.pid, t.tid, "status").whole()
	if gone(err) {
		t.known = false
		return nil
	}
	if err != nil {
		return explain(err)
	}
	var ok bool
	t.voluntary, t.involuntary, t.zombie, ok = parseStatus(text)
	if !ok {
		return fmt.Errorf("%s/%d/task/%d/status has no voluntary_ctxt_switches: it needs Linux 2.6.23 or newer", r.root, t.pid, t.tid)
	}
	t.known = true
	return nil
}

// identify reads when the thread began, which with its number names it for good.
func (r *reader) identify(t *task) error {
	text, err := r.task(t.pid, t.tid, "stat").whole()
	if gone(err) {
		t.known = false
		return nil
	}
	if err != nil {
		return explain(err)
	}
	p, ok := parseStat(text)
	if !ok {
		return fmt.Errorf("%s/%d/task/%d/stat: not a stat file: %q", r.root, t.pid, t.tid, text)
	}
	t.start = p.Start
	return nil
}

var (
	stateLine       = []byte("\nState:\t")
	voluntaryLine   = []byte("\nvoluntary_ctxt_switches:\t")
	involuntaryLine = []byte("\nnonvoluntary_ctxt_switches:\t")
)

// parseStatus reads the three lines of a status file, proc_pid_status(5), that
// are wanted. It allocates nothing: there are thousands of these files.
func parseStatus(text []byte) (voluntary, involuntary uint64, zombie, ok bool) {
	state, _ := after(text, stateLine)
	v, ok1 := after(text, voluntaryLine)
	i, ok2 := after(text, involuntaryLine)
	voluntary, ok3 := parseUint(v)
	involuntary, ok4 := parseUint(i)
	return voluntary, involuntary, bytes.HasPrefix(state, []byte("Z")), ok1 && ok2 && ok3 && ok4
}

// after returns what stands behind key on its line.
func after(text, key []byte) ([]byte, bool) {
	_, after0, ok := bytes.Cut(text, key)
	if !ok {
		return nil, false
	}
	line, _, ended := bytes.Cut(after0, []byte{'\n'})
	return line, ended
}

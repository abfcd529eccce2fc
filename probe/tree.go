package probe

import (
	"bytes"
	"errors"
	"fmt"
)

// Tree is a process and all its descendants, parents before their children.
type Tree []Process

// Threads returns the number of threads of the tree.
func (t Tree) Threads() int {
	n := 0
	for i := range t {
		n += t[i].Threads
	}
	return n
}

// manyThreads is how many threads a process may have before its children are
// looked for by another way: one file a thread costs about as much as one file a
// process of the machine, of which there are some hundreds.
const manyThreads = 100

// Tree returns pid and its descendants. Processes that end meanwhile are left out
// or in, as it happens; one that is there all the time is in, but for the kernel's
// caveat about children files in proc_tid_children(5): a sibling of one that exits
// may be missed. Who must not miss one knows its pid otherwise (Workers).
// The error wraps ErrGone when pid itself is not there.
func (p Proc) Tree(pid int) (Tree, error) {
	r := p.reader()
	root, err := r.stat(pid)
	if gone(err) {
		return nil, fmt.Errorf("process %d: %w", pid, ErrGone)
	}
	if err != nil {
		return nil, err
	}
	t, err := r.walk(root)
	if errors.Is(err, errNoWalk) {
		t, err = r.sift(root)
	}
	return t, err
}

// errNoWalk says that the children files are missing or too many.
var errNoWalk = errors.New("no children files")

// walk follows /proc/PID/task/TID/children, which a kernel with
// CONFIG_PROC_CHILDREN has.
func (r *reader) walk(root Process) (Tree, error) {
	t := Tree{root}
	seen := map[int]bool{root.PID: true} // an orphan may be met under two parents
	var tids []int
	for i := 0; i < len(t); i++ {
		if t[i].Zombie() { // its children have another parent now
			continue
		}
		if t[i].Threads > manyThreads {
			return nil, errNoWalk
		}
		var err error
		tids, err = r.threads(&t[i], tids[:0])
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, explain(err)
		}
		for _, tid := range tids {
			if t, err = r.children(t, seen, t[i].PID, tid); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// children appends the children that a thread has made.
func (r *reader) children(t Tree, seen map[int]bool, pid, tid int) (Tree, error) {
	text, err := r.task(pid, tid, "children").read()
	if gone(err) {
		if _, err := r.task(pid, tid, "stat").read(); err == nil {
			return nil, errNoWalk // the thread is there, the file is not
		}
		return t, nil
	}
	if err != nil {
		return nil, explain(err)
	}
	text = bytes.Clone(text)
	for field := range bytes.FieldsSeq(text) {
		n, ok := parseUint(field)
		if !ok || seen[int(n)] {
			continue
		}
		if p, err := r.stat(int(n)); err == nil {
			seen[int(n)] = true
			t = append(t, p)
		}
	}
	return t, nil
}

// sift reads every process of the machine and keeps those that descend from root.
func (r *reader) sift(root Process) (Tree, error) {
	all, err := r.all()
	if err != nil {
		return nil, err
	}
	t := Tree{root}
	for i := 0; i < len(t); i++ {
		t = append(t, all.children[t[i].PID]...)
	}
	return t, nil
}

// census is every process that /proc shows.
type census struct {
	process  map[int]Process
	children map[int][]Process
}

func (r *reader) all() (census, error) {
	c := census{map[int]Process{}, map[int][]Process{}}
	pids, err := r.file("").list(nil)
	if err != nil {
		return c, explain(err)
	}
	for _, pid := range pids {
		if p, err := r.stat(pid); err == nil {
			c.process[pid] = p
		}
	}
	for pid, p := range c.process {
		// Read before its parent ended, it names one that is no more. It has another
		// since: the next subreaper above, prctl(2).
		if _, ok := c.process[p.Parent]; !ok && p.Parent != 0 {
			again, err := r.stat(pid)
			if err != nil || again.Start != p.Start {
				continue
			}
			p = again
			c.process[pid] = p
		}
		c.children[p.Parent] = append(c.children[p.Parent], p)
	}
	return c, nil
}

// topmost reduces processes to those none of whose ancestors is among them.
func (c census) topmost(pids []int) []Process {
	among := map[int]bool{}
	for _, pid := range pids {
		among[pid] = true
	}
	var top []Process
	for _, pid := range pids {
		under := false
		for up, steps := c.process[pid].Parent, 0; up != 0 && steps < len(c.process); up, steps = c.process[up].Parent, steps+1 {
			under = under || among[up]
		}
		if !under {
			top = append(top, c.process[pid])
		}
	}
	return top
}

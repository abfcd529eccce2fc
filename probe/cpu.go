package probe

import (
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/internal/sys"
)

// CPU is processor time, of a tree since it began or in a window.
type CPU struct {
	User, System time.Duration
}

// Total is both together.
func (c CPU) Total() time.Duration { return c.User + c.System }

func (c CPU) add(d CPU) CPU { return CPU{c.User + d.User, c.System + d.System} }

// sub never goes back, though the division into user and system, which has ticks,
// may.
func (c CPU) sub(d CPU) CPU {
	total := max(c.Total()-d.Total(), 0)
	user := min(max(c.User-d.User, 0), total)
	return CPU{user, total - user}
}

// cpuReading is CPU with what tells that children were waited for.
type cpuReading struct {
	CPU
	childFaults uint64
	processes   map[int]processCPU
}

// processCPU is what a process and the children that it has waited for had used.
type processCPU struct {
	start uint64
	CPU
}

// since is what the tree has used since first, a reading that began at the given tick. A
// process that is older than that and is not in it was overlooked: what it used before
// nobody knows, and nothing of it is taken.
func (c cpuReading) since(first cpuReading, began uint64) CPU {
	now := c.CPU
	for pid, p := range c.processes {
		if was, ok := first.processes[pid]; (!ok || was.start != p.start) && older(p.start, began) {
			now = now.sub(p.CPU)
		}
	}
	return now.sub(first.CPU)
}

// cpu sums what the tree has used since it began: what each process that is there
// has used itself, ended threads included, by its CPU clock, to the nanosecond; and
// what the children used that it has waited for, and theirs, which its stat has in
// ticks of 10 ms, floored, or the board of a server that has one to the
// microsecond. A child that was there at one edge and waited for at the next has
// moved from the first sum into the second, and the difference is right. Not
// counted are children that the kernel reaped because their parent ignores
// SIGCHLD, and those that a process outside the tree has waited for.
//
// Children are waited for while it reads. As with switches (survey.settle) the
// cheap part is repeated:
//
//	    read every process's clock
//	A   which are there?
//	T   read the stat of those that have or had children
//	B   which are there?
//
// One that is gone at A was waited for before T, which has its time: its own clock
// is dropped. One that is there at B was not: its own clock counts. For one that
// has gone in between, B becomes A and the rest is done again.
func (p Proc) cpu(r *reader, tree Tree, w Workers) (cpuReading, error) {
	now := slices.Clone(tree)
	own := make([]CPU, len(tree))
	parent := make([]bool, len(tree))
	index := map[int]int{}
	for i := range tree {
		index[tree[i].PID] = i
		if at, ok := index[tree[i].Parent]; ok {
			parent[at] = true
		}
		err := r.refresh(&now[i])
		if err == nil {
			own[i], err = p.clock(now[i])
		}
		if err != nil && !gone(err) {
			return cpuReading{}, explain(err)
		}
		parent[i] = parent[i] || now[i].childFaults > 0
	}
	there := p.there(r, tree)
	for range tries {
		for i := range now {
			if !parent[i] || !there[i] {
				continue
			}
			if err := r.refresh(&now[i]); err != nil && !gone(err) {
				return cpuReading{}, explain(err)
			}
		}
		before := there
		if there = p.there(r, tree); slices.Equal(before, there) {
			break
		}
	}
	return sumCPU(now, own, there, w), nil
}

// sumCPU adds up what the processes that are there used, and the children that
// they have waited for.
func sumCPU(now Tree, own []CPU, there []bool, w Workers) cpuReading {
	sum := cpuReading{processes: map[int]processCPU{}}
	var children CPU
	for i, p := range now {
		if there[i] {
			waited := CPU{p.childUser, p.childSystem}
			sum.CPU = sum.add(own[i])
			sum.childFaults += p.childFaults
			children = children.add(waited)
			sum.processes[p.PID] = processCPU{p.Start, own[i].add(waited)}
		}
	}
	if used, ok := w.(usage); ok {
		// Never more than the truth, which lies less than two ticks a parent above
		// the floored sum: so the larger is the nearer.
		if user, system := used.CPU(); user+system > children.Total() {
			children = CPU{user, system}
		}
	}
	sum.CPU = sum.add(children)
	return sum
}

// refresh reads the stat of the same process again. One that has its PID now is
// another: the process has ended.
func (r *reader) refresh(p *Process) error {
	now, err := r.stat(p.PID)
	if err == nil && now.Start != p.Start {
		err = r.fail("read", unix.ESRCH)
	}
	if err == nil {
		*p = now
	}
	return err
}

// clock is what a process and its threads, without children, have used. The
// division into user and system is that of its stat; what the ticks have cut off
// goes to both by halves.
func (p Proc) clock(now Process) (CPU, error) {
	if !p.live() {
		return CPU{now.user, now.system}, nil
	}
	total, err := sys.ProcessCPU(now.PID)
	if err != nil {
		if errors.Is(err, unix.EINVAL) { // what the kernel says of a PID that is not
			err = unix.ESRCH
		}
		return CPU{}, err
	}
	user := min(now.user+max(total-now.user-now.system, 0)/2, total)
	return CPU{user, total - user}, nil
}

// there tells which processes of the tree still are, be it as zombies.
func (p Proc) there(r *reader, tree Tree) []bool {
	there := make([]bool, len(tree))
	for i := range tree {
		if p.live() { // a tenth of the price of a file
			there[i] = !errors.Is(unix.Kill(tree[i].PID, 0), unix.ESRCH)
		} else {
			_, err := r.stat(tree[i].PID)
			there[i] = err == nil
		}
	}
	return there
}

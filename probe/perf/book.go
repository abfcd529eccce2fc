package perf

import (
	"bytes"
	"cmp"
	"slices"
)

// book is who lives, who lived and who switched how often. It wants happenings in the order of time; one that comes late
// is booked all the same and does harm only if the id changed hands in between. An id may: a server that forks per
// connection goes through all 32,768 of them in some minutes.
type book struct {
	threads   map[int32]*entry   // who has the id now
	processes map[int32]*process // who has the id now
	ended     []*entry           // whose id belongs to another one now
}

type entry struct {
	Switches
	ending  uint64
	tid     int32
	process *process // nil: unknown
	comm    [commLen]byte
	first   int64 // when it was heard of first

	started  bool
	exited   bool
	vanished bool // see forget
}

// process is known by its own birth record, by /proc, or only because one of its threads was heard of.
type process struct {
	pid       int32
	parentPid int32    // 0: unknown
	parent    *process // nil: unknown, or not worth knowing because root or placed says it all
	first     int64
	started   bool
	inTree    bool // by /proc
	placed    bool // inTree is the whole truth
}

func newBook() *book {
	return &book{threads: make(map[int32]*entry), processes: make(map[int32]*process)}
}

// seed enters what /proc showed at a time, if it is not known yet. Before the first happening only.
func (b *book) seed(s *snapshot, at int64) {
	for pid, parent := range s.parents {
		if b.processes[pid] == nil {
			b.processes[pid] = &process{pid: pid, parentPid: parent, first: at, inTree: s.inTree[pid], placed: true}
		}
	}
	for tid, pid := range s.threads {
		if b.threads[tid] == nil {
			b.threads[tid] = &entry{tid: tid, process: b.processes[pid], comm: s.comms[pid], first: at}
		}
	}
}

// forget marks who was in the first look at /proc and not in the second. If that one ended before the window began, it
// is in no record and must not be listed.
func (b *book) forget(before, after *snapshot) {
	for tid := range before.threads {
		if _, still := after.threads[tid]; !still {
			b.threads[tid].vanished = true
		}
	}
}

func (b *book) add(h *happening) {
	switch h.kind {
	case switched:
		b.switched(h)
	case forked:
		b.forked(h)
	case exited:
		b.exited(h)
	}
}

func (b *book) switched(h *happening) {
	e := b.thread(h.tid, h.pid, h.time)
	if h.dying() {
		e.exited = true
	}
	if e.exited {
		e.ending++
	}
	if h.voluntary() {
		e.Voluntary++
	} else {
		e.Involuntary++
	}
	if e.comm != h.comm {
		e.comm = h.comm
	}
}

func (b *book) exited(h *happening) {
	e := b.thread(h.tid, h.pid, h.time)
	e.exited = true
	// A process that nothing else is known of: who would reap it is the best guess at who created it. Wrong only if that
	// one has died before, and then it is init or a subreaper.
	if p := e.process; p != nil && !p.started && !p.placed && p.parent == nil && p.parentPid == 0 {
		p.parentPid, p.parent = h.parent, b.processes[h.parent]
	}
}

func (b *book) forked(h *happening) {
	var p *process
	if h.tid == h.pid {
		p = b.bear(h)
	} else {
		p = b.process(h.pid, h.time)
	}
	e := b.threads[h.tid]
	if e == nil || !ownBirth(e.started, e.first, h.time) {
		if e != nil {
			b.ended = append(b.ended, e)
		}
		e = &entry{tid: h.tid, first: h.time}
		b.threads[h.tid] = e
	}
	e.process, e.started = p, true
}

// bear enters a new process: its parent is the one that forked, even if that one soon dies.
func (b *book) bear(h *happening) *process {
	p := b.processes[h.pid]
	if p == nil || !ownBirth(p.started, p.first, h.time) {
		p = &process{pid: h.pid, first: h.time}
		b.processes[h.pid] = p
	}
	// /proc may have shown it as an orphan already, so its word counts only where it says that it belongs to a root.
	if !p.inTree {
		p.placed, p.parent = false, b.process(h.parent, h.time)
	}
	p.parentPid, p.started = h.parent, true
	return p
}

// ownBirth: a birth record is the one of who has the id now if that one was first heard of after it: /proc already
// showed it, or its first switch overtook the record. Otherwise the id has changed hands. (It would take all ids of the
// machine within the milliseconds between two looks at /proc to deceive it.)
func ownBirth(started bool, first, birth int64) bool { return !started && birth <= first }

func (b *book) thread(tid, pid int32, at int64) *entry {
	e := b.threads[tid]
	if e == nil {
		e = &entry{tid: tid, first: at}
		b.threads[tid] = e
	}
	if e.process == nil && pid != 0 {
		e.process = b.process(pid, at)
	}
	return e
}

func (b *book) process(pid int32, at int64) *process {
	p := b.processes[pid]
	if p == nil {
		p = &process{pid: pid, first: at}
		b.processes[pid] = p
	}
	return p
}

type place int

const (
	unknown place = iota
	inside
	outside
)

// locate walks up to a process that /proc has placed. Parents are older than their children, so it ends; the bound is
// for guesses of exited that went wrong.
func locate(p *process) place {
	for range 1 << 16 {
		switch {
		case p == nil:
			return unknown
		case p.placed && p.inTree:
			return inside
		case p.placed:
			return outside
		}
		p = p.parent
	}
	return unknown
}

// close makes the account. all: there are no roots, everything is listed.
func (b *book) close(all bool) *Counts {
	entries := b.ended
	for _, e := range b.threads {
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(x, y *entry) int {
		return cmp.Or(cmp.Compare(x.tid, y.tid), cmp.Compare(x.first, y.first))
	})
	counts := &Counts{}
	for _, e := range entries {
		if e.vanished && !e.exited && e.Total() == 0 {
			continue
		}
		where := inside
		if !all {
			where = locate(e.process)
		}
		switch where {
		case inside:
			counts.Threads = append(counts.Threads, e.thread())
		case outside:
			counts.Other = counts.Other.Plus(e.Switches)
		case unknown:
			counts.Unplaced = counts.Unplaced.Plus(e.Switches)
		}
	}
	return counts
}

func (e *entry) thread() Thread {
	name, _, _ := bytes.Cut(e.comm[:], []byte{0})
	t := Thread{Tid: int(e.tid), Comm: string(name), Switches: e.Switches, Ending: e.ending, Started: e.started, Exited: e.exited}
	if e.process != nil {
		t.Tgid, t.Parent = int(e.process.pid), int(e.process.parentPid)
	}
	return t
}

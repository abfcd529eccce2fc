package perf

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// snapshot is what /proc showed of all processes, and of the threads of some trees.
type snapshot struct {
	parents map[int32]int32         // every process
	comms   map[int32][commLen]byte // every process
	inTree  map[int32]bool          // the roots and all their descendants
	threads map[int32]int32         // thread -> process, of the trees only
}

// takeSnapshot reads /proc once. It costs an open file a process and a directory a process of the trees, some 10 µs
// each. What vanishes while it reads is left out.
func takeSnapshot(roots []int) (*snapshot, error) {
	s := &snapshot{parents: map[int32]int32{}, comms: map[int32][commLen]byte{}, inTree: map[int32]bool{}, threads: map[int32]int32{}}
	pids, err := numericNames("/proc")
	if err != nil {
		return nil, fmt.Errorf("perf: list of processes: %w", err)
	}
	for _, pid := range pids {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(int(pid)) + "/stat")
		if err != nil {
			continue
		}
		if comm, parent, ok := parseStat(stat); ok {
			s.parents[pid], s.comms[pid] = parent, comm
		}
	}
	for _, root := range roots {
		if _, exists := s.parents[int32(root)]; !exists {
			return nil, refuse("process "+strconv.Itoa(root), "open", ofThread, unix.ESRCH)
		}
		s.inTree[int32(root)] = true
	}
	for pid := range s.parents {
		s.mark(pid)
	}
	for pid := range s.inTree {
		tids, err := numericNames("/proc/" + strconv.Itoa(int(pid)) + "/task")
		if err != nil {
			continue
		}
		for _, tid := range tids {
			s.threads[tid] = pid
		}
	}
	return s, nil
}

// mark puts pid into the tree if one of its ancestors is. /proc is not read at one instant, so a reused id may close a
// circle of parents: the number of steps is bounded.
func (s *snapshot) mark(pid int32) {
	ancestor := pid
	for range len(s.parents) {
		if s.inTree[ancestor] {
			s.inTree[pid] = true
			return
		}
		parent, known := s.parents[ancestor]
		if !known || parent == 0 {
			return
		}
		ancestor = parent
	}
}

// parseStat takes name and parent from /proc/PID/stat (proc_pid_stat(5)). The name may contain blanks and brackets; the
// last ')' ends it.
func parseStat(text []byte) (comm [commLen]byte, parent int32, ok bool) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return comm, 0, false
	}
	fields := bytes.Fields(text[end+1:])
	if len(fields) < 2 {
		return comm, 0, false
	}
	ppid, err := strconv.ParseInt(string(fields[1]), 10, 32)
	if err != nil {
		return comm, 0, false
	}
	copy(comm[:commLen-1], text[open+1:end])
	return comm, int32(ppid), true
}

// numericNames are the ids among the names in a directory of /proc.
func numericNames(path string) ([]int32, error) {
	dir, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	ids := make([]int32, 0, len(names))
	for _, name := range names {
		if id, err := strconv.ParseInt(name, 10, 32); err == nil && id > 0 {
			ids = append(ids, int32(id))
		}
	}
	return ids, nil
}

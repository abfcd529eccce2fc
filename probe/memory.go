package probe

import (
	"bytes"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Memory is what a tree holds, in bytes.
type Memory struct {
	// PSS is the proportional set size: a page that n processes share counts 1/n in
	// each, so the sum over the tree counts it once. A sum of resident sizes would
	// count the pages of a preforking server again and again.
	PSS uint64
}

// Memory sums /proc/PID/smaps_rollup over the tree. The kernel walks all pages of a
// process for it and holds its mmap lock meanwhile, so that page faults of the
// server wait: read it outside the measured window only. It needs the user of the
// server, or root, and Linux 4.14.
func (p Proc) Memory(tree Tree) (Memory, error) {
	var sum Memory
	r := p.reader()
	for i := range tree {
		if tree[i].Zombie() { // its memory is gone already
			continue
		}
		text, err := r.file(r.folder(&tree[i]) + "/smaps_rollup").read()
		if gone(err) {
			now, statErr := r.stat(tree[i].PID)
			if errors.Is(err, unix.ENOENT) && statErr == nil && now.Start == tree[i].Start {
				return Memory{}, fmt.Errorf("memory: %w: it needs Linux 4.14 or newer", err)
			}
			continue // ended, or ending: it has no memory any more
		}
		if err != nil {
			return Memory{}, fmt.Errorf("memory: %w", explain(err))
		}
		pss, ok := kilobytes(text, "\nPss:")
		if !ok {
			return Memory{}, fmt.Errorf("memory: %s/%d/smaps_rollup without Pss: %q", r.root, tree[i].PID, text)
		}
		sum.PSS += pss
	}
	return sum, nil
}

// kilobytes returns, in bytes, the figure of a line such as "Pss:   406 kB".
func kilobytes(text []byte, key string) (uint64, bool) {
	line, ok := after(text, []byte(key))
	if !ok {
		return 0, false
	}
	n, ok := parseUint(bytes.TrimSpace(bytes.TrimSuffix(line, []byte("kB"))))
	return n * 1024, ok
}

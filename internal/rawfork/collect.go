package rawfork

import (
	"runtime"
	"runtime/metrics"
)

// CollectAfter is by how many bytes the heap grows before Collect collects. A fork
// copies the tables of all pages that the forker has touched, 62 µs a MiB, so
// garbage makes every later fork dearer; a collection costs a fork or two.
const CollectAfter = 1 << 20

// Collect runs the garbage collector if the heap has grown by CollectAfter since it
// last did, and reports whether it did. Call it between forks, once in a while: it
// costs a microsecond when there is nothing to do. The collector halves a stack that
// is mostly unused; Fork grows it again.
func (f *Forker) Collect() bool {
	if f.heapBytes() < f.collected+CollectAfter {
		return false
	}
	f.collect()
	return true
}

func (f *Forker) collect() {
	runtime.GC() // sweeps too before it returns, so a child finds nothing half done
	f.collected = f.heapBytes()
}

func (f *Forker) heapBytes() uint64 {
	metrics.Read(f.heap[:])
	return f.heap[0].Value.Uint64()
}

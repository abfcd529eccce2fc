package loadgen

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// The collector's setting is the process's. The first of overlapping Runs
// saves it and the last one restores it.
var (
	gcMu    sync.Mutex // guards the two below
	gcUsers int
	gcSaved int
)

// gcOff turns the collector off, after a collection that ends any in progress,
// and returns the function that undoes it.
func gcOff() (restore func()) {
	gcMu.Lock()
	defer gcMu.Unlock()
	if gcUsers++; gcUsers == 1 {
		gcSaved = debug.SetGCPercent(-1)
		runtime.GC()
	}
	return func() {
		gcMu.Lock()
		defer gcMu.Unlock()
		if gcUsers--; gcUsers == 0 {
			debug.SetGCPercent(gcSaved)
		}
	}
}

// readAllocs reads how many heap objects the process has ever allocated.
func readAllocs(s *metrics.Sample) {
	s.Name = "/gc/heap/allocs:objects"
	one := []metrics.Sample{*s}
	metrics.Read(one)
	*s = one[0]
}

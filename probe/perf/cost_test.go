package perf

import (
	"io"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkSwitch: what a switch costs with and without a counter or a trace, in CPU time of this process, the drain of
// the rings included. Two threads on one CPU hand a byte to and fro through pipes: two switches an operation.
func BenchmarkSwitch(b *testing.B) {
	needTrace(b)
	counter := func(events ...Event) func() (io.Closer, error) {
		return func() (io.Closer, error) { return NewCounter(os.Getpid(), events...) }
	}
	for _, by := range []struct {
		name string
		open func() (io.Closer, error)
	}{
		{"none", func() (io.Closer, error) { return io.NopCloser(nil), nil }},
		{"counter", counter(ContextSwitches)},
		{"voluntary", counter(ContextSwitches, VoluntarySwitches)},
		{"trace", func() (io.Closer, error) { return NewTrace(Options{Roots: []int{os.Getpid()}}) }},
	} {
		b.Run("by="+by.name, func(b *testing.B) {
			there, back := pipe(b), pipe(b)
			var before, after unix.Rusage
			done := make(chan struct{})
			go func() {
				defer close(done)
				stay(b)
				for relay(there[0], back[1]) {
				}
			}()
			stay(b)
			instrument, err := by.open()
			if err != nil {
				b.Fatal(err)
			}
			defer instrument.Close()
			_ = unix.Getrusage(unix.RUSAGE_SELF, &before)
			for b.Loop() {
				_, _ = unix.Write(there[1], []byte{1})
				var one [1]byte
				_, _ = unix.Read(back[0], one[:])
			}
			_ = unix.Getrusage(unix.RUSAGE_SELF, &after)
			cpu := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
			b.ReportMetric(float64(cpu)/float64(b.N)/2, "cpu-ns/switch")
			unix.Close(there[1])
			<-done
		})
	}
}

func relay(from, to int) bool {
	var one [1]byte
	n, err := unix.Read(from, one[:])
	if n != 1 || err != nil {
		return false
	}
	_, err = unix.Write(to, one[:])
	return err == nil
}

func pipe(b *testing.B) (p [2]int) {
	b.Helper()
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		b.Fatal(err)
	}
	return p
}

// stay locks the goroutine to its thread and the thread to CPU 0, and never unlocks: the thread ends with the goroutine.
func stay(b *testing.B) {
	b.Helper()
	runtime.LockOSThread()
	var set unix.CPUSet
	set.Set(0)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		b.Error(err)
	}
}

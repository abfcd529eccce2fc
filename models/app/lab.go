package app

import (
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/app/http1"
	"github.com/c10kit/c10kit/models/stage"
)

// labRoutes is what only a lab serves (--lab): anybody who can reach it can stop
// the server.
var labRoutes = []http1.Route{
	{Method: "GET", Path: "/block/", Handler: block},
	{Method: "GET", Path: "/spin/", Handler: spin},
	{Method: "GET", Path: "/crash", Handler: crash},
}

// block holds the thread that runs it in one system call. The model is told first,
// so that one with a thread pool can give it a thread that may wait.
func block(x *http1.Exchange) stage.Next {
	d, ok := duration(x.Rest())
	if !ok {
		return x.Refuse(400, "/block/D: D is a duration such as 20ms, at most 10s")
	}
	raw := x.Worker().Raw
	return x.Offload(func() { sleep(d, raw) }, blocked)
}

var blockedText = []byte("blocked\n")

func blocked(x *http1.Exchange) stage.Next { return x.Reply(200, "text/plain", blockedText) }

// sleep is clock_nanosleep(2) to an absolute time, which an interrupted call can
// take up again; raw where there is no scheduler to tell.
func sleep(d time.Duration, raw bool) {
	end := new(unix.Timespec)
	if _, _, errno := unix.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(end)), 0); errno != 0 {
		return
	}
	*end = unix.NsecToTimespec(end.Nano() + int64(d))
	for errno := unix.EINTR; errno == unix.EINTR; {
		if raw {
			_, _, errno = unix.RawSyscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, uintptr(unsafe.Pointer(end)), 0, 0, 0)
		} else {
			_, _, errno = unix.Syscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, uintptr(unsafe.Pointer(end)), 0, 0, 0)
		}
	}
}

// spin burns CPU time where it stands.
func spin(x *http1.Exchange) stage.Next {
	d, ok := duration(x.Rest())
	if !ok {
		return x.Refuse(400, "/spin/D: D is a duration such as 20ms, at most 10s")
	}
	burn(d)
	return x.Reply(200, "text/plain", spunText)
}

var spunText = []byte("spun\n")

// burn returns when the thread has used d of CPU time. It counts by steps: if the
// runtime takes the goroutine to another thread in the middle of one, the two
// clocks have nothing to do with each other and that step does not count. Locking
// the thread would do as well, but may start another thread, which a forked child
// must not.
func burn(d time.Duration) {
	const longest = 5 * time.Millisecond // a step takes some microseconds of CPU time
	var sum byte
	last := threadTime()
	for used := time.Duration(0); used < d; {
		for i := range pattern {
			sum += pattern[i]
		}
		now := threadTime()
		if step := now - last; step > 0 && step < longest {
			used += step
		}
		last = now
	}
	runtime.KeepAlive(sum)
}

// threadTime returns the CPU time that the calling thread has used:
// CLOCK_THREAD_CPUTIME_ID of clock_gettime(2). Raw: it does not block.
func threadTime() time.Duration {
	var ts unix.Timespec
	_, _, _ = unix.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_THREAD_CPUTIME_ID, uintptr(unsafe.Pointer(&ts)), 0)
	return time.Duration(ts.Nano())
}

// crash is a memory fault. Nobody recovers from it, so that it takes down whatever
// the model shares with the worker: a thread's process, or a process of its own.
func crash(*http1.Exchange) stage.Next {
	*nowhere = 1
	return stage.Done()
}

// nowhere is a variable so that no checker takes crash for a mistake.
var nowhere *byte

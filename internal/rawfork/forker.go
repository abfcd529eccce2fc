package rawfork

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrRace says that this program cannot fork raw because of how it was built.
// Callers re-execute instead and say so.
var ErrRace = errors.New("rawfork: a program built with -race, -msan or -asan cannot fork raw, " +
	"for its sanitizer has threads and locks of its own: re-execute, or build it without")

// Supported returns nil where Fork can work, ErrRace in a program built with a
// sanitizer, and another error on a kernel before Linux 5.9. It changes nothing and
// may be called in any process.
func Supported() error {
	if sanitized {
		return ErrRace
	}
	// No descriptor has this number, so nothing is closed.
	if errno := closeRange(span{math.MaxUint32, math.MaxUint32}); errno != 0 {
		return fmt.Errorf("rawfork: %w (Linux 5.9 or later is needed, and a seccomp filter that lets the call pass)",
			os.NewSyscallError("close_range", errno))
	}
	return nil
}

// Forker is the process as one that forks. There is one of it; its methods are for
// the main goroutine alone.
type Forker struct {
	pid      int // of this process: what a child expects getppid to return
	children int // forked and not yet reaped

	// All that a child needs is made before the fork.
	closing           []span // descriptors that it closes
	byDefault, ignore sigaction
	allSignals        sigset
	noSignals         sigset

	mask   sigset // of the forker, while all signals are blocked
	status int32  // of wait4
	usage  syscall.Rusage

	heap      [1]metrics.Sample
	collected uint64 // bytes of the heap after the last collection

	beforeClone func() // for tests: called pinned and with signals blocked
}

// Prepare makes the calling process one that forks. The caller is the main
// goroutine on the main thread (call runtime.LockOSThread in an init function), it
// is the only goroutine, and GOMAXPROCS is 1; Prepare returns an error that says
// which of these is not so, with the stacks of all goroutines. What starts goroutines
// that stay (os/signal, os/exec, net, timers) has no place in the process, neither
// before nor after; what a library starts at its init is ended by package quiet.
//
// From then on
//   - the goroutine stays locked to the main thread, with whose end the children die
//     (PR_SET_PDEATHSIG is about threads);
//   - the collector runs only in Collect;
//   - SIGTERM, SIGINT and SIGHUP are ignored: the supervisor hears them. They cannot
//     be blocked and read from a signalfd, for the runtime's other threads never
//     block them, so that one of those gets the signal and the signalfd loses it;
//   - SIGCHLD has its default disposition, so that a child that ends interrupts no
//     system call: accept4 with SO_RCVTIMEO returns EINTR even under SA_RESTART
//     (signal(7));
//   - SIGURG is blocked on this thread. The runtime takes a raw system call for a
//     goroutine that computes and sends it that signal after 10 ms, to preempt it: 50
//     wake-ups a second of a forker that waits, to no purpose, as there is no other
//     goroutine to run.
//
// After an error the process is as it was, but for GOMAXPROCS, which no longer
// follows the machine.
func Prepare() (*Forker, error) {
	if err := Supported(); err != nil {
		return nil, err
	}
	if n := runtime.GOMAXPROCS(0); n != 1 {
		return nil, fmt.Errorf("rawfork: GOMAXPROCS is %d: a process that forks needs runtime.GOMAXPROCS(1), "+
			"or another thread may hold a lock of the allocator in the moment of the fork", n)
	}
	// A default of 1 would be raised by sysmon when the process is given more CPUs; one
	// that was set stays.
	runtime.GOMAXPROCS(1)
	runtime.LockOSThread()
	quieten()
	if err := checkAlone(); err != nil {
		runtime.UnlockOSThread()
		return nil, err
	}
	f := &Forker{
		pid:        unix.Getpid(),
		ignore:     sigaction{handler: sigIgnore},
		allSignals: ^sigset(0),
	}
	for _, sig := range []unix.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP} {
		setAction(sig, &f.ignore)
	}
	setAction(unix.SIGCHLD, &f.byDefault)
	block(unix.SIGURG)
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(math.MaxInt64)
	f.heap[0].Name = "/memory/classes/heap/objects:bytes"
	f.collect()
	return f, nil
}

// checkAlone returns nil if the caller is the only goroutine, on the main thread.
func checkAlone() error {
	if tid, pid := unix.Gettid(), unix.Getpid(); tid != pid {
		return fmt.Errorf("rawfork: thread %d is not the main thread %d, with whose end the children must die: "+
			"call runtime.LockOSThread in an init function, and Prepare in the main goroutine", tid, pid)
	}
	// A finalizer that is just running counts as a goroutine: let it end.
	for range 100 {
		if runtime.NumGoroutine() == 1 {
			return nil
		}
		runtime.Gosched()
	}
	stacks := make([]byte, 64<<10)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return fmt.Errorf("rawfork: %d goroutines in a process that forks, which may have no other than main; "+
		"do not start them, or end them before Prepare:\n%s", runtime.NumGoroutine(), stacks)
}

// Children returns how many children were forked and not yet reaped.
func (f *Forker) Children() int { return f.children }

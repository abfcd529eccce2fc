package perf

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/moby/sys/reexec"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// The main goroutine of a child keeps the main thread, so that no workload ends that one.
func init() {
	if strings.HasPrefix(os.Args[0], "perf-") {
		runtime.LockOSThread()
	}
}

func TestMain(m *testing.M) {
	reexec.Register("perf-sleepers", sleepers)
	reexec.Register("perf-family", family)
	reexec.Register("perf-crowd", crowd)
	reexec.Register("perf-try", try)
	if reexec.Init() {
		return
	}
	// In the children, which read it when they start, the race detector would sleep for a second at the end of each.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		fmt.Println("error", err)
		os.Exit(2)
	}
	goleak.VerifyTestMain(m)
}

// sleepers THREADS SLEEPS: on each line of stdin that many threads, each of which sleeps that often, says what
// getrusage(2) tells of it, and ends at once by exit(2), so that nothing but its end follows. Ends with its stdin.
func sleepers() {
	threads, sleeps := argument(1), argument(2)
	debug.SetGCPercent(-1) // a collection would wait for ever for the threads that ended behind the runtime's back
	runtime.GOMAXPROCS(8 + 8*threads)
	in := bufio.NewScanner(os.Stdin)
	fmt.Println("ready")
	for in.Scan() {
		reports := make([]report, threads)
		for i := range reports {
			go reports[i].sleep(sleeps)
		}
		for i := range reports {
			for !reports[i].done.Load() {
				time.Sleep(time.Millisecond)
			}
			fmt.Println(reports[i].tid, reports[i].usage.Nvcsw, reports[i].usage.Nivcsw)
		}
		time.Sleep(20 * time.Millisecond) // the last ones end
		fmt.Println("done")
	}
}

type report struct {
	tid   int
	usage unix.Rusage
	done  atomic.Bool
}

func (r *report) sleep(times int) {
	runtime.LockOSThread()
	r.tid = unix.Gettid()
	for range times {
		ms := unix.NsecToTimespec(int64(time.Millisecond))
		_ = unix.Nanosleep(&ms, nil)
	}
	_ = unix.Getrusage(unix.RUSAGE_THREAD, &r.usage)
	r.done.Store(true)
	unix.RawSyscall(unix.SYS_EXIT, 0, 0, 0)
}

// family CHILDREN SLEEPS: on a line of stdin it starts as many children, one after the other, which do the same as
// sleepers with two threads, waits for each, and says "PID NVCSW NIVCSW" of wait4(2).
func family() {
	children, sleeps := argument(1), argument(2)
	in := bufio.NewScanner(os.Stdin)
	fmt.Println("ready")
	for in.Scan() {
		for range children {
			cmd := reexec.Command("perf-sleepers", "2", strconv.Itoa(sleeps))
			cmd.Stdin = strings.NewReader("go\n")
			cmd.Stdout = io.Discard
			if err := cmd.Run(); err != nil {
				fmt.Println("error", err)
				os.Exit(1)
			}
			usage := cmd.ProcessState.SysUsage().(*unixRusage)
			fmt.Println(cmd.Process.Pid, usage.Nvcsw, usage.Nivcsw)
		}
		fmt.Println("done")
	}
}

// crowd THREADS: that many threads which block for ever, until stdin ends.
func crowd() {
	threads := argument(1)
	var blocked atomic.Int32
	for range threads {
		go func() {
			runtime.LockOSThread()
			blocked.Add(1)
			_ = unix.Pause()
		}()
	}
	for int(blocked.Load()) < threads {
		time.Sleep(time.Millisecond)
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// try says what this process may count.
func try() {
	s := Try()
	for _, err := range []error{s.Thread, s.Machine, s.Tracepoint} {
		fmt.Println(err)
	}
	if err := s.Thread; err == nil {
		return
	}
	c, err := NewCounter(os.Getpid())
	fmt.Println(c == nil, err)
	t, err := NewTrace(Options{Roots: []int{os.Getpid()}})
	fmt.Println(t == nil, err)
}

func argument(i int) int {
	n, err := strconv.Atoi(os.Args[i])
	if err != nil {
		fmt.Println("error", err)
		os.Exit(2)
	}
	return n
}

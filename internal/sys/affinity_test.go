package sys_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/sys/reexec"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/c10kit/c10kit/internal/sys"
)

func init() { reexec.Register("pinned", pinned) }

func TestMain(m *testing.M) {
	if reexec.Init() {
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func TestParseCPUs(t *testing.T) {
	for list, want := range map[string][]int{
		"0": {0}, "0,2-3": {0, 2, 3}, "3,1": {1, 3}, "2-2": {2}, "0-2,1-3": {0, 1, 2, 3}, "1023": {1023},
	} {
		got, err := sys.ParseCPUs(list)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v; want %v", list, got, err, want)
		}
	}
	for _, list := range []string{"", "a", "0,", ",0", "1-", "-1", "3-2", "1024", "0-1024", "0 1", "0-1-2", "0x1"} {
		want := fmt.Sprintf("CPU list %q: want numbers and ranges such as 0,2-3", list)
		if got, err := sys.ParseCPUs(list); err == nil || err.Error() != want {
			t.Errorf("%q: %v, %v; want the error %s", list, got, err, want)
		}
	}
}

// TestParseCPUsReadsWhatIsWritten: whatever ranges a set is written with.
func TestParseCPUsReadsWhatIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := map[int]bool{}
		var parts []string
		for range rapid.IntRange(1, 6).Draw(t, "parts") {
			from := rapid.IntRange(0, 1023).Draw(t, "from")
			to := min(1023, from+rapid.IntRange(0, 40).Draw(t, "length"))
			parts = append(parts, fmt.Sprintf("%d-%d", from, to))
			for c := from; c <= to; c++ {
				set[c] = true
			}
		}
		got, err := sys.ParseCPUs(strings.Join(parts, ","))
		if err != nil || len(got) != len(set) || !slices.IsSorted(got) {
			t.Fatalf("%v: %v, %v", parts, got, err)
		}
		for _, c := range got {
			if !set[c] {
				t.Fatalf("%v: %v holds %d", parts, got, c)
			}
		}
	})
}

// pinned is a process that pins itself to the processor of its argument, with
// threads that are there before, and prints what each thread may use.
func pinned() {
	stop := make(chan struct{})
	ready := make(chan struct{})
	for range 8 {
		go func() {
			runtime.LockOSThread()
			ready <- struct{}{}
			<-stop
		}()
		<-ready
	}
	cpus, err := sys.ParseCPUs(os.Args[1])
	if err == nil {
		err = sys.SetAffinity(cpus)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go func() { // a thread that is made afterwards
		runtime.LockOSThread()
		time.Sleep(10 * time.Millisecond)
		ready <- struct{}{}
		<-stop
	}()
	<-ready
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for _, task := range tasks {
		status, _ := os.ReadFile("/proc/self/task/" + task.Name() + "/status")
		_, rest, _ := strings.Cut(string(status), "Cpus_allowed_list:")
		line, _, _ := strings.Cut(rest, "\n")
		fmt.Println(strings.TrimSpace(line))
	}
	os.Exit(0)
}

// TestSetAffinity: every thread of a process is pinned, those that are there and
// those that come. In a child, since a process is not pinned back.
func TestSetAffinity(t *testing.T) {
	allowed, err := sys.AllowedCPUs()
	if err != nil || len(allowed) == 0 {
		t.Fatalf("AllowedCPUs: %v, %v", allowed, err)
	}
	cpu := fmt.Sprint(allowed[len(allowed)-1])
	out, err := reexec.Command("pinned", cpu).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	threads := strings.Fields(string(out))
	if len(threads) < 9 {
		t.Errorf("only %d threads: the test proves nothing", len(threads))
	}
	for _, list := range threads {
		if list != cpu {
			t.Errorf("a thread may use %s, want %s", list, cpu)
		}
	}
}

func TestSetThreadAffinity(t *testing.T) {
	allowed, err := sys.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	type result struct {
		cpus []int
		err  error
	}
	got := make(chan result)
	go func() {
		runtime.LockOSThread() // for ever: the thread ends with its goroutine
		err := sys.SetThreadAffinity(allowed[:1])
		cpus, more := sys.AllowedCPUs()
		got <- result{cpus, errors.Join(err, more)}
	}()
	if r := <-got; r.err != nil || !slices.Equal(r.cpus, allowed[:1]) {
		t.Errorf("the pinned thread may use %v (%v), want %v", r.cpus, r.err, allowed[:1])
	}
	if after, err := sys.AllowedCPUs(); err != nil || !slices.Equal(after, allowed) {
		t.Errorf("another thread may use %v (%v), want %v as before", after, err, allowed)
	}
}

func TestAffinityErrors(t *testing.T) {
	if err := sys.SetAffinity(nil); err != nil {
		t.Errorf("an empty list changes nothing: %v", err)
	}
	for _, set := range []func([]int) error{sys.SetAffinity, sys.SetThreadAffinity} {
		for _, cpu := range []int{-1, 1024} {
			want := fmt.Sprintf("CPU %d: a number from 0 to 1023 is needed", cpu)
			if err := set([]int{cpu}); err == nil || err.Error() != want {
				t.Errorf("CPU %d: %v, want %s", cpu, err, want)
			}
		}
		allowed, err := sys.AllowedCPUs()
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(allowed, 1023) {
			t.Skip("this machine has 1,024 processors")
		}
		err = set([]int{1023})
		want := fmt.Sprintf("pinning to CPUs [1023] (this process may use %v): sched_setaffinity: ", allowed)
		if !errors.Is(err, unix.EINVAL) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("a processor that is not there: %v, want %s...", err, want)
		}
	}
}

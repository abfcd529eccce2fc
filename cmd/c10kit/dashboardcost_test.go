package main

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/c10kit/c10kit/bench"
	"github.com/c10kit/c10kit/bench/floor"
	"github.com/c10kit/c10kit/internal/sys"
	"github.com/c10kit/c10kit/results"
)

// costRounds is how many A-B-A runs the cost of the dashboard is measured by.
const costRounds = 20

// TestBaselineDashboard measures what the dashboard costs, in two ways, and writes both to
// a file in the Go benchmark format. `make baselines` asks for it; it judges nothing.
//
// A replay does all that a live dashboard does and nothing else, so the CPU time of its
// process is that of drawing. And paired A-B-A runs of compare and dashboard, of the same
// plan and seed, show what the load generator and the result notice of it.
func TestBaselineDashboard(t *testing.T) {
	dir := os.Getenv("C10KIT_BASELINES")
	if dir == "" {
		t.Skip("measures for some minutes: make baselines asks for it with C10KIT_BASELINES=DIR")
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "# what the dashboard costs, at 160x45 and 4 frames a second: see cmd/c10kit/dashboardcost_test.go\n")
	fmt.Fprintf(&text, "# load average before: %s\n", loadAverage(t))
	fmt.Fprintf(&text, "goos: %s\ngoarch: %s\ngo: %s\n\nUnit %%core better=lower\n\n", runtime.GOOS, runtime.GOARCH, runtime.Version())
	shares := make([]float64, 5)
	for i := range shares {
		shares[i] = replayShare(t)
		fmt.Fprintf(&text, "BenchmarkDashboard/what=replay 1 %.3f %%core\n", shares[i])
	}
	fmt.Fprintf(&text, "# CPU of a replay process at its own pace, in percent of a core: median %.2f of %d\n", middle(shares), len(shares))
	runs := make([]liveCost, 0, 3*costRounds)
	for range costRounds {
		for _, subcommand := range []string{"compare", "dashboard", "compare"} {
			runs = append(runs, costOf(t, subcommand))
		}
	}
	rate := ratioOf(t, runs, func(c liveCost) float64 { return c.rate })
	cpu := ratioOf(t, runs, func(c liveCost) float64 { return c.cpu })
	var draws []float64
	for i := range rate.Rounds {
		draws = append(draws, runs[3*i+1].draw)
		fmt.Fprintf(&text, "BenchmarkDashboard/what=live 1 %.4f rate-ratio %.4f cpu-ratio %.3f %%core\n", rate.Rounds[i], cpu.Rounds[i], draws[i])
	}
	fmt.Fprintf(&text, "# load average after: %s\n# req/s with the dashboard over without: %v\n# CPU time of the generator process a request, with over without: %v\n", loadAverage(t), rate, cpu)
	fmt.Fprintf(&text, "# CPU of the thread that draws, live, in percent of a core: median %.2f of %d\n", middle(draws), len(draws))
	t.Logf("\n%s", text.String())
	name := fmt.Sprintf("%s-dashboard.txt", time.Now().UTC().Format("2006-01-02"))
	if err := os.WriteFile(filepath.Join(dir, name), text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func middle(v []float64) float64 { return slices.Sorted(slices.Values(v))[len(v)/2] }

func loadAverage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(text))
}

// replayShare is the CPU time of a replay of the recorded run, in percent of a core, over
// ten seconds in its middle.
func replayShare(t *testing.T) float64 {
	t.Helper()
	const window = 10 * time.Second
	p := newTerminal(t, 160, 45, "replay", recordedRun(t))
	p.wait("req/s")
	time.Sleep(time.Second) // the start is over
	cpu := func() time.Duration {
		d, err := sys.ProcessCPU(p.cmd.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	before, begun := cpu(), time.Now()
	time.Sleep(window)
	share := 100 * (cpu() - before).Seconds() / time.Since(begun).Seconds()
	p.keys("q")
	p.exit()
	return share
}

// liveCost is what one run gave.
type liveCost struct {
	rate float64 // req/s
	cpu  float64 // CPU seconds of the generator's process, with all that it draws, a request
	draw float64 // CPU time of the thread that draws, in percent of a core; 0 without a dashboard
}

// costOf runs one cell, in which the generator is the bottleneck, so that what is taken
// from it is missing in the result.
func costOf(t *testing.T, subcommand string) liveCost {
	t.Helper()
	var draw float64
	begun := time.Now()
	p := newTerminal(t, 160, 45, subcommand, "reactor", "-d", "2s", "--rounds", "1", "--seed", "1", "--close")
	if subcommand == "dashboard" {
		p.wait("the end: all cells are measured")
		draw = 100 * drawn(t, p).Seconds() / time.Since(begun).Seconds()
		p.keys("q")
	}
	if code := p.exit(); code != exitOK {
		t.Fatalf("%s: exit %d: %s", subcommand, code, p.text())
	}
	r := onlyRun(t, p.cmd.Dir).Results[0]
	return liveCost{rate: r.Values[results.ReqPerSec], cpu: p.cpu.Seconds() / float64(r.Requests), draw: draw}
}

// drawn is the CPU time of the thread that draws (the one with nice 19), by
// /proc/PID/task/TID/schedstat (Documentation/scheduler/sched-stats).
func drawn(t *testing.T, p *terminal) time.Duration {
	t.Helper()
	threads := niced(t, fmt.Sprintf("/proc/%d/task/*", p.cmd.Process.Pid))
	if len(threads) != 1 {
		t.Fatalf("threads with nice 19: %v, want one", threads)
	}
	cpu, err := threadCPU(threads[0])
	if err != nil {
		t.Fatal(err)
	}
	return cpu
}

// threadCPU is the CPU time of a thread of /proc/PID/task.
func threadCPU(thread string) (time.Duration, error) {
	text, err := os.ReadFile(filepath.Join(thread, "schedstat"))
	if err != nil {
		return 0, err
	}
	var ns int64
	_, err = fmt.Sscan(string(text), &ns)
	return time.Duration(ns), err
}

// drawingBound is what the dashboard may take at 4 frames a second, in percent of a core.
const drawingBound = 1

// TestProofDashboardCost: what the dashboard takes at 160x45 and 4 frames a second, with all
// that belongs to it. It is the CPU time of the process's threads other than the load's,
// which are 50 to 100 times as busy, in a window of a run with the dashboard, minus that in
// the same window without, paired. The machine is not ours alone: three attempts.
func TestProofDashboardCost(t *testing.T) {
	proof(t)
	const attempts, pairs = 3, 3
	for attempt := range attempts {
		costs := make([]float64, pairs)
		for i := range costs {
			without, _ := othersShare(t, "compare")
			with, frames := othersShare(t, "dashboard")
			costs[i] = with - without
			t.Logf("%.2f%% of a core with the dashboard, %.2f%% without: it takes %.2f%% (%.1f frames a second)", with, without, costs[i], frames)
			if frames < 2 {
				t.Logf("it has not drawn: that does not count")
				costs[i] = math.Inf(1)
			}
		}
		if cost := middle(costs); cost <= drawingBound {
			t.Logf("median %.2f%% of a core", cost)
			return
		}
		t.Logf("attempt %d of %d: more than %v%%", attempt+1, attempts, drawingBound)
	}
	t.Errorf("the dashboard takes more than %v%% of a core", drawingBound)
}

// othersShare runs one cell and returns, for seconds in the middle of its window, the CPU
// time of the process's threads other than the load's, in percent of a core, and how many
// times a second something was written to the terminal.
func othersShare(t *testing.T, subcommand string) (share, frames float64) {
	t.Helper()
	const window = 8 * time.Second
	layout, err := bench.NewLayout(results.PlacementSplit)
	if err != nil {
		t.Fatal(err)
	}
	if layout.Placement != results.PlacementSplit {
		t.Skip("the load's threads are told by their CPUs, and on one CPU they have none of their own")
	}
	p := newTerminal(t, 160, 45, subcommand, "reactor", "-d", "60s", "--rounds", "1", "--seed", "1", "--close")
	until(t, "the load runs", func() bool { load, _ := threadsByRole(t, p, layout); return len(load) > 0 })
	time.Sleep(2 * time.Second) // the warm-up is over and the window open
	load, before := threadsByRole(t, p, layout)
	begun, written := time.Now(), len(p.text())
	for time.Since(begun) < window {
		time.Sleep(50 * time.Millisecond)
		if n := len(p.text()); n != written {
			written = n
			frames++
		}
	}
	still, after := threadsByRole(t, p, layout)
	elapsed := time.Since(begun)
	if len(load) == 0 || !slices.Equal(slices.Sorted(maps.Keys(load)), slices.Sorted(maps.Keys(still))) {
		t.Fatalf("threads of the load %v, then %v: want the same all the time", load, still)
	}
	var took time.Duration
	for thread, cpu := range after {
		took += cpu - before[thread] // one that is new had none
	}
	if subcommand == "dashboard" {
		p.keys("qy")
	} else if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code := p.exit(); code != exitInterrupted {
		t.Fatalf("%s: exit %d: %s", subcommand, code, p.text())
	}
	return 100 * took.Seconds() / elapsed.Seconds(), frames / elapsed.Seconds()
}

// threadsByRole returns the CPU times of the command's threads: those of the load, which keep
// off the server's CPUs and are not nice, and all others.
func threadsByRole(t *testing.T, p *terminal, layout bench.Layout) (load, others map[string]time.Duration) {
	t.Helper()
	tasks := fmt.Sprintf("/proc/%d/task/*", p.cmd.Process.Pid)
	nice := niced(t, tasks)
	threads, err := filepath.Glob(tasks)
	if err != nil {
		t.Fatal(err)
	}
	load, others = make(map[string]time.Duration), make(map[string]time.Duration)
	for _, thread := range threads {
		cpus, err := allowedCPUs(thread)
		if err != nil {
			continue // it has ended
		}
		cpu, err := threadCPU(thread)
		if err != nil {
			continue
		}
		server := slices.ContainsFunc(cpus, func(cpu int) bool { return slices.Contains(layout.Server, cpu) })
		if !server && !slices.Contains(nice, thread) {
			load[thread] = cpu
		} else {
			others[thread] = cpu
		}
	}
	return load, others
}

// ratioOf forms the ratios of A-B-A runs that were made already.
func ratioOf(t *testing.T, runs []liveCost, of func(liveCost) float64) floor.Ratio {
	t.Helper()
	next := func() (float64, error) {
		v := of(runs[0])
		runs = runs[1:]
		return v, nil
	}
	ratio, err := floor.ABA(len(runs)/3, next, next)
	if err != nil {
		t.Fatal(err)
	}
	return ratio
}

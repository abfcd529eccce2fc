package bench_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/c10kit/c10kit/bench"
	"github.com/c10kit/c10kit/bench/floor"
	"github.com/c10kit/c10kit/internal/sys"
	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/control"
	"github.com/c10kit/c10kit/probe"
	"github.com/c10kit/c10kit/results"
)

// The rule of every speed claim: at least 20 paired A-B-A runs, and the 95%
// interval of the median ratio. For the same time many short windows give a
// narrower interval than few long ones: what the machine does beside lasts seconds.
const (
	baselineRounds = 40
	baselineWindow = 300 * time.Millisecond
	baselineConns  = 64

	// A run during which others used more of a CPU than this is repeated, at most so
	// often.
	foreignShare = 0.10
	quietTries   = 6
)

// TestBaselines measures the ratios that design section 7 sets bounds for and
// writes them, every round, to a file in the Go benchmark format: benchstat prints
// its medians and intervals. It judges nothing: what it finds is published whatever
// it is. `make baselines` asks for it.
func TestBaselines(t *testing.T) {
	r := newBaselines(t)
	r.compare("", []comparison{
		{"goloop-over-cfloor", "server CPU per request, plain Go loop over C floor", r.floor(floor.C), r.floor(floor.Go)},
		{"reactor-over-goloop", "server CPU per request, reactor over plain Go loop", r.floor(floor.Go), r.model("reactor")},
		{"reactor-over-cfloor", "server CPU per request, reactor over C floor", r.floor(floor.C), r.model("reactor")},
		{"tpc-over-c", "server CPU per request, tpc:thread over the same design in C", r.floor(floor.TPC), r.model("tpc")},
		{"prethread-over-c", "server CPU per request, prethread over the same design in C", r.floor(floor.Prethread), r.model("prethread")},
		{"prefork-over-c", "server CPU per request, prefork over the same design in C", r.floor(floor.Prefork), r.model("prefork")},
		{"load-over-wrk", "requests per client CPU second, c10kit load over wrk, keep-alive", r.client(r.wrk, 1), r.client(r.load, 1)},
		{"load-over-wrk-pipeline16", "requests per client CPU second, c10kit load over wrk, pipeline 16", r.client(r.wrk, 16), r.client(r.load, 16)},
	})
}

// TestBaselinePeers is the same for the reactor over the peers, into a file of its own.
func TestBaselinePeers(t *testing.T) {
	r := newBaselines(t)
	var all []comparison
	for _, peer := range []string{"gnet", "evio", "fasthttp", "nethttp", "cmd:nginx"} {
		all = append(all, comparison{
			"reactor-over-" + strings.TrimPrefix(peer, "cmd:"), "server CPU per request, reactor over " + peer,
			r.model(peer), r.model("reactor"),
		})
	}
	r.compare("-peers", all)
}

// comparison is two things that are measured in turn.
type comparison struct {
	name, about string
	a, b        func() (float64, error)
}

func newBaselines(t *testing.T) *baselines {
	t.Helper()
	dir := os.Getenv("C10KIT_BASELINES")
	if dir == "" {
		t.Skip("measures for ten minutes: make baselines asks for it with C10KIT_BASELINES=DIR")
	}
	l := layout(t, results.PlacementSplit)
	if l.Placement != results.PlacementSplit {
		t.Skip("needs two CPUs")
	}
	return &baselines{t: t, dir: dir, layout: l, command: buildCommand(t)}
}

// compare measures all, and writes the file unless -run asked for a part only.
func (r *baselines) compare(suffix string, all []comparison) {
	t := r.t
	whole, done := true, 0
	for _, c := range all {
		whole = t.Run(c.name, func(t *testing.T) {
			r.t = t
			ratio, err := floor.ABA(baselineRounds, c.a, c.b)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %v", c.about, ratio)
			fmt.Fprintf(&r.text, "# %s: %v\n", c.about, ratio)
			for _, x := range ratio.Rounds {
				fmt.Fprintf(&r.text, "BenchmarkBaseline/what=%s 1 %.4f ratio\n", c.name, x)
			}
			done++
		}) && whole
	}
	if r.t = t; whole && done == len(all) {
		r.write(suffix)
	}
}

type baselines struct {
	t       *testing.T
	dir     string
	layout  bench.Layout
	command string
	text    strings.Builder
}

func buildCommand(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c10kit")
	if out, err := exec.Command("go", "build", "-o", path, "../cmd/c10kit").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// server is whatever listens and has a CPU clock.
type server struct {
	addr string
	cpu  func() (time.Duration, error)
	stop func() error
}

func (r *baselines) startFloor(which floor.Which) (server, error) {
	var args []string
	if which == floor.Prethread || which == floor.Prefork {
		args = append(args, floor.Workers(baselineConns))
	}
	p, err := floor.Start(r.t.Context(), which, r.layout.Server, args...)
	if err != nil {
		return server{}, err
	}
	return server{p.Addr.String(), p.CPU, p.Stop}, nil
}

func (r *baselines) startModel(name string) (server, error) {
	m, v, err := models.Find(name)
	if err != nil {
		return server{}, err
	}
	config := models.Config{Model: m.Name, Variant: v.Name, Addr: "127.0.0.1:0", CPUs: r.layout.Server}
	if v.Traits.Kind == models.Pool {
		config.Workers = baselineConns
	}
	p, err := control.Start(r.t.Context(), config)
	if err != nil {
		return server{}, err
	}
	if v.Traits.Tree {
		return treeServer(p)
	}
	// Asked of the server, which knows its processes; it costs one request on a pipe.
	cpu := func() (time.Duration, error) {
		e, err := p.Edge()
		return time.Duration(e.UserNs + e.SysNs), err
	}
	return server{p.Addr(), cpu, func() error { return p.Stop(models.DefaultDrain) }}, nil
}

// treeServer is a server whose CPU is that of its whole process tree.
func treeServer(p *control.Process) (server, error) {
	tree, err := probe.NewServer(probe.Proc{}, p.Pid(), nil)
	if err != nil {
		return server{}, errors.Join(err, p.Kill())
	}
	first, err := tree.Read()
	if err != nil {
		return server{}, errors.Join(err, p.Kill())
	}
	cpu := func() (time.Duration, error) {
		now, err := tree.Read()
		if err != nil {
			return 0, err
		}
		w := now.Sub(first)
		return w.CPU.Total(), w.CPUErr
	}
	return server{p.Addr(), cpu, func() error { return p.Stop(models.DefaultDrain) }}, nil
}

// cost is CPU nanoseconds a request of a fresh server, loaded by our generator.
func (r *baselines) cost(start func() (server, error)) func() (float64, error) {
	return floor.Quiet(quietTries, foreignShare, func() (ns float64, used time.Duration, err error) {
		own := selfCPU(r.t)
		s, err := start()
		if err != nil {
			return 0, 0, err
		}
		defer func() { err = errors.Join(err, s.stop()) }()
		target, err := loadgen.ParseTarget("http://" + s.addr + "/plaintext")
		if err != nil {
			return 0, 0, err
		}
		var before, after time.Duration
		var edge error
		clock := func(to *time.Duration) func() {
			return func() {
				if *to, err = s.cpu(); err != nil {
					edge = err
				}
			}
		}
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
		load, err := loadgen.Run(r.t.Context(), loadgen.Config{
			Target: target, Conns: baselineConns, Threads: 1, Warmup: 60 * time.Millisecond,
			Duration: baselineWindow, CPUs: r.layout.Load, Opened: clock(&before), Closed: clock(&after),
		})
		if err == nil {
			err = edge
		}
		if err != nil {
			return 0, 0, err
		}
		if load.Window.Failed > 0 {
			return 0, 0, fmt.Errorf("%d requests failed: %v", load.Window.Failed, load.Failures)
		}
		total, err := s.cpu()
		if err != nil {
			return 0, 0, err
		}
		return float64(after-before) / float64(load.Requests), total + selfCPU(r.t) - own, nil
	})
}

func (r *baselines) floor(which floor.Which) func() (float64, error) {
	return r.cost(func() (server, error) { return r.startFloor(which) })
}

func (r *baselines) model(name string) func() (float64, error) {
	return r.cost(func() (server, error) { return r.startModel(name) })
}

// client is the efficiency of a load generator's whole process, start and end
// included: requests per second of its CPU time, against the reactor.
func (r *baselines) client(run func(url string, pipeline int) (int, *os.ProcessState, error), pipeline int) func() (float64, error) {
	return floor.Quiet(quietTries, foreignShare, func() (perSecond float64, used time.Duration, err error) {
		s, err := r.startModel("reactor")
		if err != nil {
			return 0, 0, err
		}
		defer func() { err = errors.Join(err, s.stop()) }()
		n, state, err := run("http://"+s.addr+"/plaintext", pipeline)
		if err != nil {
			return 0, 0, err
		}
		used = state.UserTime() + state.SystemTime()
		total, err := s.cpu()
		if err != nil {
			return 0, 0, err
		}
		return float64(n) / used.Seconds(), used + total, nil
	})
}

var wrkRequests = regexp.MustCompile(`(\d+) requests in`)

func (r *baselines) wrk(url string, pipeline int) (int, *os.ProcessState, error) {
	args := []string{"-c", fmt.Sprint(r.layout.Load[0]), "wrk", "-t1", "-c", fmt.Sprint(baselineConns), "-d", "1"}
	if pipeline > 1 {
		script := filepath.Join(r.t.TempDir(), "pipeline.lua")
		lua := fmt.Sprintf("init = function() local r = {} for i = 1, %d do r[i] = wrk.format() end all = table.concat(r) end\n"+
			"request = function() return all end\n", pipeline)
		if err := os.WriteFile(script, []byte(lua), 0o600); err != nil {
			return 0, nil, err
		}
		args = append(args, "-s", script)
	}
	cmd := exec.Command("taskset", append(args, url)...)
	out, err := cmd.CombinedOutput()
	match := wrkRequests.FindSubmatch(out)
	if err != nil || match == nil {
		return 0, nil, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	n, err := strconv.Atoi(string(match[1]))
	return n, cmd.ProcessState, err
}

func (r *baselines) load(url string, pipeline int) (int, *os.ProcessState, error) {
	cmd := exec.Command(r.command, "load", url, "-c", fmt.Sprint(baselineConns), "-t1", "-d1s", "--json",
		"--pipeline", fmt.Sprint(pipeline), "--cpus", fmt.Sprint(r.layout.Load[0]))
	out, err := cmd.Output()
	if err != nil {
		return 0, nil, fmt.Errorf("c10kit load: %w", err)
	}
	var report struct {
		Requests int
		Errors   int
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return 0, nil, err
	}
	if report.Errors > 0 {
		return 0, nil, fmt.Errorf("c10kit load: %d errors", report.Errors)
	}
	return report.Requests, cmd.ProcessState, nil
}

// selfCPU is what this process has used so far.
func selfCPU(t *testing.T) time.Duration {
	used, err := sys.ProcessCPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	return used
}

// write puts the figures into DIR/DATE-NCPU.txt, with the suffix after the count.
func (r *baselines) write(suffix string) {
	m := bench.Plan{Layout: r.layout}.Default().Manifest(nil, nil)
	name := fmt.Sprintf("%s-%dcpu%s.txt", time.Now().UTC().Format("2006-01-02"), m.CPU.Count, suffix)
	text := fmt.Sprintf("# make baselines: %d paired A-B-A runs each, %v a run, %d connections,\n"+
		"# server on CPU %v, load on CPU %v; a ratio is B over the mean of its two As.\n"+
		"goos: linux\ngoarch: %s\ncpu: %s\nkernel: %s\ngo: %s\n\n",
		baselineRounds, baselineWindow, baselineConns, r.layout.Server, r.layout.Load,
		runtime.GOARCH, m.CPU.Model, m.Kernel, m.GoVersion) + r.text.String()
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

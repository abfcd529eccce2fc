package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/sys/reexec"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/control"
	"github.com/c10kit/c10kit/probe"
	"github.com/c10kit/c10kit/probe/perf"
	"github.com/c10kit/c10kit/probe/watch"
)

func init() { reexec.Register("switches", switchesMain) }

// nobody is the user without any right.
const nobody = 65534

// watchedRun is what a process of its own, perhaps without rights, counted from /proc
// while it loaded a server with many short connections.
type watchedRun struct {
	Pid       int            // of the server
	Workers   map[int]bool   // thread ids that were on the board at an edge
	Forker    int            // the parent of forked workers, 0 if there is none
	Requests  uint64         // answered
	Switches  probe.Switches // counted
	Threads   int            // of the server
	Perf      uint64         // all switches by perf events, where they may be counted
	PerfVol   uint64         // the voluntary ones of them
	Disagrees string         // what perf events say of Switches
	Error     string
}

// switchesMain is the process: argv[1] is the model, argv[2] how many connections. It
// waits for a line before the window and after it, so that a trace has the same one.
func switchesMain() {
	var n int
	_, _ = fmt.Sscan(os.Args[2], &n)
	r, err := watchedLoad(os.Args[1], n)
	if err != nil {
		r.Error = err.Error()
	}
	_ = json.NewEncoder(os.Stdout).Encode(r)
	os.Exit(0)
}

// atEdge tells the parent that an edge has come and waits until it has acted.
func atEdge() {
	fmt.Println("edge")
	_, _ = fmt.Scanln()
}

func watchedLoad(model string, n int) (r watchedRun, err error) {
	runtime.GOMAXPROCS(3)
	m, v, err := models.Find(model)
	if err != nil {
		return r, err
	}
	config := models.Config{Model: m.Name, Variant: v.Name, Addr: "127.0.0.1:0", Workers: 1}
	if v.Traits.Kind == models.Pool {
		config.Workers = 64
	}
	server, err := control.Start(context.Background(), config.WithDefaults(m))
	if err != nil {
		return r, err
	}
	defer server.Stop(10 * time.Second)
	r = watchedRun{Pid: server.Pid(), Workers: map[int]bool{}}
	o := watch.Options{Pid: server.Pid(), Addr: netip.MustParseAddrPort(server.Addr()), Board: server.Board, Perf: true}
	if !v.Traits.Forks {
		o.Self = func() (uint64, uint64, error) {
			u, err := server.Usage()
			return u.Voluntary, u.Involuntary, err
		}
	}
	w, err := watch.New(o)
	if err != nil {
		return r, err
	}
	defer w.Release()
	rest := func() { // nobody has a connection, and who ended is reaped
		for server.Board.Total().Open() > 0 {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(300 * time.Millisecond)
		for i := range server.Board.Slots() {
			if s := server.Board.Slot(i); s.Generation()&1 != 0 {
				r.Workers[s.Tid()] = true
				if v.Traits.Forks && s.Pid() != 0 && i == 0 {
					r.Forker = s.Pid() // the first slot that was taken
				}
			}
		}
	}
	target, err := loadgen.ParseTarget("http://" + server.Addr() + "/plaintext")
	if err != nil {
		return r, err
	}
	rest()
	atEdge()
	if err := w.Open(); err != nil {
		return r, err
	}
	load, err := loadgen.Run(context.Background(), loadgen.Config{
		Target: target, Conns: 16, Threads: 1, Requests: uint64(n), Close: true, Closer: loadgen.ServerCloses,
	})
	if err != nil {
		return r, err
	}
	rest()
	if err := w.Close(); err != nil {
		return r, err
	}
	atEdge()
	c := w.Counted()
	r.Requests, r.Switches, r.Threads = load.Requests, c.Switches, c.Threads
	r.Perf, r.PerfVol, r.Disagrees = c.Perf, c.PerfVoluntary, c.Disagrees
	return r, c.SwitchesErr
}

// TestProofSwitches holds what the probe counts without any right, from /proc and the
// board, against the tracepoint sched:sched_switch of the whole machine, which needs
// root and sees every single switch: within 1% over 10,000 connections, for root and
// for nobody.
func TestProofSwitches(t *testing.T) {
	proof(t)
	if err := perf.Supported(); err != nil {
		t.Skip(err)
	}
	for _, model := range []string{"ppc", "tpc", "prefork", "prethread", "reactor"} {
		for _, uid := range []uint32{0, nobody} {
			t.Run(fmt.Sprintf("%s/uid %d", model, uid), func(t *testing.T) { tracedSwitches(t, model, uid) })
		}
	}
}

func tracedSwitches(t *testing.T, model string, uid uint32) {
	const n = 10_000
	cmd := reexec.Command("switches", model, fmt.Sprint(n))
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: uid}
	var talk bytes.Buffer
	cmd.Stderr = &talk
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewScanner(stdout)
	next := func() string {
		if !out.Scan() {
			t.Fatalf("it ended early: %v, %s", cmd.Wait(), talk.String())
		}
		return out.Text()
	}
	if line := next(); line != "edge" {
		t.Fatal(line)
	}
	trace, err := perf.NewTrace(perf.Options{Roots: []int{cmd.Process.Pid}, Ring: 16 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer trace.Close()
	fmt.Fprintln(in)
	if line := next(); line != "edge" {
		t.Fatal(line)
	}
	counts, err := trace.Stop()
	if err != nil {
		t.Fatal(err)
	}
	if err := counts.Complete(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(in)
	var r watchedRun
	if err := json.Unmarshal([]byte(next()), &r); err != nil || r.Error != "" {
		t.Fatalf("%v, %s: %s", err, r.Error, talk.String())
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, talk.String())
	}
	if r.Requests != n {
		t.Fatalf("%d requests, want %d", r.Requests, n)
	}
	// Workers are those that were on the board at an edge, and those that ended: a
	// thread of the server, since the runtime never ends one of its own, or a child of
	// the forker.
	ended := 0
	traced := counts.Sum(func(th perf.Thread) bool {
		end := th.Exited && (th.Tgid == r.Pid || r.Forker != 0 && th.Parent == r.Forker)
		if end {
			ended++
		}
		return end || r.Workers[th.Tid] && !th.Exited
	})
	vol, invol := float64(r.Switches.Voluntary), float64(r.Switches.Involuntary)
	off := func(counted float64, traced uint64) float64 { return 100 * (counted/float64(traced) - 1) }
	t.Logf("%d workers ended; per connection %.4f voluntary (traced %.4f, %+.2f%%), %.4f involuntary (traced %.4f), rest %.4f, uncertain %d, lost %d",
		ended, vol/n, float64(traced.Voluntary)/n, off(vol, traced.Voluntary),
		invol/n, float64(traced.Involuntary)/n, float64(r.Switches.Rest)/n, r.Switches.Uncertain, r.Switches.Lost)
	t.Logf("perf events: %d switches of the tree, %d of them voluntary", r.Perf, r.PerfVol)
	if math.Abs(off(vol, traced.Voluntary)) > 1 {
		t.Errorf("%v voluntary switches counted, %d traced", vol, traced.Voluntary)
	}
	// Of few involuntary ones a hundredth is none: each thread may be preempted once between
	// an edge and the trace's, and each that ends once on its way out.
	if d := math.Abs(invol - float64(traced.Involuntary)); d > max(0.01*float64(traced.Involuntary), float64(ended+r.Threads)) {
		t.Errorf("%v involuntary switches counted, %d traced; %d threads, %d ended", invol, traced.Involuntary, r.Threads, ended)
	}
	if root := uid == 0; root && (r.Perf == 0 || r.PerfVol == 0) {
		t.Errorf("root counted %d switches by perf events, %d of them voluntary", r.Perf, r.PerfVol)
	}
	if r.Disagrees != "" {
		t.Error(r.Disagrees)
	}
	if strings.HasPrefix(model, "reactor") && ended > 0 {
		t.Errorf("%d workers of %s ended", ended, model)
	}
}

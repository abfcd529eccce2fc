package watch

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/probe"
	"github.com/c10kit/c10kit/probe/inetdiag"
	"github.com/c10kit/c10kit/results"
)

// manyThreads gives this process n threads that do nothing, until the test ends.
func manyThreads(t *testing.T, n int) {
	t.Helper()
	over := make(chan struct{})
	var begun, ended sync.WaitGroup
	begun.Add(n)
	for range n {
		ended.Go(func() {
			runtime.LockOSThread()
			begun.Done()
			<-over
		})
	}
	begun.Wait()
	t.Cleanup(func() { close(over); ended.Wait() })
}

// TestDivisorAtRest: a server of many threads takes longer to read than to load, and
// none of that time has a request in it.
func TestDivisorAtRest(t *testing.T) {
	manyThreads(t, 400)
	l, err := net.Listen("tcp", "127.77.1.3:0")
	if err != nil {
		t.Fatal(err)
	}
	server := http.Server{Handler: http.NotFoundHandler()} // whose answers are answers
	served := make(chan struct{})
	go func() { _ = server.Serve(l); close(served) }()
	defer func() { server.Close(); <-served }()
	target, err := loadgen.ParseTarget("http://" + l.Addr().String() + "/")
	if err != nil {
		t.Fatal(err)
	}
	for name, warmup := range map[string]time.Duration{"cold": 0, "after a warm-up": 20 * time.Millisecond} {
		w, err := New(Options{Pid: os.Getpid(), Addr: target.Addr})
		if err != nil {
			t.Fatal(err)
		}
		load, err := loadgen.Run(t.Context(), loadgen.Config{
			Target: target, Conns: 2, Requests: 200, Warmup: warmup,
			Opened: func() { _ = w.Open() }, Closed: func() { _ = w.Close() },
		})
		if err != nil {
			t.Fatal(err)
		}
		c := w.Counted()
		if err := w.Release(); err != nil {
			t.Error(err)
		}
		if c.SwitchesErr != nil || c.Threads < 400 {
			t.Fatalf("%d threads, %v", c.Threads, c.SwitchesErr)
		}
		if n := c.Divisor(load); n != 200 {
			t.Errorf("%s: the costs are divided by %v, want the 200 answers; the readings began %v apart, the load took %v", name, n, c.Elapsed, load.Elapsed)
		}
	}
}

// TestDivisor: what the load did between a reading and the edge of its window counts
// where it was under way.
func TestDivisor(t *testing.T) {
	at := func(ms int) time.Time { return time.Unix(1000, 0).Add(time.Duration(ms) * time.Millisecond) }
	load := loadgen.Result{Elapsed: time.Second, Opened: at(100), Closed: at(1100), Requests: 90, Status: [6]uint64{2: 90, 4: 10}}
	c := Counted{From: at(0), To: at(1150)} // 100 ms before, 50 ms after, 100 answers a second
	for _, tc := range []struct {
		rest [2]bool
		want float64
	}{
		{[2]bool{true, true}, 100}, {[2]bool{true, false}, 105}, {[2]bool{false, true}, 110}, {[2]bool{false, false}, 115},
	} {
		load.Rest = tc.rest
		if n := c.Divisor(&load); n != tc.want {
			t.Errorf("at rest %v: %v requests, want %v", tc.rest, n, tc.want)
		}
	}
	c.HasBoard, c.Board.Requests = true, 77
	if n := c.Divisor(&load); n != 77 {
		t.Errorf("%v requests, want the board's 77", n)
	}
	if n := (Counted{}).Divisor(&loadgen.Result{}); n != 0 {
		t.Errorf("%v requests of a window that was never opened", n)
	}
}

// TestMetrics: every figure has a value or a reason, and none that does not apply has
// either.
func TestMetrics(t *testing.T) {
	load := loadgen.Result{Elapsed: time.Second, Rest: [2]bool{true, true}, Requests: 10}
	c := Counted{OverflowsErr: errClosed, Overflows: 5}
	c.Switches.Voluntary, c.CPU.User = 20, 30
	values, missing := c.Metrics(&load)
	if values[results.CswVoluntary] != 2 || values[results.CPUPerReq] != 3 {
		t.Errorf("%v", values)
	}
	if _, ok := values[results.Overflows]; ok || missing[results.Overflows] != errClosed.Error() {
		t.Errorf("overflows: %v, missing for %q", values[results.Overflows], missing[results.Overflows])
	}
	if _, ok := values[results.WakeUps]; ok || missing[results.WakeUps] != "" {
		t.Error("wake-ups of a server without a scoreboard")
	}
	c.HasBoard, c.Board = true, board.Counts{}
	values, missing = c.Metrics(&load) // the board saw no request
	for _, m := range []results.Metric{results.CswVoluntary, results.CPUPerReq, results.WakeUps} {
		if _, ok := values[m]; ok || missing[m] != errNoAnswer.Error() {
			t.Errorf("%s = %v by no request, missing for %q", m, values[m], missing[m])
		}
	}
	if _, ok := values[results.Threads]; !ok {
		t.Error("threads are missing, which no request is needed for")
	}
	// Clocks that cannot be read hide no thread, and a doubt with a number no missing one.
	c = Counted{}
	c.CPUErr, c.Threads, c.Switches.Voluntary, c.Switches.Lost = errClosed, 7, 20, 2
	values, missing = c.Metrics(&load)
	if values[results.Threads] != 7 || missing[results.CPUPerReq] != errClosed.Error() {
		t.Errorf("%v threads where CPU time is missing for %q", values[results.Threads], missing[results.CPUPerReq])
	}
	if _, ok := values[results.CswError]; ok || values[results.CswVoluntary] != 2 || !strings.HasPrefix(missing[results.CswError], "2 threads of the server ended") {
		t.Errorf("csw-error %v, missing for %q", values[results.CswError], missing[results.CswError])
	}
}

// TestWithoutProcess: what sockets and the namespace tell wants no process.
func TestWithoutProcess(t *testing.T) {
	reason := errors.New("nobody may look")
	w, err := New(Options{Addr: listen(t), NoPid: reason})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Release()
	if err := errors.Join(w.Open(), w.Close()); !errors.Is(err, reason) {
		t.Errorf("the edges say %v", err)
	}
	c := w.Counted()
	for name, err := range map[string]error{"switches": c.SwitchesErr, "CPU": c.CPUErr, "memory": c.MemoryErr, "perf": c.PerfErr} {
		if !errors.Is(err, reason) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := errors.Join(c.StandingErr, c.OverflowsErr, c.NetErr); err != nil || c.Segments == 0 && c.Queue == 0 {
		t.Errorf("%v; %+v", err, c)
	}
}

// TestEnded: of a server that ends in the window the namespace still tells.
func TestEnded(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.77.1.4:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w, err := New(Options{Pid: cmd.Process.Pid, Addr: netip.MustParseAddrPort(l.Addr().String())})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Release()
	if err := w.Open(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // "killed", as it is to be
	l.Close()
	if err := w.Close(); !errors.Is(err, probe.ErrGone) {
		t.Errorf("the second edge: %v", err)
	}
	c := w.Counted()
	if !errors.Is(c.CPUErr, probe.ErrGone) || !errors.Is(c.SwitchesErr, probe.ErrGone) {
		t.Errorf("its switches: %v, CPU: %v", c.SwitchesErr, c.CPUErr)
	}
	if c.StandingErr != nil || c.NetErr != nil || !errors.Is(c.OverflowsErr, errClosed) {
		t.Errorf("standing: %v, segments: %v, overflows: %v", c.StandingErr, c.NetErr, c.OverflowsErr)
	}
}

// TestOneReason: what fails at both edges is said once.
func TestOneReason(t *testing.T) {
	w, err := New(Options{Pid: os.Getpid(), Addr: listen(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Release()
	if err := errors.Join(w.Open(), w.Close()); err != nil {
		t.Fatal(err)
	}
	both := errors.New("refused")
	for _, e := range []*edge{w.first, w.last} {
		e.perf.err, e.idleErr, e.listenersErr, e.netErr = both, both, both, both
	}
	c := w.Counted()
	for name, err := range map[string]error{"perf": c.PerfErr, "idle": c.IdleErr, "overflows": c.OverflowsErr, "net": c.NetErr} {
		if err == nil || err.Error() != "refused" {
			t.Errorf("%s: %q", name, err)
		}
	}
}

// TestDropsOfClosed: what a listener dropped that is closed by now nobody knows.
func TestDropsOfClosed(t *testing.T) {
	was := []inetdiag.Listener{{Inode: 1, Drops: 5, DropsKnown: true}, {Inode: 2, DropsKnown: true}}
	if dropped, _ := drops(was, was[:1]); dropped < 1<<60 {
		t.Errorf("%d dropped where a listener took its count along", dropped)
	}
}

// TestMade: a TIME_WAIT for each connection that a side closed first, but for those that
// the kernel had no room for.
func TestMade(t *testing.T) {
	load := loadgen.Result{Elapsed: time.Second, Rest: [2]bool{true, true}, Requests: 10}
	for _, tc := range []struct {
		server, client, notMade uint64
		wantServer, wantClient  float64
		why                     string // "": known
	}{
		{100, 0, 0, 100, 0, ""},
		{100, 30, 0, 100, 30, ""},
		{100, 0, 40, 60, 0, ""},
		{100, 0, 100, 0, 0, ""},
		{0, 100, 40, 0, 60, ""},
		{100, 0, 140, 0, 0, "of the whole network namespace 140 were not made, and this load closed 100 connections"},
		{100, 30, 1, 0, 0, "whose were not made cannot be told"},
	} {
		load.Conns.TWServer, load.Conns.TWClient = tc.server, tc.client
		c := Counted{NotMade: tc.notMade}
		values, missing := c.Metrics(&load)
		server, known := values[results.TimeWaitServer]
		if client := values[results.TimeWaitClient]; server != tc.wantServer || client != tc.wantClient || known != (tc.why == "") {
			t.Errorf("%+v: server %v, client %v, known %v", tc, server, client, known)
		}
		if why := missing[results.TimeWaitClient]; known == (why != "") || !strings.Contains(why, tc.why) {
			t.Errorf("%+v: missing for %q", tc, why)
		}
		if notes := c.Notes(); len(notes) > 0 != (tc.notMade > 0) {
			t.Errorf("%+v: notes %q", tc, notes)
		}
	}
	values, missing := Counted{NotMadeErr: errClosed}.Metrics(&load)
	if _, known := values[results.TimeWaitServer]; known || !strings.Contains(missing[results.TimeWaitServer], errClosed.Error()) {
		t.Errorf("%v made, missing for %q, where nobody knows whether there was room", values[results.TimeWaitServer], missing[results.TimeWaitServer])
	}
}

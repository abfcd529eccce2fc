package watch

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/internal/netns"
	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/probe"
	"github.com/c10kit/c10kit/probe/inetdiag"
	"github.com/c10kit/c10kit/probe/netstat"
	"github.com/c10kit/c10kit/probe/perf"
	"github.com/c10kit/c10kit/results"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listen opens a listener of this process, which is the server that is watched.
func listen(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.77.1.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return netip.MustParseAddrPort(l.Addr().String())
}

// close1 makes one TIME_WAIT on the server's side.
func close1(t *testing.T, addr netip.AddrPort, accept func() net.Conn) {
	t.Helper()
	c, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	accept().Close()
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Fatal("a byte from a server that said nothing")
	}
	c.Close()
}

// TestWindow watches this process, which closes connections first, as a server without
// a board.
//
// In a namespace of its own: with tcp_max_tw_buckets of them from elsewhere there is
// no TIME_WAIT to be had.
func TestWindow(t *testing.T) {
	if !netns.Test(t, nil) {
		return
	}
	l, err := net.Listen("tcp", "127.77.1.2:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	addr := netip.MustParseAddrPort(l.Addr().String())
	w, err := New(Options{Pid: os.Getpid(), Addr: addr, CPUs: []int{0}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Release()
	if w.Process().PID != os.Getpid() {
		t.Errorf("it watches %v", w.Process())
	}
	if err := w.Open(); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		close1(t, addr, func() net.Conn {
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			return c
		})
		time.Sleep(time.Millisecond)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c := w.Counted()
	if err := errors.Join(c.SwitchesErr, c.CPUErr, c.DelayErr, c.MemoryErr, c.StandingErr, c.OverflowsErr, c.NetErr, c.IdleErr); err != nil {
		t.Fatal(err)
	}
	if !c.Switches.Tree || c.HasBoard || c.PerWorker != nil {
		t.Errorf("a server without a board: %+v", c)
	}
	if c.Standing.Server != 20 || c.Standing.Client != 0 {
		t.Errorf("TIME_WAITs %+v, want 20 of the server", c.Standing)
	}
	if c.Switches.Voluntary < 20 || c.CPU.Total() <= 0 || c.Memory.PSS == 0 || c.Procs < 1 || c.Threads < 2 || c.Segments < 100 || c.Queue == 0 || c.Overflows != 0 {
		t.Errorf("%+v", c)
	}
}

// full opens a listener with a queue of one that nobody empties, and returns what sends n
// connects there, which wait for nothing.
func full(t *testing.T, addr string) (at netip.AddrPort, knock func(n int)) {
	t.Helper()
	at = netip.MustParseAddrPort(addr)
	open := func() int {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		return fd
	}
	sa := &unix.SockaddrInet4{Addr: at.Addr().As4(), Port: int(at.Port())}
	l := open()
	if err := errors.Join(unix.Bind(l, sa), unix.Listen(l, 1)); err != nil {
		t.Fatal(err)
	}
	return at, func(n int) {
		for range n {
			if err := unix.Connect(open(), sa); err != nil && err != unix.EINPROGRESS {
				t.Fatal(err)
			}
		}
	}
}

// TestOverflows: a queue of one that nobody empties drops what comes, and what a neighbour's
// drops in the same namespace is not counted.
func TestOverflows(t *testing.T) {
	if !netns.Test(t, nil) {
		return
	}
	addr, knock := full(t, "127.77.1.6:8080")
	_, elsewhere := full(t, "127.77.1.7:8080")
	w, err := New(Options{Pid: os.Getpid(), Addr: addr})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Release()
	if err := w.Open(); err != nil {
		t.Fatal(err)
	}
	knock(8) // the queue takes two
	elsewhere(20)
	var c Counted
	all := func() int64 {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		c = w.Counted()
		window := w.last.net.Sub(w.first.net)
		n, _ := window.Get(netstat.ListenOverflows)
		return n
	}
	// The kernel tells them all before connect returns, or somewhat later on a busy machine.
	for end := time.Now().Add(10 * time.Second); all() < 20 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	drops := w.last.listeners[0].Drops
	if c.OverflowsErr != nil || c.Overflows == 0 || c.Overflows > uint64(drops) || c.Queue != 1 {
		t.Errorf("%d overflows of a queue of %d (%v), whose listener dropped %d", c.Overflows, c.Queue, c.OverflowsErr, drops)
	}
	if n := all(); uint64(n) <= c.Overflows {
		t.Errorf("%d overflows in the namespace, %d of them ours: the neighbour's are in them", n, c.Overflows)
	}
}

// TestDrops: of listeners that were there, that came, and that do not say.
func TestDrops(t *testing.T) {
	was := []inetdiag.Listener{{Inode: 1, Drops: 5, DropsKnown: true, Backlog: 8}, {Inode: 2, Drops: 1, DropsKnown: true, Backlog: 9}}
	is := []inetdiag.Listener{{Inode: 1, Drops: 7, DropsKnown: true, Backlog: 8}, {Inode: 2, Drops: 1, DropsKnown: true, Backlog: 9}, {Inode: 3, Drops: 2, DropsKnown: true, Backlog: 9}}
	if dropped, queue := drops(was, is); dropped != 4 || queue != 8 {
		t.Errorf("dropped %d, queue %d; want 2 of an old listener and 2 of a new one, 8", dropped, queue)
	}
	is[0].DropsKnown = false
	if dropped, _ := drops(was, is); dropped < 1<<60 {
		t.Errorf("dropped %d where a listener does not say", dropped)
	}
}

// TestScores: what a board says is the difference of the edges, workers by name.
func TestScores(t *testing.T) {
	b, err := board.New(8)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	take := func() *board.Slot {
		s, err := b.Take(os.Getpid(), os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	forker, first, second := take(), take(), take()
	first.SetState(board.Waiting)
	second.SetState(board.Accepting)
	first.Add(board.Connections, 10)
	first.Add(board.Closed, 7) // 3 are open at the first edge
	o := Options{Pid: os.Getpid(), Addr: listen(t), Board: b}
	w, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Release()
	if err := w.Open(); err != nil {
		t.Fatal(err)
	}
	first.Add(board.Connections, 2)
	first.Add(board.Requests, 9)
	first.Add(board.WakeUps, 4)
	second.Add(board.Connections, 1)
	third := take()
	third.SetState(board.Serving)
	third.Add(board.Connections, 6)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c := w.Counted()
	if !c.HasBoard || c.Board.Requests != 9 || c.Board.WakeUps != 4 || c.Board.Connections != 9 {
		t.Errorf("the board counted %+v", c.Board)
	}
	if len(c.PerWorker) != 3 || c.PerWorker[0] != 5 || c.PerWorker[1] != 1 || c.PerWorker[2] != 6 {
		t.Errorf("connections per worker %v, want 5 (3 of them before), 1 and 6, and none for the forker", c.PerWorker)
	}
	_ = forker
	w.last.counts.Ended++
	if c := w.Counted(); c.PerWorker != nil {
		t.Errorf("connections per worker %v, when one ended in the window", c.PerWorker)
	}

	ctx, stop := context.WithCancel(t.Context())
	var samples []Sample
	if _, err := Series(ctx, o, func(s Sample) {
		samples = append(samples, s)
		if len(samples) == 3 {
			stop()
		}
	}); err != nil {
		t.Fatal(err)
	}
	last := samples[len(samples)-1]
	if last.Values[Requests] != 9 || len(last.PerWorker) != 3 {
		t.Errorf("the series says %+v", last)
	}
	series := newScores(o)
	b.End(second, 0)
	if err := series.read(probe.Values{}); err != nil || series.perWorker() != nil {
		t.Errorf("%v, %v of a series in which a worker ended", series.perWorker(), err)
	}
}

// TestMissing: what was not counted has a reason everywhere, never a 0.
func TestMissing(t *testing.T) {
	w, err := New(Options{Pid: os.Getpid(), Addr: listen(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Release()
	c := w.Counted()
	for name, err := range map[string]error{
		"switches": c.SwitchesErr, "CPU": c.CPUErr, "delay": c.DelayErr, "memory": c.MemoryErr, "TIME_WAIT": c.StandingErr,
		"overflows": c.OverflowsErr, "net": c.NetErr, "idle": c.IdleErr,
	} {
		if !errors.Is(err, errNotOpened) {
			t.Errorf("%s of a window that was never closed: %v", name, err)
		}
	}
	if _, err := New(Options{Pid: 1 << 30}); !errors.Is(err, probe.ErrGone) {
		t.Errorf("a process that is not there: %v", err)
	}
}

// TestUnused reads a recorded /proc/stat.
func TestUnused(t *testing.T) {
	const text = "cpu  1 1 1 30 4 0 0 0 0 0\ncpu0 1 0 1 10 1 0 0 7 0 0\ncpu1 0 1 0 20 3 0 0 5 0 0\nintr 5\n"
	for _, tc := range []struct {
		cpus []int
		want unused
	}{
		{[]int{0}, unused{110 * time.Millisecond, 70 * time.Millisecond}},
		{[]int{1}, unused{230 * time.Millisecond, 50 * time.Millisecond}},
		{[]int{0, 1}, unused{340 * time.Millisecond, 120 * time.Millisecond}},
		{nil, unused{}},
	} {
		if got, err := parseUnused([]byte(text), tc.cpus); err != nil || got != tc.want {
			t.Errorf("CPUs %v: %+v, %v; want %+v", tc.cpus, got, err, tc.want)
		}
	}
	if _, err := parseUnused([]byte(text), []int{2}); err == nil || !strings.Contains(err.Error(), "no line of CPU 2") {
		t.Errorf("a CPU that is not there: %v", err)
	}
}

// TestPerf: for those who have the right perf events count the same; others are told.
func TestPerf(t *testing.T) {
	w, err := New(Options{Pid: os.Getpid(), Addr: listen(t), Perf: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Release()
	if err := w.Open(); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		time.Sleep(500 * time.Microsecond)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c := w.Counted()
	if err := perf.Try().Thread; err != nil {
		if c.PerfErr == nil || c.Disagrees != "" {
			t.Errorf("perf events are refused (%v), and it says %v, %q", err, c.PerfErr, c.Disagrees)
		}
		t.Skip(err)
	}
	if c.PerfErr != nil || c.Perf < 200 || c.Disagrees != "" {
		t.Errorf("%d switches by perf events, %v, %q; by /proc %+v", c.Perf, c.PerfErr, c.Disagrees, c.Switches)
	}
	if perf.Try().Tracepoint == nil && c.PerfVoluntaryErr != nil {
		t.Errorf("voluntary ones: %v, where sched:sched_switch may be traced", c.PerfVoluntaryErr)
	}
	if c.PerfVoluntaryErr == nil && (c.PerfVoluntary < 200 || c.PerfVoluntary > c.Perf) {
		t.Errorf("%d voluntary switches of %d", c.PerfVoluntary, c.Perf)
	}
	c.Perf *= 2
	if c.disagree(0) == "" {
		t.Error("twice as many are taken for the same")
	}
	// What the counter may lack is no disagreement, and is said.
	w.last.perf.all = 2*w.last.perf.all + 1e6
	w.last.perf.unsure = 0
	if c = w.Counted(); c.Disagrees == "" {
		t.Errorf("%d switches by perf events, and nothing disagrees", c.Perf)
	}
	w.last.perf.unsure = 3
	c = w.Counted()
	if notes := c.Notes(); c.Disagrees != "" || !strings.Contains(strings.Join(notes, "\n"), "3 threads of the server began while") {
		t.Errorf("it disagrees: %q; notes %q", c.Disagrees, notes)
	}
}

// TestDisagree: the sum may be right where its parts are not; and what nobody could divide
// is neither.
func TestDisagree(t *testing.T) {
	c := Counted{Perf: 1000, PerfVoluntary: 700}
	c.Switches.Voluntary, c.Switches.Involuntary = 700, 300
	if why := c.disagree(0); why != "" {
		t.Error(why)
	}
	c.PerfVoluntary = 600
	if why := c.disagree(0); why != "perf events counted 600 voluntary context switches of the tree, /proc and the board 700" {
		t.Errorf("100 were counted as the others, and it says %q", why)
	}
	if c.PerfVoluntaryErr = errNoPerf; c.disagree(0) != "" {
		t.Errorf("what was not divided disagrees: %q", c.disagree(0))
	}
	c.PerfVoluntaryErr = nil
	c.Switches.Voluntary, c.Switches.Rest = 600, 100
	if why := c.disagree(0); why != "" {
		t.Errorf("of 100 nobody knows what they were, and it says %q", why)
	}
	c.Switches.RestVoluntary = 100
	if c.disagree(0) == "" {
		t.Error("100 voluntary ones of the rest are missed by nobody")
	}
	// A child for each connection: what it waits for is its end, and the rest is preemption.
	forked := Counted{Perf: 34_000, PerfVoluntary: 9_000}
	forked.Switches = probe.Switches{Voluntary: 10_500, Involuntary: 31_500, Rest: 10_000, RestVoluntary: 9_500, RestInvoluntary: 500}
	if why := forked.disagree(10_000); why != "" {
		t.Errorf("10,000 children ended, and it says %q", why)
	}
	if forked.disagree(100) == "" {
		t.Error("100 ended, and 18,000 switches are missed by nobody")
	}
	// What workers do on their way out, of which nobody asked, perf events alone have seen.
	c.Perf, c.PerfVoluntary, c.Switches.RestVoluntary = 1080, 680, 0
	if c.disagree(0) == "" {
		t.Error("80 involuntary switches more, of nobody")
	}
	if c.Switches.Unasked = 200; c.disagree(200) != "" {
		t.Errorf("200 workers ended unasked, and it says %q", c.disagree(200))
	}
	c.Switches.Unasked, c.Switches.RestVoluntary = 0, 100
	// Workers that end take up to four each along.
	c.Perf, c.PerfVoluntary = 900, 600
	if why := c.disagree(25); why != "" {
		t.Errorf("25 workers ended, and it says %q", why)
	}
}

// TestPerfErrors: what perf events could not read is an error of the sample, and no number.
func TestPerfErrors(t *testing.T) {
	into := probe.Values{}
	refused := errors.New("refused")
	if err := perfSource(&cross{err: refused}).Read(into); !errors.Is(err, refused) || len(into) != 0 {
		t.Errorf("%v, %v", into, err)
	}
}

// TestQueueErrors: no listener is an error and no queue of 0, nor is a socket that could not
// be opened.
func TestQueueErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.77.1.5:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	o := Options{Pid: os.Getpid(), Addr: netip.MustParseAddrPort(l.Addr().String())}
	ctx, stop := context.WithCancel(t.Context())
	var got Sample
	if _, err := Series(ctx, o, func(s Sample) { got = s; stop() }); err != nil {
		t.Fatal(err)
	}
	if _, ok := got.Values[Queued]; ok || !errors.Is(got.Errors[QueueSource], errElsewhere) {
		t.Errorf("the queue of a server that does not listen: %v, %v", got.Values, got.Errors)
	}
	refused, into := errors.New("refused"), probe.Values{}
	for _, source := range []probe.Source{queueSource(nil, refused, o), standingSource(nil, refused, o)} {
		if err := source.Read(into); !errors.Is(err, refused) || len(into) != 0 {
			t.Errorf("%s: %v, %v", source.Name, into, err)
		}
	}
}

// TestTreeBoard: a server of ours none of whose workers can be named counts on its board all
// the same; a peer, which has one and takes no slot of it, does not.
func TestTreeBoard(t *testing.T) {
	b, err := board.New(8)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	b.SetTree()
	o := Options{Pid: os.Getpid(), Addr: listen(t), Board: b}
	if o.counts() || o.workers() != nil {
		t.Error("a board of which nobody took a slot counts")
	}
	s, err := b.Take(os.Getpid(), os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	w, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Release()
	if err := w.Open(); err != nil {
		t.Fatal(err)
	}
	s.Add(board.Requests, 9)
	s.Add(board.EAGAINs, 18)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c := w.Counted()
	load := loadgen.Result{Elapsed: time.Second, Requests: 5}
	if !c.HasBoard || !c.Switches.Tree || c.Divisor(&load) != 9 || c.PerWorker != nil {
		t.Errorf("%+v", c)
	}
	values, _ := c.Metrics(&load)
	if _, ok := values[results.CswRuntime]; ok || values[results.EAGAINs] != 2 {
		t.Errorf("%v: want 2 EAGAINs a request and no rest of a tree that is one number", values)
	}
}

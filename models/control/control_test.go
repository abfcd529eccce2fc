package control_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/sys/reexec"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	_ "github.com/c10kit/c10kit/iterative"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/control"
	_ "github.com/c10kit/c10kit/reactor"
)

func init() {
	reexec.Register("control-parent", parent)
	for name, newServer := range map[string]func(*models.Env) (models.Server, error){
		"stillborn": func(*models.Env) (models.Server, error) { return nil, errors.New("no server today") },
		"shortlived": func(*models.Env) (models.Server, error) {
			return serverFunc(func() error { time.Sleep(50 * time.Millisecond); return errors.New("it gave up") }), nil
		},
		"silent": func(*models.Env) (models.Server, error) { os.Exit(3); return nil, nil },
	} {
		models.Register(&models.Model{
			Name: name, New: newServer,
			Variants: []models.Variant{{Name: models.NoVariant, Traits: models.Traits{Kind: models.Serial}}},
		})
	}
}

func TestMain(m *testing.M) {
	if reexec.Init() {
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

type serverFunc func() error

func (f serverFunc) Serve() error { return f() }

// start runs a server that is killed at the end of the test if it is still there.
func start(t *testing.T, config models.Config) *control.Process {
	t.Helper()
	config.Addr = "127.0.0.1:0"
	m, _, err := models.Find(config.Model)
	if err != nil {
		t.Fatal(err)
	}
	p, err := control.Start(context.Background(), config.WithDefaults(m))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-p.Pid(), syscall.SIGKILL) }) // of its process group; gone already in a sound test
	return p
}

func stop(t *testing.T, p *control.Process) {
	t.Helper()
	if err := p.Stop(10 * time.Second); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

// get asks for a path on a connection of its own.
func get(t *testing.T, p *control.Process, path string) {
	t.Helper()
	c, r := dial(t, p)
	ask(t, c, path)
	answered(t, r)
	c.Close()
}

func dial(t *testing.T, p *control.Process) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewReader(c)
}

func ask(t *testing.T, c net.Conn, path string) {
	t.Helper()
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path); err != nil {
		t.Fatal(err)
	}
}

func answered(t *testing.T, r *bufio.Reader) {
	t.Helper()
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 200 {
		t.Fatalf("status %d, %v", resp.StatusCode, err)
	}
}

func TestStartAskStop(t *testing.T) {
	p := start(t, models.Config{Model: "reactor", CPUs: []int{0}})
	if p.Ready.Pid != p.Pid() || p.Ready.Addr != p.Addr() || p.Ready.Workers != 1 || p.Ready.Gomaxprocs != 3 {
		t.Errorf("ready: %+v", p.Ready)
	}
	before, err := p.Edge()
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		get(t, p, "/plaintext")
	}
	for p.Board.Total().Open() > 0 {
		time.Sleep(time.Millisecond)
	}
	edge, err := p.Edge()
	if err != nil {
		t.Fatal(err)
	}
	w := edge.Sub(before)
	if w.Requests != 5 || w.Conns != 5 || w.Elapsed <= 0 || w.User+w.Sys <= 0 || edge.Board.Closed != 5 {
		t.Errorf("the window is %+v, the board %+v", w, edge.Board)
	}
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		t.Fatal(err)
	}
	if ago := ts.Nano() - edge.MonotonicNs; ago < 0 || ago > int64(10*time.Second) {
		t.Errorf("the edge was %d ns ago by this process's clock", ago)
	}
	stats, err := p.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if stats.Gomaxprocs != 3 || stats.Goroutines < 2 || stats.HeapBytes == 0 || stats.Board.Requests != 5 || stats.Leaked != 0 {
		t.Errorf("stats: %+v", stats)
	}
	if cpus := affinity(t, p.Pid()); !slices.Equal(cpus, []int{0}) {
		t.Errorf("the server may use processors %v, want 0", cpus)
	}
	stop(t, p)
	select {
	case <-p.Exited():
	default:
		t.Error("Exited is open after Stop")
	}
	if _, err := p.Stats(); err == nil {
		t.Error("a server that has ended answers")
	}
}

func affinity(t *testing.T, pid int) []int {
	t.Helper()
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(pid, &set); err != nil {
		t.Fatal(err)
	}
	var cpus []int
	for i := range 1024 {
		if set.IsSet(i) {
			cpus = append(cpus, i)
		}
	}
	return cpus
}

// TestWhyItDoesNotStart: the error is the child's own sentence.
func TestWhyItDoesNotStart(t *testing.T) {
	taken, err := models.Listen("127.0.0.1:0", 1, false)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, tc := range []struct {
		config models.Config
		want   string
	}{
		{models.Config{Model: "iterative", Addr: taken.Addr.String()}, "starting iterative: listening on " + taken.Addr.String() + ": bind: address already in use"},
		{models.Config{Model: "iterative", App: "nix"}, `starting iterative: no app "nix"; there are [echo http unp]`},
		{models.Config{Model: "iterative", Workers: 2}, "starting iterative: 2 workers: iterative has at most 1"},
		{models.Config{Model: "stillborn"}, "starting stillborn: no server today"},
		{models.Config{Model: "iterative", CPUs: []int{1023}}, "starting iterative: pinning to CPUs [1023]"},
		{models.Config{Model: "silent"}, "exit status 3"},
	} {
		if tc.config.Addr == "" {
			tc.config.Addr = "127.0.0.1:0"
		}
		p, err := control.Start(context.Background(), tc.config)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: %v, want %s", tc.config, err, tc.want)
		}
		if p != nil {
			t.Errorf("%+v: a process although it did not start", tc.config)
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := control.Start(ended, models.Config{Model: "iterative"}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

// TestServerThatEnds: one that gives up by itself says why to whoever asks or stops.
func TestServerThatEnds(t *testing.T) {
	p := start(t, models.Config{Model: "shortlived"})
	<-p.Exited()
	if _, err := p.Edge(); err == nil || !strings.Contains(err.Error(), "it gave up") && !errors.Is(err, syscall.EPIPE) {
		t.Errorf("Edge of a server that ended: %v", err)
	}
	if err := p.Stop(time.Second); err == nil || !strings.Contains(err.Error(), "it gave up") {
		t.Errorf("Stop of a server that ended: %v", err)
	}
}

// TestDrains: by request, by signal and by the pipe's end, a request in flight is
// answered and the exit status is 0. Asked meanwhile, the server answers what it was
// asked.
func TestDrains(t *testing.T) {
	for name, drain := range map[string]func(*control.Process) error{
		"request": (*control.Process).Drain,
		"SIGTERM": func(p *control.Process) error { return p.Signal(syscall.SIGTERM) },
		"SIGINT":  func(p *control.Process) error { return p.Signal(syscall.SIGINT) },
		"twice":   func(p *control.Process) error { return errors.Join(p.Drain(), p.Drain()) },
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, models.Config{Model: "reactor"})
			c, r := dial(t, p)
			ask(t, c, "/wait/300ms")
			for p.Board.Total().Begun == 0 {
				time.Sleep(time.Millisecond)
			}
			if err := drain(p); err != nil {
				t.Fatal(err)
			}
			for p.Board.Draining().Load() == 0 {
				time.Sleep(time.Millisecond)
			}
			edge, err := p.Edge()
			if err != nil || edge.Board.Begun != 1 {
				t.Errorf("an edge in a drain: %+v, %v", edge, err)
			}
			if _, err := p.Stats(); err != nil {
				t.Errorf("stats in a drain: %v", err)
			}
			answered(t, r)
			c.Close() // it lingers for this
			select {
			case <-p.Exited():
			case <-time.After(5 * time.Second):
				t.Error("the server did not end by itself")
			}
			stop(t, p)
		})
	}
}

// TestCut: a drain that runs out of time says so.
func TestCut(t *testing.T) {
	p := start(t, models.Config{Model: "reactor", Drain: 100 * time.Millisecond})
	c, _ := dial(t, p)
	ask(t, c, "/wait/10s")
	for p.Board.Total().Begun == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := p.Stop(5 * time.Second); err == nil || !strings.Contains(err.Error(), control.ErrCut.Error()) {
		t.Errorf("Stop: %v, want %v", err, control.ErrCut)
	}
}

// TestDeaf: a server that does not answer is not waited for, nor asked again: its late
// answer would be taken for another.
func TestDeaf(t *testing.T) {
	defer control.SetAskTimeout(50 * time.Millisecond)()
	p := start(t, models.Config{Model: "reactor"})
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := p.Edge(); err == nil || !strings.Contains(err.Error(), "did not answer") {
			t.Errorf("Edge of a stopped server: %v", err)
		}
	}
	if err := p.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Stats(); err == nil {
		t.Error("it was asked again")
	}
	stop(t, p)
}

func TestStopKills(t *testing.T) {
	p := start(t, models.Config{Model: "reactor"})
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(50 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("Stop of a server that does not react: %v, want that it was killed", err)
	}
	p = start(t, models.Config{Model: "reactor"})
	if err := p.Kill(); err != nil {
		t.Errorf("Kill: %v", err)
	}
}

func TestContextKills(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	p, err := control.Start(ctx, models.Config{Model: "reactor", Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case <-p.Exited():
	case <-time.After(5 * time.Second):
		t.Error("the server outlived its context")
	}
	if err := p.Stop(time.Second); err == nil {
		t.Error("a killed server is said to have ended well")
	}
}

// parent starts a server and tells its pid, then waits to be killed.
func parent() {
	p, err := control.Start(context.Background(), models.Config{Model: "reactor", Addr: "127.0.0.1:0"})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(p.Pid())
	select {}
}

// TestParentKilled: a server does not outlive the process that started it, not even
// with a request in flight.
func TestParentKilled(t *testing.T) {
	cmd := reexec.Command("control-parent")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the server is not there: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	for end := time.Now().Add(time.Second); !gone(pid); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatalf("the server (pid %d) outlives its parent", pid)
		}
	}
}

// gone reports whether a process has ended: nobody may have waited for it yet.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(rest, "Z")
}

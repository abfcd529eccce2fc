package dashboard

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/c10kit/c10kit/results"
)

// endlessRun is a Controller whose run goes on until it is stopped, from a goroutine of its own.
type endlessRun struct {
	rec     Recording
	mu      sync.Mutex
	stopped chan struct{} // guarded by mu: closed by Stop
	ended   sync.WaitGroup
	paused  []bool
	panics  bool
}

func (l *endlessRun) Offer() Choices {
	if l.panics {
		panic("on purpose")
	}
	return (&fakeRun{}).Offer()
}

func (l *endlessRun) Start(_ Choice, feed *Feed) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	stopped := make(chan struct{})
	l.stopped = stopped
	feed.Begin(l.rec.Head)
	l.ended.Go(func() {
		for _, e := range l.rec.Events[:len(l.rec.Events)-1] {
			select {
			case <-stopped:
				feed.Event(results.Event{At: e.At, Kind: results.EventEnd, Done: e.Done, Total: e.Total, Text: "stopped"})
				return
			case <-time.After(time.Millisecond):
				feed.Event(e)
			}
		}
		<-stopped
		feed.Event(l.rec.Events[len(l.rec.Events)-1])
	})
	return nil
}

func (l *endlessRun) Pause(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.paused = append(l.paused, on)
}

func (l *endlessRun) Held() bool { return false }

func (l *endlessRun) Next() {}

func (l *endlessRun) Stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped != nil {
		close(l.stopped)
		l.stopped = nil
	}
}

var terminal = []string{"TERM=xterm-256color", "LANG=en_US.UTF-8"}

// begin runs the dashboard on a terminal; the channel tells how it ended.
func begin(ctx context.Context, p *pty, o Options) chan error {
	o.In, o.Out, o.Environ = p.slave, p.slave, terminal
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, o) }()
	return ended
}

func wait(t *testing.T, ended chan error) error {
	t.Helper()
	select {
	case err := <-ended:
		return err
	case <-time.After(patience):
		t.Fatal("the dashboard does not end")
		return nil
	}
}

func TestReplayOnTerminal(t *testing.T) {
	p := newPTY(t, 80, 24)
	p.read()
	rec := recording(t)
	ended := begin(context.Background(), p, Options{Replay: &rec, Speed: 32})
	p.wait("req/s")
	p.typeKeys("?")
	p.wait("Esc q ? close")
	p.typeKeys("?")
	p.typeKeys("q")
	if err := wait(t, ended); err != nil {
		t.Error(err)
	}
	p.restored()
}

// TestQuitAsksOnce: the run goes on after another key, and is stopped after y.
func TestQuitAsksOnce(t *testing.T) {
	for name, keys := range map[string][2]string{"q": {"q", "y"}, "ctrl-c twice": {"\x03", "\x03"}, "keep": {"Q", "y"}} {
		t.Run(name, func(t *testing.T) {
			p := newPTY(t, 120, 40)
			p.read()
			run := &endlessRun{rec: recording(t)}
			ended := begin(context.Background(), p, Options{Control: run, Start: &Choice{}})
			p.wait("req/s")
			p.typeKeys(keys[0])
			p.wait("A run goes on")
			p.forget()
			p.typeKeys("x")
			p.wait("help")
			p.typeKeys(keys[0])
			p.wait("A run goes on")
			p.typeKeys(keys[1])
			if err := wait(t, ended); err != nil {
				t.Error(err)
			}
			run.ended.Wait()
			p.restored()
			left := func() bool {
				_, after, _ := strings.Cut(p.text(), "\x1b[?1049l")
				return strings.Contains(after, "req/s")
			}
			if name == "keep" {
				until(t, "the screen is left on the terminal", left)
			} else if left() {
				t.Error("the screen is left on the terminal")
			}
		})
	}
}

func TestSignals(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
		t.Run(s.String(), func(t *testing.T) {
			p := newPTY(t, 80, 24)
			p.read()
			run := &endlessRun{rec: recording(t)}
			ended := begin(context.Background(), p, Options{Control: run, Start: &Choice{}})
			p.wait("req/s")
			if err := syscall.Kill(os.Getpid(), s); err != nil {
				t.Fatal(err)
			}
			if err := wait(t, ended); err == nil || !strings.Contains(err.Error(), s.String()) {
				t.Errorf("%v, want the signal's name", err)
			}
			run.ended.Wait() // Run told it to stop
			p.restored()
		})
	}
}

// TestTerminalDisappears: no signal comes here, as the terminal is not the test's own, so
// only errors of the terminal tell.
func TestTerminalDisappears(t *testing.T) {
	p := newPTY(t, 160, 45)
	p.read()
	run := &endlessRun{rec: recording(t)}
	ended := begin(context.Background(), p, Options{Control: run, Start: &Choice{}})
	p.wait("req/s")
	p.hangUp()
	if err := wait(t, ended); !errors.Is(err, ErrTerminalGone) {
		t.Errorf("%v, want %v", err, ErrTerminalGone)
	}
	run.ended.Wait()
}

// TestQuietTerminalDisappears: a stored run that is at its end writes nothing, and no write
// tells that the terminal is gone.
func TestQuietTerminalDisappears(t *testing.T) {
	p := newPTY(t, 160, 45)
	p.read()
	rec := recording(t)
	ended := begin(context.Background(), p, Options{Replay: &rec})
	p.wait("req/s")
	p.typeKeys("\x1b[F") // End
	p.wait("100%")
	written, since := 0, time.Now()
	until(t, "nothing is written any more", func() bool {
		if n := len(p.text()); n != written {
			written, since = n, time.Now()
		}
		return time.Since(since) > time.Second
	})
	p.hangUp()
	if err := wait(t, ended); !errors.Is(err, ErrTerminalGone) {
		t.Errorf("%v, want %v", err, ErrTerminalGone)
	}
}

// TestTerminalStalls: nothing reads what the dashboard writes. The run is heard to its end
// all the same, and the dashboard ends when it is told to.
func TestTerminalStalls(t *testing.T) {
	p := newPTY(t, 200, 60)
	rec := recording(t)
	run := &endlessRun{rec: rec}
	ctx, cancel := context.WithCancelCause(context.Background())
	o := Options{Control: run, Start: &Choice{}, FPS: 30, In: p.slave, Out: p.slave, Environ: terminal}
	o.defaults()
	d, err := o.dash()
	if err != nil {
		t.Fatal(err)
	}
	gate := d.shell.out
	ended := make(chan error, 1)
	go func() { ended <- o.show(ctx, d) }()
	until(t, "a write hangs and more is waiting for it", func() bool {
		p.typeKeys("tj") // each draws the whole screen in other colours
		return gate.pendingLen() > 0 && p.stalled()
	})
	run.Stop()
	run.ended.Wait()
	cause := errors.New("told to end")
	cancel(cause)
	if err := wait(t, ended); !errors.Is(err, cause) {
		t.Errorf("%v, want %v", err, cause)
	}
	if !p.stalled() {
		t.Error("the terminal did not stall to the end")
	}
	if after := p.termios(); after != p.before {
		t.Error("the terminal is not as it was")
	}
	p.read() // lets the write that hangs end
	<-gate.done
}

func TestPanicRestoresTerminal(t *testing.T) {
	p := newPTY(t, 120, 40)
	p.read()
	rec := recording(t)
	var talk bytes.Buffer
	run := &endlessRun{rec: rec}
	ended := begin(context.Background(), p, Options{Control: run, Start: &Choice{}, Talk: &talk})
	p.wait("req/s")
	run.Stop()
	p.wait("the end: stopped")
	run.panics = true
	p.typeKeys("o")
	if err := wait(t, ended); !errors.Is(err, errBug) {
		t.Errorf("%v, want %v", err, errBug)
	}
	if !strings.Contains(talk.String(), "endlessRun") {
		t.Errorf("no stack for a report of the bug: %q", talk.String())
	}
	run.ended.Wait()
	p.restored()
}

// TestNoTerminal: lines and a table, live and stored.
func TestNoTerminal(t *testing.T) {
	rec := recording(t)
	run := &endlessRun{rec: rec}
	for name, o := range map[string]Options{
		"replay": {Replay: &rec},
		"live":   {Control: run, Start: &Choice{}},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := os.CreateTemp(t.TempDir(), "out")
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var talk bytes.Buffer
			o.In, o.Out, o.Talk, o.Environ = out, out, &talk, terminal
			if name == "live" {
				go func() { time.Sleep(100 * time.Millisecond); cancel() }()
			}
			err = Run(ctx, o)
			if name == "live" != errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			data, _ := os.ReadFile(out.Name())
			if !strings.Contains(string(data), "req/s") || strings.Contains(string(data), "\x1b") {
				t.Errorf("stdout:\n%s", data)
			}
			if !strings.Contains(talk.String(), "[1/28] round 1") {
				t.Errorf("stderr:\n%s", talk.String())
			}
		})
	}
	run.ended.Wait()
	if err := Run(context.Background(), Options{Control: run, In: os.Stdin, Out: mustNull(t)}); err == nil {
		t.Error("without a terminal and without a choice there is nothing to do, and no error")
	}
}

func mustNull(t *testing.T) *os.File {
	f, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

package dashboard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/term"

	"github.com/c10kit/c10kit/dashboard/screen"
	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
)

// Options of Run. Either Control or Replay is set.
type Options struct {
	Control Controller
	Start   *Choice // what to run at once; nil opens the setup form
	Replay  *Recording
	Base    *Recording // a run that Replay is held against; may be nil
	Speed   int        // of the replay at first, 1 to MaxSpeed; 0 is 1

	FPS       int // frames of data a second at most, up to MaxFPS; 0 is DefaultFPS
	ASCII     bool
	Light     bool // for a light background
	NoMouse   bool
	ExportDir string // where the e key writes; empty is the working directory

	In      *os.File  // the keyboard; nil is os.Stdin
	Out     *os.File  // the screen; nil is os.Stdout
	Talk    io.Writer // for the lines of a run without a terminal; nil is os.Stderr
	Environ []string  // nil is os.Environ()
}

// DefaultFPS is how many frames of data are drawn a second. Keys are answered at once.
const DefaultFPS = 4

// keyFPS is how often a second bubbletea looks at least whether there is something to write:
// an answer to a key is seen within 83 ms. Each look wakes the process up, which on a quiet
// screen is all that it costs; 60 of them, bubbletea's default, take more than drawing does.
const keyFPS = 12

// MaxFPS bounds the frames of data.
const MaxFPS = 30

// gatePatience is how long the last frame may take to reach the terminal.
const gatePatience = 500 * time.Millisecond

// ErrSignal is returned, wrapped, by Run when a signal ended it.
var ErrSignal = errors.New("ended by a signal")

// ErrTerminalGone is returned, wrapped, by Run when the terminal disappeared.
var ErrTerminalGone = errors.New("the terminal is gone")

// ErrAtOnce is returned by Run when the user does not want to wait for the run, which was
// told to stop, to come to its end.
var ErrAtOnce = errors.New("left before the run had come to its end")

// Run shows the dashboard until the user leaves, ctx ends, or the process is asked to end
// by SIGINT, SIGTERM or SIGHUP, which it catches meanwhile (SIGHUP not where it is ignored,
// as under nohup(1)); then the error is context.Cause or wraps ErrSignal. Whatever ended it,
// the terminal is as it was before. SIGTSTP and ^Z stop the process with the terminal as it
// was, a live run at the end of its cell.
//
// A live run is told to stop before it returns, and may go on a little: the caller waits
// for its Controller's run to end, which closes the folder, but not after ErrAtOnce.
//
// Where Out is no terminal, or one that cannot move its cursor (TERM=dumb), it shows plain
// lines instead, without keys: see Plain. A live run needs Start then.
func Run(ctx context.Context, o Options) error {
	o.defaults()
	if !term.IsTerminal(o.Out.Fd()) || o.getenv("TERM") == "dumb" {
		return o.plain(ctx)
	}
	if !term.IsTerminal(o.In.Fd()) {
		// Something is piped in, but there may be a keyboard.
		tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
		if err != nil {
			return o.plain(ctx)
		}
		defer tty.Close()
		o.In = tty
	}
	d, err := o.dash()
	if err != nil {
		return err
	}
	return o.show(ctx, d)
}

func (o *Options) defaults() {
	if o.In == nil {
		o.In = os.Stdin
	}
	if o.Out == nil {
		o.Out = os.Stdout
	}
	if o.Talk == nil {
		o.Talk = os.Stderr
	}
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	if o.FPS < 1 {
		o.FPS = DefaultFPS
	}
	o.FPS = min(o.FPS, MaxFPS)
}

func (o *Options) getenv(name string) string {
	for _, v := range slices.Backward(o.Environ) {
		if len(v) > len(name) && v[len(name)] == '=' && v[:len(name)] == name {
			return v[len(name)+1:]
		}
	}
	return ""
}

// dash makes the program as the options want it to begin.
func (o *Options) dash() (*dash, error) {
	l := look{chars: screen.DetectCharset(o.getenv), ascii: o.ASCII, light: o.Light, profile: screen.Profile(o.Environ)}
	d := newDash(o.Control, l, o.FPS)
	d.shell = &shell{out: newGate(o.Out), signals: make(chan os.Signal, 1)}
	d.noMouse = o.NoMouse
	if o.ExportDir != "" {
		d.exports.dir = o.ExportDir
	}
	switch {
	case o.Replay != nil:
		d.show(*o.Replay, o.Base)
		d.player.speed = min(max(o.Speed, 1), MaxSpeed)
	case o.Start != nil:
		if err := d.start(*o.Start); err != nil {
			return nil, err
		}
	default:
		d.openForm()
	}
	return d, nil
}

// show runs the program on the terminal.
func (o *Options) show(ctx context.Context, d *dash) error {
	// A cause is how the signal, or the write that failed, gets out of bubbletea.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := d.shell.out
	p := tea.NewProgram(d, o.programOptions(out)...)
	out.start(func() { p.Send(tea.ClearScreen()) }, func(err error) {
		cancel(fmt.Errorf("%w: %w", ErrTerminalGone, err))
	})
	stop := onSignal(cancel)
	unstop := d.shell.watch(func() { p.Send(suspend{}) })
	// bubbletea's own ways to end by a context or a signal leave its reader behind in a wait.
	// They are for a loop that is stuck; this one never is, as the gate does not block.
	unwatch := context.AfterFunc(ctx, func() { p.Send(leave{}) })
	_, err := p.Run()
	unstop()
	stop()
	unwatch()
	if o.Control != nil {
		o.Control.Stop()
	}
	if d.keep && err == nil && d.bug == nil {
		fmt.Fprint(out, d.view+"\n")
	}
	out.finish(gatePatience)
	switch cause := context.Cause(ctx); {
	case d.bug != nil:
		_, _ = o.Talk.Write(d.stack)
		return d.bug
	case cause == nil && err == nil && d.atOnce:
		return ErrAtOnce
	case cause != nil || err == nil:
		return cause
	case errors.Is(err, tea.ErrProgramPanic):
		return fmt.Errorf("%w: %w", errBug, err)
	}
	return fmt.Errorf("%w: %w", ErrTerminalGone, err)
}

func (o *Options) programOptions(out *gate) []tea.ProgramOption {
	all := []tea.ProgramOption{
		tea.WithInput(o.In), tea.WithOutput(out), tea.WithEnvironment(o.Environ),
		tea.WithAltScreen(), tea.WithFPS(max(keyFPS, o.FPS)),
		// bubbletea's own handler knows no SIGHUP and waits for a loop that may stand still.
		tea.WithoutSignalHandler(),
	}
	if !o.NoMouse {
		all = append(all, tea.WithMouseCellMotion())
	}
	return all
}

// onSignal ends the program by cancel on the signals that ask for it. The function that
// it returns gives them back to whoever had them.
func onSignal(cancel context.CancelCauseFunc) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case s := <-signals:
			cancel(fmt.Errorf("%w: %v", ErrSignal, s))
		case <-done:
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
		<-ended
	}
}

// plain shows the run without a terminal.
func (o *Options) plain(ctx context.Context) error {
	force := o.getenv("CLICOLOR_FORCE")
	opt := reports.Options{
		ASCII:  o.ASCII || screen.DetectCharset(o.getenv) == screen.ASCII,
		Colour: force != "" && force != "0" && o.getenv("NO_COLOR") == "",
	}
	if o.Replay != nil {
		if b := o.Base; b != nil {
			if err := Plain(io.Discard, o.Out, b.Head, slices.Values(b.Events), opt); err != nil {
				return err
			}
			fmt.Fprintln(o.Out)
		}
		r := o.Replay
		if err := Plain(o.Talk, o.Out, r.Head, slices.Values(r.Events), opt); err != nil || o.Base == nil {
			return err
		}
		fmt.Fprintln(o.Out)
		return Differences(o.Out, *r, *o.Base, opt.ASCII)
	}
	if o.Start == nil {
		return errors.New("there is no terminal to choose a run on: name the models")
	}
	feed := NewFeed()
	if err := o.Control.Start(*o.Start, feed); err != nil {
		return err
	}
	defer o.Control.Stop() // where the table could not be written
	head, events := feed.follow(ctx, o.Control.Stop)
	if err := Plain(o.Talk, o.Out, head, events, opt); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// follow waits for the beginning of a run and returns its events as they come, to the
// last one. When ctx ends it calls stop, once, and goes on to the end that this brings.
func (f *Feed) follow(ctx context.Context, stop func()) (Head, iter.Seq[results.Event]) {
	stopped := ctx.Done()
	wait := func() {
		select {
		case <-f.ready:
		case <-stopped:
			stopped = nil // once; after it only the run's own end counts
			stop()
		}
	}
	var t taken
	for t = f.take(); t.begun == nil; t = f.take() {
		wait()
	}
	return *t.begun, func(yield func(results.Event) bool) {
		for ; ; t = f.take() {
			for _, e := range t.events {
				if !yield(e) || e.Kind == results.EventEnd {
					return
				}
			}
			wait()
		}
	}
}

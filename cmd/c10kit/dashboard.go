package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/dashboard"
	"github.com/c10kit/c10kit/internal/sys"
	"github.com/c10kit/c10kit/results"
)

func newDashboard() *cobra.Command {
	var o planFlags
	var s screenFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "dashboard [MODEL]...",
		Short: "Compare, and show it while it happens",
		Long: `Dashboard runs the comparison that compare would, at once, and shows it on the
whole terminal while it happens: the table of models, latencies, context
switches, TIME_WAIT, memory and what limited each. On the screen, ? shows every
key, o sets up another run, q leaves.

The run folder is that of compare. Leaving while a run goes on asks once, stops
the run, keeps what was measured, and ends with 130. A run in which a cell
failed ends with 1, as compare does. Without a terminal it prints a line for
each cell on stderr and the table on stdout.`,
		Example: `  c10kit dashboard
  c10kit dashboard reactor hybrid prethread -c 16,256 -d 3s
  c10kit dashboard --light --no-mouse`,
		ValidArgsFunction: completeModels(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := o.complete(cmd, args)
			if err != nil {
				return usageError(err)
			}
			if asJSON {
				return compare(cmd, p, &o, true)
			}
			options, err := s.options(cmd)
			if err != nil {
				return usageError(err)
			}
			c, err := newController(p, cmd.Flags().Changed("seed"), &o)
			if err != nil {
				return machineError(err)
			}
			return showLive(cmd, c, options)
		},
	}
	o.register(cmd)
	s.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "no screen: print JSON, as compare does")
	return cmd
}

// screenFlags are the flags of what draws: dashboard and replay.
type screenFlags struct {
	fps                   int
	ascii, light, noMouse bool
	export                string
}

func (s *screenFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&s.fps, "fps", dashboard.DefaultFPS, fmt.Sprintf("frames a second at most, 1 to %d; keys are answered at once", dashboard.MaxFPS))
	f.BoolVar(&s.ascii, "ascii", false, "draw with ASCII only")
	f.BoolVar(&s.light, "light", false, "colours for a light background")
	f.BoolVar(&s.noMouse, "no-mouse", false, "leave the mouse to the terminal, for selecting text")
	f.StringVar(&s.export, "export", ".", "where the e key writes the screen")
}

func (s *screenFlags) options(cmd *cobra.Command) (dashboard.Options, error) {
	o := dashboard.Options{
		FPS: s.fps, ASCII: s.ascii, Light: s.light, NoMouse: s.noMouse, ExportDir: s.export, Talk: cmd.ErrOrStderr(),
	}
	o.Out, _ = cmd.OutOrStdout().(*os.File)
	if s.fps < 1 || s.fps > dashboard.MaxFPS {
		return o, fmt.Errorf("--fps %d: a number from 1 to %d is needed", s.fps, dashboard.MaxFPS)
	}
	if !cmd.Flags().Changed("export") {
		return o, nil // who does not export may stand in any folder
	}
	return o, writable(s.export)
}

// writable is an error unless files can be made in dir: before a run, not at its end.
func writable(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return fmt.Errorf("--export: %w", err)
	case !info.IsDir():
		return fmt.Errorf("--export %s is no folder", dir)
	}
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("--export %s: %w", dir, os.NewSyscallError("access", err))
	}
	return nil
}

// showLive shows a run until the user leaves, and ends it. The exit code is that of the
// last run, as compare has it.
func showLive(cmd *cobra.Command, c *controller, o dashboard.Options) error {
	ctx, stop := untilHangUp(cmd.Context())
	defer stop()
	defer boundHeap(heapLimit)()
	choice := c.choice()
	o.Control, o.Start = c, &choice
	err := aside(c.layouts[results.PlacementSplit].Load, func() error { return dashboard.Run(ctx, o) })
	ended := c.end(err)
	// A terminal that has stalled takes no line, and the command must end all the same.
	told := make(chan struct{})
	go func() {
		defer close(told)
		for _, r := range c.all() {
			fmt.Fprintf(o.Talk, "the run is in %s\n", r.folder.Dir())
		}
	}()
	select {
	case <-told:
	case <-time.After(talkPatience):
	}
	return ended
}

// talkPatience is how long a last word may take to reach a terminal.
const talkPatience = 2 * time.Second

// heapLimit is what the process may hold before garbage is collected while the load runs. The
// generator turns the collector off for as long as a cell takes, as it makes no garbage
// itself; but a frame makes some 70 kB, which at 30 frames a second are 4 GB in a window
// of half an hour. What is alive is far less than this limit, so a collection is short, and
// there is none in a window of less than four minutes (half an hour at 4 frames a second).
const heapLimit = 512 << 20

// boundHeap sets the process's memory limit (runtime/debug.SetMemoryLimit), unless GOMEMLIMIT
// has set a lower one, and returns the function that undoes it.
func boundHeap(limit int64) (restore func()) {
	old := debug.SetMemoryLimit(-1) // reads it
	if old <= limit {
		return func() {}
	}
	debug.SetMemoryLimit(limit)
	return func() { debug.SetMemoryLimit(old) }
}

// screenError gives an error of dashboard.Run its exit code.
func screenError(err error) error {
	var exit *exitError
	switch {
	case err == nil || errors.As(err, &exit):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, dashboard.ErrSignal), errors.Is(err, dashboard.ErrTerminalGone):
		return errInterrupted
	}
	return machineError(err)
}

// untilHangUp ends a context on SIGHUP. As long as stop is not called no SIGHUP kills the
// command: there may be two of them, from the kernel and from the shell, and the second
// comes while the run folder is being closed. Under nohup(1) there is none.
func untilHangUp(ctx context.Context) (_ context.Context, stop context.CancelFunc) {
	if signal.Ignored(syscall.SIGHUP) {
		return ctx, func() {}
	}
	return signal.NotifyContext(ctx, syscall.SIGHUP)
}

// aside runs what makes the frames on a thread of its own, away from the server's CPUs;
// goroutines that draw starts are on the runtime's threads, as any other. Where that
// leaves it with the load's, as on two, it takes what time they leave: with nice 19 (which
// is a thread's in Linux, setpriority(2)) a frame of 2 ms delays no answer by 2 ms. Either
// may fail, and then it draws where it is.
func aside(cpus []int, draw func() error) error {
	ended := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and no Unlock: the thread ends with the goroutine
		_ = sys.SetThreadAffinity(cpus)
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), 19)
		ended <- draw()
	}()
	return <-ended
}

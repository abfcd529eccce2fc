package dashboard

import (
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// ^Z, and SIGTSTP from elsewhere: the terminal goes back to the shell and the process
// stands still until the shell lets it go on.
//
//	^Z --suspend--> the cell ends, the next waits --toShell--> stopped --fg--> resume
//
// The load is made by this process. A cell that it stands still in would be measured wrong,
// so the run comes to the end of its cell first, and begins the next one afterwards.

// suspend is a SIGTSTP.
type suspend struct{}

// resumed tells that the terminal is the dashboard's again.
type resumed struct {
	stopped bool // false: nobody stopped the process
	err     error
}

func (d *dash) suspend() tea.Cmd {
	d.frozen = false // the end of the run must be seen
	if d.measuring() {
		d.suspending = true
		d.control.Pause(true)
		return nil
	}
	return d.toShell()
}

// measuring reports whether a cell is being measured, or may begin any moment.
func (d *dash) measuring() bool { return d.running() && !d.control.Held() }

func (d *dash) toShell() tea.Cmd {
	d.suspending = false
	if d.shell == nil {
		return nil
	}
	return tea.Exec(d.shell, func(err error) tea.Msg { return resumed{d.shell.stopped, err} })
}

// resume is the other half. bubbletea gives back all but the mouse.
func (d *dash) resume(r resumed) tea.Cmd {
	d.dirty = true
	switch {
	case r.err != nil:
		d.say("not stopped: " + clean(r.err.Error()))
	case !r.stopped:
		d.say("there is no shell that could let the dashboard go on")
	}
	if d.running() && !d.paused {
		d.control.Pause(false)
	}
	if d.noMouse {
		return nil
	}
	return tea.EnableMouseCellMotion
}

// shell is what has the terminal while the process stands still, as a command in the sense
// of bubbletea, which gives the terminal back before Run and takes it after it.
type shell struct {
	out     *gate
	signals chan os.Signal // SIGTSTP
	stopped bool           // Run was stopped, and not merely asked to
}

// stopPatience is how long the kernel may take to stop a process. An orphaned process group
// is never stopped, as nobody could let it go on (setpgid(2)): one without a shell, as the
// first process of a container or of a window.
const stopPatience = 500 * time.Millisecond

// Run stops the process group, as the terminal does for ^Z in other programs. The signal is
// SIGTTOU: it does the same as SIGTSTP, whose handler the Go runtime does not take away any
// more once it was caught, and SIGSTOP would stop an orphaned group too.
func (s *shell) Run() error {
	s.out.flush(gatePatience)
	resumed := make(chan os.Signal, 1)
	signal.Notify(resumed, syscall.SIGCONT)
	defer signal.Stop(resumed)
	if err := syscall.Kill(0, syscall.SIGTTOU); err != nil {
		return os.NewSyscallError("kill", err)
	}
	select {
	case <-resumed:
		s.stopped = true
	case <-time.After(stopPatience):
		s.stopped = false
	}
	return nil
}

// SetStdin and the other two are nothing to a shell that has the terminal anyway.
func (s *shell) SetStdin(io.Reader) {}

// SetStdout does nothing.
func (s *shell) SetStdout(io.Writer) {}

// SetStderr does nothing.
func (s *shell) SetStderr(io.Writer) {}

// watch calls do on each SIGTSTP, until the function that it returns is called. A process
// that was started with SIGTSTP ignored goes on ignoring it.
func (s *shell) watch(do func()) (unwatch func()) {
	if !signal.Ignored(syscall.SIGTSTP) {
		signal.Notify(s.signals, syscall.SIGTSTP)
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-s.signals:
				do()
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(s.signals)
		close(done)
		<-ended
	}
}

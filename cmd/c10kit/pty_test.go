package main

import (
	"bytes"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/moby/sys/reexec"
	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/internal/pty"
	"github.com/c10kit/c10kit/internal/sys"
)

// terminal is a pseudo-terminal (pty(7)) whose other end the test holds, with the command
// on it as the leader of its session.
type terminal struct {
	t      *testing.T
	master *os.File
	slave  *os.File // kept open, so that what the command left behind can be read
	before unix.Termios
	cmd    *exec.Cmd
	mark   string // in the environment of the command and of what it starts
	ended  chan struct{}
	cpu    time.Duration // of the command without its children, once it has ended

	mu     sync.Mutex
	shown  bytes.Buffer  // guarded by mu
	read   chan struct{} // closed when nothing is read any more
	forgot int           // length of what was shown up to forget
}

// newTerminal runs the command on a terminal of a size, in a folder of its own.
func newTerminal(t *testing.T, width, height int, args ...string) *terminal {
	t.Helper()
	cmd := exec.Command(reexec.Self())
	cmd.Args = append([]string{commandName}, args...)
	return onTerminal(t, width, height, cmd)
}

// onTerminal is newTerminal for another command, as a shell.
func onTerminal(t *testing.T, width, height int, cmd *exec.Cmd) *terminal {
	t.Helper()
	master, slave := openPTY(t)
	size := &unix.Winsize{Col: uint16(width), Row: uint16(height)}
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, size); err != nil {
		t.Fatal(os.NewSyscallError("ioctl TIOCSWINSZ", err))
	}
	p := &terminal{t: t, master: master, slave: slave, cmd: cmd, ended: make(chan struct{}), read: make(chan struct{})}
	p.before = p.termios()
	p.mark = "C10KIT_TEST_MARK=" + t.Name() + slave.Name()
	p.cmd.Dir = t.TempDir()
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = slave, slave, slave
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	p.cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LC_ALL=C.UTF-8", "NO_COLOR=", "TZ=UTC", p.mark)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cpu = cpuAtEnd(p.cmd.Process.Pid)
		_ = p.cmd.Wait() // the exit code is looked at
		close(p.ended)
	}()
	go p.keep()
	t.Cleanup(p.close)
	return p
}

// cpuAtEnd waits for the end of a process, which stays a zombie, and returns its CPU time:
// what wait4 gives has that of its children in it.
func cpuAtEnd(pid int) time.Duration {
	for {
		if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != unix.EINTR {
			break
		}
	}
	cpu, _ := sys.ProcessCPU(pid) // 0 is noticed by who needs it
	return cpu
}

// openPTY opens both ends of a new pseudo-terminal.
func openPTY(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	return master, slave
}

func (p *terminal) termios() unix.Termios {
	p.t.Helper()
	s, err := unix.IoctlGetTermios(int(p.slave.Fd()), unix.TCGETS)
	if err != nil {
		p.t.Fatal(os.NewSyscallError("ioctl TCGETS", err))
	}
	return *s
}

// keep keeps what is written.
func (p *terminal) keep() {
	defer close(p.read)
	piece := make([]byte, 1<<16)
	for {
		n, err := p.master.Read(piece)
		p.mu.Lock()
		p.shown.Write(piece[:n])
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (p *terminal) close() {
	if !p.over() {
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
	p.slave.Close()
	p.hangUp()
}

// hangUp takes the terminal away: the kernel sends SIGHUP, and every use of it fails.
func (p *terminal) hangUp() {
	p.master.Close()
	<-p.read
}

func (p *terminal) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shown.String()
}

func (p *terminal) keys(keys string) {
	p.t.Helper()
	if _, err := p.master.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// forget makes wait and restored look only at what is written from now on.
func (p *terminal) forget() { p.forgot = len(p.text()) }

// wait waits until text was written.
func (p *terminal) wait(text string) {
	p.t.Helper()
	until(p.t, "the terminal shows "+text, func() bool { return strings.Contains(p.text()[p.forgot:], text) })
}

// stall stops to read, and types keys that draw the screen anew until a write to it hangs.
func (p *terminal) stall() {
	p.t.Helper()
	if err := p.master.SetReadDeadline(time.Now()); err != nil {
		p.t.Fatal(err)
	}
	<-p.read
	until(p.t, "the terminal is stalled", func() bool {
		p.keys("t") // another theme
		stalled, err := pty.Stalled(p.slave)
		if err != nil {
			p.t.Fatal(err)
		}
		return stalled
	})
}

// resume reads again.
func (p *terminal) resume() {
	p.t.Helper()
	if err := p.master.SetReadDeadline(time.Time{}); err != nil {
		p.t.Fatal(err)
	}
	p.read = make(chan struct{})
	go p.keep()
}

func (p *terminal) over() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// exit waits for the end of the command and returns its code.
func (p *terminal) exit() int {
	p.t.Helper()
	until(p.t, "the command ends", p.over)
	return p.cmd.ProcessState.ExitCode()
}

// restored checks that the terminal is as it was, and was told so.
func (p *terminal) restored() {
	p.t.Helper()
	if after := p.termios(); after != p.before {
		p.t.Errorf("the terminal is left with the settings %+v, it had %+v", after, p.before)
	}
	for _, sequence := range []string{"\x1b[?1049l", "\x1b[?25h", "\x1b[?1002l", "\x1b[?2004l"} {
		p.wait(sequence)
	}
}

// until waits for something that another process does.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after a minute it is not so that %s", what)
		}
	}
}

// noneLeft checks that nothing lives that was started with a mark in its environment.
func noneLeft(t *testing.T, mark string) {
	t.Helper()
	if left := marked(mark); len(left) > 0 {
		t.Errorf("processes left: %v", slices.Sorted(slices.Values(left)))
	}
}

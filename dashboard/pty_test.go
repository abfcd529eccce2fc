package dashboard

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	ptys "github.com/c10kit/c10kit/internal/pty"
)

// pty is a terminal whose other end the test holds.
type pty struct {
	t             *testing.T
	master, slave *os.File
	before        unix.Termios

	mu     sync.Mutex
	screen bytes.Buffer // what was written to it, guarded by mu
	done   chan struct{}
}

// newPTY opens a pseudo-terminal (pty(7)) of a size. Nothing is read until read is called.
func newPTY(t *testing.T, width, height int) *pty {
	t.Helper()
	master, slave, err := ptys.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	p := &pty{t: t, master: master, slave: slave}
	size := &unix.Winsize{Col: uint16(width), Row: uint16(height)}
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, size); err != nil {
		t.Fatal(err)
	}
	p.before = p.termios()
	t.Cleanup(p.close)
	return p
}

func (p *pty) termios() unix.Termios {
	p.t.Helper()
	s, err := unix.IoctlGetTermios(int(p.slave.Fd()), unix.TCGETS)
	if err != nil {
		p.t.Fatal(err)
	}
	return *s
}

// stalled reports whether a write to the terminal would hang.
func (p *pty) stalled() bool {
	p.t.Helper()
	stalled, err := ptys.Stalled(p.slave)
	if err != nil {
		p.t.Fatal(err)
	}
	return stalled
}

// read keeps what is written from now on.
func (p *pty) read() {
	p.done = make(chan struct{})
	go func() {
		defer close(p.done)
		buf := make([]byte, 1<<16)
		for {
			n, err := p.master.Read(buf)
			p.mu.Lock()
			p.screen.Write(buf[:n])
			p.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
}

func (p *pty) close() {
	_ = p.slave.Close()
	p.hangUp()
}

// hangUp takes the terminal away.
func (p *pty) hangUp() {
	_ = p.master.Close()
	if p.done != nil {
		<-p.done
	}
}

func (p *pty) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.screen.String()
}

func (p *pty) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.screen.Reset()
}

func (p *pty) typeKeys(keys string) {
	p.t.Helper()
	if _, err := p.master.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// wait waits until text was written since forget.
func (p *pty) wait(text string) {
	p.t.Helper()
	until(p.t, "the terminal shows "+text, func() bool { return strings.Contains(p.text(), text) })
}

// patience is how long a busy machine may take for something that another goroutine does.
const patience = time.Minute

// until waits for something that another goroutine does.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v it is not so that %s", patience, what)
		}
	}
}

// restored checks that the terminal is as it was, and was told so.
func (p *pty) restored() {
	p.t.Helper()
	if after := p.termios(); after != p.before {
		p.t.Errorf("the terminal is left with the settings %+v, it had %+v", after, p.before)
	}
	for _, sequence := range []string{"\x1b[?1049l", "\x1b[?25h", "\x1b[?1002l", "\x1b[?2004l"} {
		p.wait(sequence)
	}
}

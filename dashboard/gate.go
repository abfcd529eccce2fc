package dashboard

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/charmbracelet/x/term"
)

// gate stands between bubbletea and a terminal that may stop reading, as a frozen window
// or a dead ssh connection does. bubbletea writes with its lock held and its loop waits
// for that lock, so one blocked write would freeze the program for good, its end included.
//
//	bubbletea --Write--> | pending | --one goroutine, write(2) may block--> terminal
//
// Write never blocks. What does not fit is dropped, and since bubbletea sends only lines
// that changed, the screen must be drawn anew afterwards: repaint is called then. A write
// that fails (EIO: the terminal is gone) calls gone, once. So does a look at the terminal
// once a second: a stored run at its end and one that is paused write nothing, and SIGHUP
// comes to those only whose controlling terminal it is.
//
// It is a term.File, by which bubbletea knows that it has a terminal and how large.
type gate struct {
	*os.File
	repaint func()
	gone    func(error)

	mu      sync.Mutex
	wake    *sync.Cond // pending grew, or closed
	pending []byte     // guarded by mu, as all below
	writing bool       // what was pending is in a write
	dropped bool
	closed  bool
	failed  bool
	done    chan struct{} // closed when the goroutine that writes has ended
	left    chan struct{} // closed by finish
}

// gateRoom is how much waits for the terminal: several full frames of the largest screens.
const gateRoom = 1 << 20

// gateLook is how often it is looked whether the terminal is there.
const gateLook = time.Second

func newGate(f *os.File) *gate {
	g := &gate{File: f, done: make(chan struct{}), left: make(chan struct{})}
	g.wake = sync.NewCond(&g.mu)
	return g
}

// start begins to write. The functions are called on goroutines of the gate.
func (g *gate) start(repaint func(), gone func(error)) {
	g.repaint, g.gone = repaint, gone
	go g.run()
	go g.watch()
}

// Write takes p, all or nothing, and always says that it took it: bubbletea ignores
// errors of writes.
func (g *gate) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.failed:
	case len(g.pending)+len(p) > gateRoom:
		g.dropped = true
	default:
		g.pending = append(g.pending, p...)
		g.wake.Signal()
	}
	return len(p), nil
}

// WriteString is Write, for io.WriteString, which would find that of the file.
func (g *gate) WriteString(s string) (int, error) { return g.Write([]byte(s)) }

func (g *gate) run() {
	defer close(g.done)
	var out []byte
	for {
		var redraw bool
		out, redraw = g.next(out[:0])
		if redraw {
			go g.repaint() // it may wait for bubbletea, which may wait for nobody but it
		}
		if len(out) == 0 {
			return
		}
		if _, err := g.File.Write(out); err != nil {
			g.fail(err)
			return
		}
	}
}

// watch looks at the terminal until finish. Its size is read, which one that has hung up
// refuses with EIO; any other error tells nothing of it.
func (g *gate) watch() {
	look := time.NewTicker(gateLook)
	defer look.Stop()
	for {
		select {
		case <-g.left:
			return
		case <-look.C:
			if _, _, err := term.GetSize(g.Fd()); errors.Is(err, syscall.EIO) {
				g.fail(os.NewSyscallError("ioctl TIOCGWINSZ", err))
				return
			}
		}
	}
}

// fail drops all that is written from now on, and calls gone unless it was called.
func (g *gate) fail(err error) {
	g.mu.Lock()
	told := g.failed
	g.failed, g.pending = true, nil
	g.mu.Unlock()
	if !told {
		g.gone(err)
	}
}

// next waits for something to write, which it appends to out; nothing when the gate is
// closed. redraw tells that something was dropped before.
func (g *gate) next(out []byte) (_ []byte, redraw bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.pending) == 0 && !g.closed {
		g.writing = false
		g.wake.Wait()
	}
	redraw = g.dropped && !g.closed
	g.dropped = false
	g.writing = len(g.pending) > 0
	out = append(out, g.pending...)
	g.pending = g.pending[:0]
	return out, redraw
}

// flush waits until the terminal has all that was written, for as long as patience lasts.
func (g *gate) flush(patience time.Duration) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		g.mu.Lock()
		idle := g.failed || len(g.pending) == 0 && !g.writing
		g.mu.Unlock()
		if idle {
			return
		}
	}
}

// finish writes what is pending and ends the goroutines. A terminal that does not read is
// given up after patience: the one that writes then ends with its write, or with the process.
func (g *gate) finish(patience time.Duration) {
	close(g.left)
	g.mu.Lock()
	g.closed = true
	g.wake.Signal()
	g.mu.Unlock()
	select {
	case <-g.done:
	case <-time.After(patience):
	}
}

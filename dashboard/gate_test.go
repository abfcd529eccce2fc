package dashboard

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestGateStalls: a reader that sleeps blocks nobody; what was dropped is told when it
// wakes up.
func TestGateStalls(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	g := newGate(w)
	var repaints atomic.Int32
	g.start(func() { repaints.Add(1) }, func(err error) { t.Error(err) })
	line := strings.Repeat("x", 1<<16)
	for range 64 { // 4 MiB, into a pipe of 64 KiB and a gate of 1 MiB
		if n, err := io.WriteString(g, line); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	if g.pendingLen() > gateRoom {
		t.Errorf("%d bytes wait", g.pendingLen())
	}
	read := make(chan int)
	go func() {
		var b bytes.Buffer
		n, _ := b.ReadFrom(r)
		read <- int(n)
	}()
	until(t, "a repaint is asked for", func() bool { return repaints.Load() == 1 })
	_, _ = g.Write([]byte("end"))
	g.finish(10 * time.Second)
	_ = w.Close()
	if n := <-read; n < gateRoom-len(line) || n >= 64*len(line) {
		t.Errorf("%d bytes came through", n)
	}
}

func (g *gate) pendingLen() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.pending)
}

// TestGateFlush: what was written has reached the terminal when flush returns; one that does
// not read is given up.
func TestGateFlush(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	g := newGate(w)
	g.start(func() {}, func(err error) { t.Error(err) })
	for range 100 {
		_, _ = g.Write([]byte("text"))
		g.flush(10 * time.Second)
		if n, err := unix.IoctlGetInt(int(r.Fd()), unix.TIOCINQ); err != nil || n != len("text") {
			t.Fatalf("%d bytes have come (%v)", n, err)
		}
		_, _ = io.ReadFull(r, make([]byte, len("text")))
	}
	_, _ = g.Write(make([]byte, 1<<18)) // a pipe holds 64 KiB
	g.flush(20 * time.Millisecond)
	go func() { _, _ = io.Copy(io.Discard, r) }()
	g.finish(10 * time.Second)
	_ = w.Close()
}

// TestGateGivesUp: finish does not wait for a reader for ever.
func TestGateGivesUp(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	g := newGate(w)
	g.start(func() {}, func(error) {})
	_, _ = g.Write(make([]byte, 1<<18))
	g.finish(20 * time.Millisecond)
	_ = r.Close() // ends the write that hangs
	<-g.done
	_ = w.Close()
}

// TestGateGone: an error of a write is told once, and later writes are swallowed.
func TestGateGone(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	g := newGate(w)
	gone := make(chan error, 2)
	g.start(func() {}, func(err error) { gone <- err })
	_, _ = g.Write([]byte("x"))
	if err := <-gone; !errors.Is(err, syscall.EPIPE) {
		t.Error(err)
	}
	if n, err := g.Write([]byte("x")); n != 1 || err != nil {
		t.Error(n, err)
	}
	g.finish(10 * time.Second)
	_ = w.Close()
}

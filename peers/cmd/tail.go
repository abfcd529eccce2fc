package cmd

import (
	"io"
	"os"
	"strings"
	"sync"
	"unicode"
)

// Bounds of what is kept of a command's output.
const (
	tailSize  = 4 << 10
	tailLines = 10
)

// tail keeps the end of what a command prints, in bounded memory: a server may log
// each request. It is read and not left in the pipe, which would block the command
// when it is full.
type tail struct {
	complete chan struct{} // closed when everybody who could write is gone

	mu   sync.Mutex
	kept []byte // at most tailSize, the newest last
}

func newTail() *tail { return &tail{complete: make(chan struct{})} }

// read reads the output to its end and closes it.
func (t *tail) read(output *os.File) {
	defer close(t.complete)
	defer output.Close()
	_, _ = io.Copy(t, output) // an error ends it as well
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p[max(0, len(p)-tailSize):]...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(p), nil
}

// String returns the last lines for a terminal: control characters, with which a
// foreign program could write to it what it likes, are replaced.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(t.kept)), "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.Join(lines, "\n"))
}

package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/results"
)

// size returns the columns of the terminal behind w; ok is false if w is none.
func size(w io.Writer) (columns int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile {
		return 0, false
	}
	ws, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, false
	}
	return int(ws.Col), true
}

// width is how wide a table on w may be: the terminal's columns, at least 80, and
// 80 elsewhere.
func width(w io.Writer) int {
	columns, _ := size(w)
	return max(columns, 80)
}

// colourful reports whether w wants colours: a terminal that is not dumb, and no
// NO_COLOR (no-color.org: any value that is not empty).
func colourful(w io.Writer) bool {
	_, terminal := size(w)
	return terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// utf8Locale reports whether the environment names UTF-8, or nothing: a test or a
// cron job with no locale at all writes to a file that somebody reads elsewhere.
func utf8Locale() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := os.Getenv(name); v != "" {
			up := strings.ToUpper(v)
			return strings.Contains(up, "UTF-8") || strings.Contains(up, "UTF8")
		}
	}
	return true
}

// progress tells on stderr how far a run is: one line that is written over on a
// terminal, a line for each cell elsewhere.
type progress struct {
	w        io.Writer
	columns  int
	terminal bool
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w}
	p.columns, p.terminal = size(w)
	return p
}

func (p *progress) talk(format string, args ...any) { fmt.Fprintf(p.w, format, args...) }

func (p *progress) event(e results.Event) {
	name := fmt.Sprintf("round %d  %s  %s  %d conns", e.Cell.Round, e.Cell.Spec(), e.Cell.Mode, e.Cell.Conns)
	switch {
	case p.terminal && e.Kind == results.EventBegin:
		line := fmt.Sprintf("[%d/%d] %s", e.Done+1, e.Total, name)
		fmt.Fprintf(p.w, "\r\x1b[K%s", line[:min(len(line), max(p.columns-1, 0))])
	case !p.terminal && e.Kind == results.EventResult:
		rate := "cut short" // before its window was open: with no answer in it that is 0
		if v, ok := e.Result.Values[results.ReqPerSec]; ok {
			rate = results.ReqPerSec.Format(v) + " req/s"
		}
		fmt.Fprintf(p.w, "[%d/%d] %s  %s\n", e.Done, e.Total, name, rate)
	}
}

func (p *progress) clear() {
	if p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

package netstat

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Reader reads all counters again and again. It keeps its files open, and so stays
// with the network namespace in which it was opened. Use it from one goroutine.
type Reader struct {
	files   [sources]*os.File // nil: could not be opened
	buf     []byte
	release string
	made    bool // this kernel counts a TIME_WAIT when it is made
}

// Open opens the files under proc, usually "/proc": those of the calling thread, in
// thread-self, or of a recorded /proc the only ones. A file that does not exist is no
// error, its counters are missing; nothing at all is one. The caller closes
// the Reader.
func Open(proc string) (*Reader, error) {
	r := &Reader{buf: make([]byte, 16<<10)} // netstat, the largest, has 4 to 5 KiB
	thread := filepath.Join(proc, "thread-self")
	if _, err := os.Stat(thread); err != nil {
		thread = proc
	}
	none := true
	for i, path := range paths {
		file, err := os.Open(filepath.Join(thread, path))
		switch {
		case err == nil:
			r.files[i], none = file, false
		case !errors.Is(err, fs.ErrNotExist):
			return nil, errors.Join(fmt.Errorf("netstat: %w", err), r.Close())
		}
	}
	if none {
		return nil, fmt.Errorf("netstat: none of %s under %s: is /proc mounted, with the network's files?",
			strings.Join(paths[:], ", "), proc)
	}
	text, err := os.ReadFile(filepath.Join(proc, "sys/kernel/osrelease"))
	if err == nil {
		r.release = string(text)
		r.made = countsWhenMade(r.release)
	}
	return r, nil
}

// countsWhenMade reports whether a kernel of that release counts TW and TWKilled when
// a TIME_WAIT begins: since 5.18.
func countsWhenMade(release string) bool {
	first, rest, _ := strings.Cut(release, ".")
	major, err := strconv.Atoi(first)
	if err != nil {
		return false
	}
	digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if digits >= 0 {
		rest = rest[:digits]
	}
	minor, err := strconv.Atoi(rest)
	return err == nil && (major > 5 || major == 5 && minor >= 18)
}

// Read returns the counters as they are now. An error names each file that could not
// be read or understood; what the others say is in the Values all the same. It costs
// four system calls, and does not allocate unless it fails. The two files are
// read one after the other, not at one moment.
func (r *Reader) Read() (Values, error) {
	v := Values{made: r.made, known: r.release}
	var errs error
	for i, file := range r.files {
		if file == nil {
			continue
		}
		text, err := readAll(file, &r.buf)
		if err == nil {
			err = parse(&v, source(i), text)
		}
		if err != nil {
			errs = errors.Join(errs, fmt.Errorf("netstat: %w", err))
		}
	}
	return v, errs
}

// Close closes the files.
func (r *Reader) Close() error {
	var errs error
	for _, file := range r.files {
		if file != nil {
			errs = errors.Join(errs, file.Close())
		}
	}
	return errs
}

// readAll reads a file of /proc from its beginning, which makes the kernel write it
// anew. The buffer grows until the text leaves a byte free.
func readAll(file *os.File, buf *[]byte) ([]byte, error) {
	for {
		n, err := file.ReadAt(*buf, 0)
		if n < len(*buf) {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return (*buf)[:n], err
		}
		*buf = make([]byte, 2*len(*buf))
	}
}

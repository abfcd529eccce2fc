package results

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The files of a run folder.
const (
	manifestFile = "manifest.json"
	resultsFile  = "results.txt"
	seriesFile   = "series.ndjson"
	latencyFile  = "latency.hlog"
)

// folderTime is TIME of a folder's name, in UTC.
const folderTime = "20060102-150405"

var folderName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// Run is a run folder that is being written. All methods are safe for
// concurrent use; each makes one write(2) and returns when the kernel has it.
type Run struct {
	dir string

	mu       sync.Mutex // guards everything below
	manifest Manifest
	results  *os.File
	series   *os.File
	latency  *os.File
	closed   bool
}

// Create makes dir/TIME-name with its four files and writes m as it is now;
// dir is made if it is not there. TIME is m.Start, or now if that is zero. A
// second run of the same second and name gets a number appended. Maps and
// slices of m belong to the run from here on. The caller must call Close.
func Create(dir, name string, m Manifest) (*Run, error) {
	if !folderName.MatchString(name) {
		return nil, fmt.Errorf("run name %q: use letters, digits and . _ - only", name)
	}
	if err := validateCells(m.Cells); err != nil {
		return nil, err
	}
	if m.Start.IsZero() {
		m.Start = time.Now()
	}
	m.Schema, m.Name, m.Start = Schema, name, m.Start.UTC().Round(0)
	m.End, m.Interrupted, m.Skipped = time.Time{}, false, nil
	m.Warnings = slices.Clip(m.Warnings) // Warn must not append into the caller's array

	path, err := makeFolder(dir, m.Start.Format(folderTime)+"-"+name)
	if err != nil {
		return nil, fmt.Errorf("create run folder: %w", err)
	}
	r := &Run{dir: path, manifest: m}
	if err := r.begin(); err != nil {
		return nil, errors.Join(fmt.Errorf("create run folder: %w", err), r.closeFiles())
	}
	return r, nil
}

func validateCells(cells []Cell) error {
	seen := make(map[string]bool, len(cells))
	for _, c := range cells {
		if err := c.Validate(); err != nil {
			return err
		}
		if seen[c.ID] {
			return fmt.Errorf("cell %s is planned twice", c.ID)
		}
		seen[c.ID] = true
	}
	return nil
}

func makeFolder(dir, base string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(dir, base)
	for n := 2; ; n++ {
		err := os.Mkdir(path, 0o755)
		if err == nil || !errors.Is(err, fs.ErrExist) {
			return path, err
		}
		path = filepath.Join(dir, base+"-"+strconv.Itoa(n))
	}
}

// begin writes the manifest and the headers. The manifest is first: a folder
// without one is no run.
func (r *Run) begin() (err error) {
	if err := r.manifest.write(r.dir); err != nil {
		return err
	}
	for _, f := range []struct {
		file   **os.File
		name   string
		header []byte
	}{
		{&r.results, resultsFile, resultsHeader(r.manifest.CPU.Model)},
		{&r.series, seriesFile, nil},
		{&r.latency, latencyFile, latencyHeader(r.manifest.Start)},
	} {
		*f.file, err = os.OpenFile(filepath.Join(r.dir, f.name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		if _, err = (*f.file).Write(f.header); err != nil {
			return err
		}
	}
	return nil
}

// Dir is the run's folder.
func (r *Run) Dir() string { return r.dir }

// Update lets change alter the manifest and writes it: for what is known only
// once a server runs, such as its GOMAXPROCS. Schema, name and start stay as
// they are. change must not keep the pointer or call r.
func (r *Run) Update(change func(*Manifest)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return r.errClosed()
	}
	next := r.manifest
	change(&next)
	next.Schema, next.Name, next.Start = r.manifest.Schema, r.manifest.Name, r.manifest.Start
	if err := validateCells(next.Cells); err != nil {
		return err
	}
	r.manifest = next
	return r.manifest.write(r.dir)
}

// Skip records that a planned cell, of one round, is left out on request.
func (r *Run) Skip(c Cell) error {
	return r.Update(func(m *Manifest) { m.Skipped = append(m.Skipped, c.ID) })
}

// Warn adds a line to the manifest's warnings, once.
func (r *Run) Warn(text string) error {
	return r.Update(func(m *Manifest) {
		if !slices.Contains(m.Warnings, text) {
			m.Warnings = append(m.Warnings, text)
		}
	})
}

// Sample appends s to the series.
func (r *Run) Sample(s Sample) error {
	line, err := s.MarshalJSON()
	if err != nil {
		return err
	}
	return r.append(&r.series, append(line, '\n'))
}

// Result appends res to results.txt.
func (r *Run) Result(res Result) error {
	block, err := encodeResult(res)
	if err != nil {
		return err
	}
	return r.append(&r.results, block)
}

// Latency appends h, the latencies in nanoseconds of one kind that the cell saw
// between start and end (kept to the microsecond). h is only read.
func (r *Run) Latency(cell string, kind Kind, start, end time.Time, h *hdrhistogram.Histogram) error {
	line, err := encodeLatency(Latency{cell, kind, start, end, h})
	if err != nil {
		return err
	}
	return r.append(&r.latency, line)
}

// append hands data over in one write, so that lines of concurrent callers do
// not mix.
func (r *Run) append(file **os.File, data []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return r.errClosed()
	}
	_, err := (*file).Write(data)
	return err
}

func (r *Run) errClosed() error { return fmt.Errorf("run %s: %w", r.dir, fs.ErrClosed) }

// Close writes the manifest with the end of the run and closes the files.
// interrupted says that the user stopped it before all cells were measured.
// Further calls do nothing and return nil, so that a deferred Close(true) may
// stand behind a Close(false).
func (r *Run) Close(interrupted bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	r.manifest.End = time.Now().UTC().Round(0)
	r.manifest.Interrupted = interrupted
	return errors.Join(r.manifest.write(r.dir), r.closeFiles())
}

func (r *Run) closeFiles() error {
	var errs []error
	for _, f := range []*os.File{r.results, r.series, r.latency} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

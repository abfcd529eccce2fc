package results

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
)

// Stored is a run read back.
type Stored struct {
	Dir       string
	Manifest  Manifest
	Results   []Result // in the order in which they were measured
	Samples   []Sample
	Latencies []Latency
	// Predictions are those that were locked before the run.
	Predictions []Prediction
	Warnings    []string // what is damaged or absent in the folder
}

// Open reads the run in dir. It fails where there is no manifest that it can
// read, with ErrSchema for one of another version. Whatever else is damaged is
// left out and named in Warnings with file and line; all before and after it
// is kept.
func Open(dir string) (*Stored, error) {
	s, err := open(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("open run %s: %w", dir, err)
	}
	s.Dir = dir
	return s, nil
}

func open(fsys fs.FS) (*Stored, error) {
	data, err := fs.ReadFile(fsys, manifestFile)
	if err != nil {
		return nil, err
	}
	s := &Stored{}
	if s.Manifest, err = parseManifest(data); err != nil {
		return nil, err
	}
	if s.Manifest.End.IsZero() {
		s.warn("the run was not closed: it is still going on, or was killed")
	}
	for _, f := range []struct {
		name string
		read func([]byte, warner)
	}{
		{resultsFile, func(d []byte, w warner) { s.Results = parseResults(d, w) }},
		{seriesFile, func(d []byte, w warner) { s.Samples = parseSeries(d, w) }},
		{latencyFile, func(d []byte, w warner) { s.Latencies = parseLatency(d, w) }},
	} {
		data, err := fs.ReadFile(fsys, f.name)
		if errors.Is(err, fs.ErrNotExist) {
			s.warn("%s: is not there", f.name)
			continue
		}
		if err != nil {
			return nil, err
		}
		f.read(data, func(line int, format string, args ...any) {
			s.warn("%s:%d: %s", f.name, line, fmt.Sprintf(format, args...))
		})
	}
	if err := s.readPredictions(fsys); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Stored) warn(format string, args ...any) {
	s.Warnings = append(s.Warnings, fmt.Sprintf(format, args...))
}

// warner takes what is wrong in a line of a file, and its number from 1.
type warner func(line int, format string, args ...any)

// lines yields the lines of data that are not empty, with their numbers from 1
// and without line ends. A last line without one was cut, however well it
// reads (a figure may lack digits): it is reported and dropped.
func lines(data []byte, warn warner) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for n := 1; len(data) > 0; n++ {
			line, rest, ended := bytes.Cut(data, []byte("\n"))
			if !ended {
				warn(n, "the last line is cut short and left out")
				return
			}
			if len(line) > 0 && !yield(n, line) {
				return
			}
			data = rest
		}
	}
}

package results

import (
	"bytes"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// FuzzOpen: no bytes in the four files make Open panic, and what it accepts as
// a valid result is read again as the same from what we write of it.
func FuzzOpen(f *testing.F) {
	// Small seeds: the fuzzer minimises what it finds byte by byte.
	s := example(f)
	block, err := encodeResult(s.Results[3])
	if err != nil {
		f.Fatal(err)
	}
	sample, err := s.Samples[0].MarshalJSON()
	if err != nil {
		f.Fatal(err)
	}
	interval, err := encodeLatency(s.Latencies[0])
	if err != nil {
		f.Fatal(err)
	}
	manifest := []byte(`{"schema":2,"end":"2026-11-21T21:30:55Z"}`)
	f.Add(manifest, block, append(sample, '\n'), interval)
	f.Add(manifest, block[:len(block)-9], sample, interval[:len(interval)-9])
	f.Fuzz(func(t *testing.T, manifest, text, series, latency []byte) {
		s, err := open(fstest.MapFS{
			manifestFile: {Data: manifest}, resultsFile: {Data: text},
			seriesFile: {Data: series}, latencyFile: {Data: latency},
		})
		if err != nil {
			if s != nil {
				t.Fatal("a run and an error")
			}
			return
		}
		for _, r := range s.Results {
			block, err := encodeResult(r)
			if err != nil {
				continue // of a newer version, or written by hand
			}
			again := parseResults(block, func(n int, format string, args ...any) {
				t.Errorf("line %d of\n%s: "+format, append([]any{n, block}, args...)...)
			})
			if diff := cmp.Diff([]Result{r}, again, same); diff != "" {
				t.Fatalf("%s\n%s", diff, block)
			}
		}
		for _, x := range s.Samples {
			line, err := x.MarshalJSON()
			if err != nil {
				t.Fatalf("%+v was read and cannot be written: %v", x, err)
			}
			if bytes.ContainsAny(line, "\n") {
				t.Fatalf("sample of several lines: %q", line)
			}
		}
	})
}

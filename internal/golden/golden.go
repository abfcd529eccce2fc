// Package golden compares what a test made with a file under testdata.
//
//	go test ./reports -update     writes the files anew: read the diff before committing it
package golden

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write golden files instead of comparing with them")

// TB is the part of testing.TB that Check needs.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Check fails t unless got equals testdata/name byte for byte; name may have
// folders in it. With -update it writes the file instead.
func Check(t TB, name string, got []byte) {
	t.Helper()
	check(t, filepath.Join("testdata", filepath.FromSlash(name)), got, *update)
}

func check(t TB, path string, got []byte, update bool) {
	t.Helper()
	if update {
		if err := write(path, got); err != nil {
			t.Fatalf("update golden file: %v", err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%v: run the test with -update to make it", err)
		return
	}
	if err != nil {
		t.Fatalf("read golden file: %v", err)
		return
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got; -update accepts it):\n%s", path, diff)
	}
}

func write(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

package golden

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recorder is a TB that keeps what a test would print.
type recorder struct{ errors, fatals []string }

func (*recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.fatals = append(r.fatals, fmt.Sprintf(format, args...))
}

func TestCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "er.txt")

	var absent recorder
	check(&absent, path, []byte("one\n"), false)
	if len(absent.fatals) != 1 || !strings.Contains(absent.fatals[0], "-update") {
		t.Errorf("a file that is not there: %q, want one fatal that names -update", absent.fatals)
	}

	var made, same, other recorder
	check(&made, path, []byte("one\n"), true)
	check(&same, path, []byte("one\n"), false)
	check(&other, path, []byte("two\n"), false)
	if len(made.fatals)+len(made.errors)+len(same.fatals)+len(same.errors) != 0 {
		t.Errorf("written %+v, then equal %+v: want no complaint", made, same)
	}
	if len(other.errors) != 1 || !strings.Contains(other.errors[0], "two") {
		t.Errorf("different content: %q, want one error with the difference", other.errors)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "one\n" {
		t.Errorf("comparing changed the file: %q, %v", data, err)
	}
}

func TestCheckUnwritable(t *testing.T) {
	dir := t.TempDir()
	blocker := filepath.Join(dir, "file")
	if err := os.WriteFile(blocker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var r recorder
	check(&r, filepath.Join(blocker, "x"), nil, true)
	if len(r.fatals) != 1 {
		t.Errorf("a path through a file: %q, want one fatal", r.fatals)
	}
	r = recorder{}
	check(&r, filepath.Join(blocker, "x"), nil, false)
	if len(r.fatals) != 1 {
		t.Errorf("reading through a file: %q, want one fatal", r.fatals)
	}
}

package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestOpenMany: as many as were asked for are open, and closed again.
func TestOpenMany(t *testing.T) {
	if n, err := openMany(100); n != 100 || err != nil {
		t.Errorf("%d opened, %v", n, err)
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	few := unix.Rlimit{Cur: 64, Max: old.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	n, err := openMany(100)
	if restoreErr := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); restoreErr != nil {
		t.Fatal(restoreErr)
	}
	if n == 0 || n >= 64 || !errors.Is(err, unix.EMFILE) {
		t.Errorf("with 64 descriptors %d opened, %v", n, err)
	}
}

// TestPidsMax: the smallest bound on the way up counts, in either version of cgroups.
func TestPidsMax(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("a/pids.max", "300\n")
	write("a/b/pids.max", "max\n")
	write("pids/c/pids.max", "70\n")
	write("pids/c/d/pids.max", "900\n")
	for membership, want := range map[string]string{
		"0::/a/b\n":                   "300",
		"0::/\n":                      "",
		"8:pids:/c/d\n7:blkio:/a\n":   "70",
		"8:pids:/c/d\n0::/a/b\n":      "70",
		"9:name=systemd:/a\nnonsense": "",
	} {
		if got := pidsMax(write("membership", membership), root); got != want {
			t.Errorf("%q: %q, want %q", membership, got, want)
		}
	}
	if got := pidsMax(filepath.Join(root, "none"), root); got != "" {
		t.Errorf("without a file: %q", got)
	}
}

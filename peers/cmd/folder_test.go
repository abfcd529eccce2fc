package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// temporary makes a TMPDIR of this test alone, which other users may enter: t.TempDir is
// not like that, and httpd's workers become another user where it is started by root.
func temporary(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "c10kit-test-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("TMPDIR", dir)
	return dir
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestStaleFoldersAreRemoved(t *testing.T) {
	elsewhere := t.TempDir()
	tmp := temporary(t)
	held, err := newFolder()
	if err != nil {
		t.Fatal(err)
	}
	stale := filepath.Join(tmp, folderPrefix+"stale")
	for _, err := range []error{
		os.MkdirAll(filepath.Join(stale, "www"), 0o755),
		os.Symlink(elsewhere, filepath.Join(tmp, folderPrefix+"link")),
		os.WriteFile(filepath.Join(tmp, folderPrefix+"file"), nil, 0o644),
		os.Mkdir(filepath.Join(tmp, "another"), 0o755),
		os.Symlink(elsewhere, filepath.Join(stale, "link")),
		os.WriteFile(filepath.Join(elsewhere, "precious"), nil, 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := newFolder()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); err == nil {
		t.Error("a folder that nobody holds is still there")
	}
	if err := f.remove(); err != nil {
		t.Error(err)
	}
	if err := held.remove(); err != nil {
		t.Errorf("removing a folder that was held all the time: %v", err)
	}
	if got, want := strings.Join(entries(t, tmp), " "), "another c10kit-cmd-file c10kit-cmd-link"; got != want {
		t.Errorf("left are %s, want %s: what is not ours", got, want)
	}
	if len(entries(t, elsewhere)) != 1 {
		t.Error("a link was followed")
	}
}

// TestFoldersAtOnce: each start removes what nobody holds, and nobody loses a folder to
// another between making it and holding it.
func TestFoldersAtOnce(t *testing.T) {
	tmp := temporary(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				f, err := newFolder()
				if err != nil {
					t.Error(err)
					return
				}
				if !sameFolder(f.lock, f.path) {
					t.Errorf("%s was taken away", f.path)
				}
				if err := f.remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if left := entries(t, tmp); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestTail(t *testing.T) {
	short, long := newTail(), newTail()
	for range 1000 {
		if n, err := long.Write([]byte(strings.Repeat("x", 99) + "\n")); n != 100 || err != nil {
			t.Fatal(n, err)
		}
	}
	if n := len(long.kept); n != tailSize {
		t.Errorf("%d bytes are kept, want %d", n, tailSize)
	}
	if n := strings.Count(long.String(), "\n"); n != tailLines-1 {
		t.Errorf("%d lines are shown, want %d", n+1, tailLines)
	}
	if _, err := long.Write([]byte(strings.Repeat("y", 3*tailSize))); err != nil || long.String() != strings.Repeat("y", tailSize) {
		t.Errorf("one large write: %v, %.20q", err, long.String())
	}
	if _, err := short.Write([]byte("\n a\tb\x1b[31mred\r\n\x00größe\xff\n\n")); err != nil {
		t.Fatal(err)
	}
	if got, want := short.String(), "a\tb?[31mred?\n?größe\uFFFD"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

package floor

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func needCompiler(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("cc"); err != nil && os.Getenv("CI") == "" {
		t.Skip(ErrNoCompiler)
	}
}

func TestBuildCaches(t *testing.T) {
	needCompiler(t)
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	first, err := Build("epoll")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(first, filepath.Join(cache, "c10kit", "floor")) {
		t.Errorf("built at %s, outside of the cache %s", first, cache)
	}
	t.Setenv("PATH", "") // a second build would find no compiler
	second, err := Build("epoll")
	if err != nil || second != first {
		t.Errorf("second time: %q, %v; expected %q from the cache", second, err, first)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(first), "build-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestBuildWithoutCompiler(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("PATH", "")
	if _, err := Build("epoll"); !errors.Is(err, ErrNoCompiler) {
		t.Errorf("without a compiler: %v", err)
	}
	if _, err := Start(t.Context(), C, nil); !errors.Is(err, ErrNoCompiler) {
		t.Errorf("Start without a compiler: %v", err)
	}
}

func TestBuildErrors(t *testing.T) {
	if _, err := Build("cobol"); err == nil || !strings.Contains(err.Error(), "cobol") {
		t.Errorf("an unknown source: %v", err)
	}
	needCompiler(t)
	program := filepath.Join(t.TempDir(), "broken")
	if err := compile([]byte("int main(void) { return nonsense; }\n"), nil, program); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("a broken source: %v", err)
	}
	if _, err := os.Stat(program); err == nil {
		t.Error("a program appeared that did not compile")
	}
}

package floor

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// The C sources lie in a folder without Go files: beside some, the go command would take them for cgo.
//
//go:embed c/*.c c/*.h
var sources embed.FS

// header is what every source includes.
const header = "answer.h"

// ErrNoCompiler is returned by Build, wrapped, where the machine has no C compiler. The C floor is then unavailable;
// everything else of c10kit works without one.
var ErrNoCompiler = errors.New("no C compiler: install gcc or clang so that cc is in PATH")

// compilerFlags are part of the cached binary's name.
var compilerFlags = []string{"-O2", "-Wall", "-Wextra", "-Werror", "-pthread"}

// Build compiles c/NAME.c, unless the user's cache holds the result already, and returns the path of the program. The
// cache is os.UserCacheDir()/c10kit/floor/HASH, where HASH covers the source, its header and the compiler's flags. Safe for
// concurrent use, by several processes too: the program appears under its name when it is complete.
func Build(name string) (string, error) {
	source, err := sources.ReadFile("c/" + name + ".c")
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("floor: there is no C source named %q", name)
	}
	if err != nil {
		return "", err
	}
	shared, err := sources.ReadFile("c/" + header)
	if err != nil {
		return "", err
	}
	folder, err := cacheFolder(source, shared)
	if err != nil {
		return "", err
	}
	program := filepath.Join(folder, name)
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	return program, compile(source, shared, program)
}

func cacheFolder(source, shared []byte) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("floor: nowhere to build the C floor, set XDG_CACHE_HOME: %w", err)
	}
	hash := sha256.New()
	hash.Write(source)
	hash.Write(shared)
	fmt.Fprint(hash, compilerFlags)
	return filepath.Join(cache, "c10kit", "floor", hex.EncodeToString(hash.Sum(nil)[:8])), nil
}

// compile builds in a temporary folder beside the program's place, so that the rename is atomic.
func compile(source, shared []byte, program string) error {
	cc, err := exec.LookPath("cc")
	if err != nil {
		return fmt.Errorf("floor: %w (%w)", ErrNoCompiler, err)
	}
	if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	work, err := os.MkdirTemp(filepath.Dir(program), "build-")
	if err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	defer os.RemoveAll(work)
	file, built := filepath.Join(work, "source.c"), filepath.Join(work, "program")
	for name, text := range map[string][]byte{file: source, filepath.Join(work, header): shared} {
		if err := os.WriteFile(name, text, 0o644); err != nil {
			return fmt.Errorf("floor: %w", err)
		}
	}
	args := append([]string{"-o", built, file}, compilerFlags...)
	if out, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("floor: cc of %s failed: %w\n%s", filepath.Base(program), err, out)
	}
	return os.Rename(built, program)
}

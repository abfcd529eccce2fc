package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

// TestArchitecture is the gate: the project's packages obey the table and the laws.
func TestArchitecture(t *testing.T) {
	observe(t)
	document, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	table, err := ParseTable(string(document))
	if err != nil {
		t.Fatalf("docs/architecture.md: %v", err)
	}
	packages, err := List(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, sentence := range Check(table, packages) {
		t.Errorf("docs/architecture.md: %s", sentence)
	}
	for _, sentence := range CheckLaws(packages) {
		t.Error(sentence)
	}
}

// observe opens every folder with Go files. The test cache remembers what this process opened, not what go list reads,
// and without it go test would answer "(cached)" after an import was added elsewhere.
func observe(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && (strings.HasPrefix(name, ".") || name == "testdata" || name == "runs") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(name, ".go") {
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) { // a file that vanished while a neighbour's test ran is no fault
		t.Fatal(err)
	}
}

// TestList holds the reader of go list against facts about this package and its neighbours.
func TestList(t *testing.T) {
	packages, err := List(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range packages {
		if pkg.Path != "internal/archtest" {
			continue
		}
		if len(pkg.Imports)+len(pkg.TestImports) != 0 {
			t.Errorf("internal/archtest imports %v and %v, expected nothing of the project", pkg.Imports, pkg.TestImports)
		}
		return
	}
	t.Errorf("internal/archtest is not among the %d packages", len(packages))
}

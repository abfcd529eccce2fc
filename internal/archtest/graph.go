package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// Module is the path in front of every package of the project. Paths in this package are relative to it:
// "models/buf".
const Module = "github.com/c10kit/c10kit"

// Package is one package of the project with the project packages that it imports, sorted, relative to Module.
type Package struct {
	Path        string
	Imports     []string // by the files that are built
	TestImports []string // by _test.go files, of package x as of x_test, without what Imports has
}

// architectures are listed one by one because a file with a build constraint is seen only under its own.
var architectures = []string{"amd64", "arm64"}

// List asks go list for every package under dir, the module's root, and merges what it says for each architecture.
func List(dir string) ([]Package, error) {
	merged := map[string]*Package{}
	for _, arch := range architectures {
		out, err := goList(dir, arch)
		if err != nil {
			return nil, err
		}
		if err := merge(merged, out); err != nil {
			return nil, err
		}
	}
	return sorted(merged), nil
}

func goList(dir, arch string) ([]byte, error) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOARCH="+arch, "CGO_ENABLED=0")
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("go list for %s: %w: %s", arch, err, exit.Stderr)
	}
	if err != nil {
		return nil, fmt.Errorf("go list for %s: %w", arch, err)
	}
	return out, nil
}

// merge adds the stream of JSON objects that go list prints to the packages known so far.
func merge(known map[string]*Package, stream []byte) error {
	dec := json.NewDecoder(bytes.NewReader(stream))
	for {
		var p struct {
			ImportPath                         string
			Imports, TestImports, XTestImports []string
		}
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("output of go list: %w", err)
		}
		path := relative(p.ImportPath)
		if known[path] == nil {
			known[path] = &Package{Path: path}
		}
		pkg := known[path]
		pkg.Imports = union(pkg.Imports, ours(p.Imports))
		pkg.TestImports = union(pkg.TestImports, ours(p.TestImports), ours(p.XTestImports))
	}
}

func sorted(known map[string]*Package) []Package {
	list := make([]Package, 0, len(known))
	for _, p := range known {
		p.TestImports = slices.DeleteFunc(p.TestImports, func(imp string) bool {
			return imp == p.Path || slices.Contains(p.Imports, imp)
		})
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b Package) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// relative turns an import path into the table's spelling; the module's root package is ".".
func relative(path string) string {
	if path == Module {
		return "."
	}
	return strings.TrimPrefix(path, Module+"/")
}

// ours keeps the project's packages of an import list.
func ours(imports []string) []string {
	var out []string
	for _, imp := range imports {
		if imp == Module || strings.HasPrefix(imp, Module+"/") {
			out = append(out, relative(imp))
		}
	}
	return out
}

// union returns the elements of all lists, sorted, each once.
func union(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

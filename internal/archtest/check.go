package archtest

import (
	"fmt"
	"slices"
)

// Check compares the table with the packages and returns a sentence for each disagreement, nil when there is none.
//
// A permission that nothing uses is no disagreement: the table says what may be, and a package under construction
// would otherwise have to change it twice.
func Check(table []Line, packages []Package) []string {
	var wrong []string
	lines := map[string]Line{}
	for _, line := range table {
		if first, twice := lines[line.Package]; twice {
			wrong = append(wrong, fmt.Sprintf("line %d: %s has a line already, %d", line.Number, line.Package, first.Number))
			continue
		}
		lines[line.Package] = line
	}
	exists := map[string]bool{}
	for _, pkg := range packages {
		exists[pkg.Path] = true
		line, ok := lines[pkg.Path]
		if !ok {
			wrong = append(wrong, fmt.Sprintf("package %s is missing in the table; it imports %v", pkg.Path, pkg.Imports))
			continue
		}
		wrong = append(wrong, forbidden(line, pkg)...)
	}
	for _, line := range table {
		wrong = append(wrong, gone(line, exists)...)
	}
	return wrong
}

// forbidden names the imports of pkg that its line does not list.
func forbidden(line Line, pkg Package) []string {
	var wrong []string
	for _, imp := range pkg.Imports {
		if !slices.Contains(line.May, imp) {
			wrong = append(wrong, fmt.Sprintf("%s imports %s, which line %d does not allow: %s", pkg.Path, imp, line.Number, line.Text))
		}
	}
	for _, imp := range pkg.TestImports {
		if !slices.Contains(line.May, imp) && !slices.Contains(line.TestsMay, imp) {
			wrong = append(wrong, fmt.Sprintf("the tests of %s import %s, which line %d does not allow: %s", pkg.Path, imp, line.Number, line.Text))
		}
	}
	return wrong
}

// gone names what a line speaks of and the project has no longer.
func gone(line Line, exists map[string]bool) []string {
	var wrong []string
	for _, name := range slices.Concat([]string{line.Package}, line.May, line.TestsMay) {
		if !exists[name] {
			wrong = append(wrong, fmt.Sprintf("line %d names %s, and there is no such package: %s", line.Number, name, line.Text))
		}
	}
	return wrong
}

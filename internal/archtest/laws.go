package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// The laws look at files that are built, not at tests: a test may well compare two models.
var (
	leaves      = []string{"models/buf", "models/board", "results"}
	modelRoots  = []string{"iterative", "ppc", "tpc", "prefork", "prethread", "reactor", "hybrid", "proactor", "peers"}
	modelless   = []string{"loadgen", "probe", "reports", "dashboard", "models"}
	onlyResults = []string{"reports", "dashboard"}
	mayCompare  = []string{"models/all", "bench", "claims", "labs", "cmd", "examples"}
)

// CheckLaws returns a sentence for each package that breaks a rule which no line of the table may lift, nil when none
// does. Except for leaves, whose direct imports say it all, a law holds for everything that a package reaches.
func CheckLaws(packages []Package) []string {
	reach := closure(packages)
	var wrong []string
	for _, pkg := range packages {
		reached := reach[pkg.Path]
		seen := models(reached)
		switch {
		case slices.Contains(leaves, pkg.Path) && len(pkg.Imports) > 0:
			wrong = append(wrong, fmt.Sprintf("%s is a leaf and imports %v", pkg.Path, pkg.Imports))
		case under(pkg.Path, onlyResults) && !subset(reached, "results", onlyResults):
			wrong = append(wrong, fmt.Sprintf("%s sees only results and reaches %v", pkg.Path, reached))
		case isModel(pkg.Path) && len(others(pkg.Path, seen)) > 0:
			wrong = append(wrong, fmt.Sprintf("%s is a model and reaches the model %v", pkg.Path, others(pkg.Path, seen)))
		case under(pkg.Path, modelless) && !under(pkg.Path, mayCompare) && len(seen) > 0:
			wrong = append(wrong, fmt.Sprintf("%s knows no model and reaches %v", pkg.Path, seen))
		case len(seen) > 1 && !under(pkg.Path, mayCompare):
			wrong = append(wrong, fmt.Sprintf("%s reaches several models, %v, which only %v may", pkg.Path, seen, mayCompare))
		}
	}
	return wrong
}

// closure returns for each package all that it imports directly or through others, sorted.
func closure(packages []Package) map[string][]string {
	direct := map[string][]string{}
	for _, pkg := range packages {
		direct[pkg.Path] = pkg.Imports
	}
	reach := map[string][]string{}
	for path := range direct {
		seen := map[string]bool{}
		for queue := direct[path]; len(queue) > 0; queue = queue[1:] {
			if imp := queue[0]; !seen[imp] {
				seen[imp] = true
				queue = slices.Concat(queue, direct[imp])
			}
		}
		for imp := range seen {
			reach[path] = append(reach[path], imp)
		}
		slices.Sort(reach[path])
	}
	return reach
}

// under reports whether path is one of the roots or below one.
func under(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return path == root || strings.HasPrefix(path, root+"/")
	})
}

func isModel(path string) bool { return under(path, modelRoots) }

// modelOf returns the model that a package is part of: its first element, or two of them for a peer, each of which
// is a model of its own.
func modelOf(path string) string {
	first, rest, _ := strings.Cut(path, "/")
	if second, _, _ := strings.Cut(rest, "/"); first == "peers" && second != "" {
		return first + "/" + second
	}
	return first
}

// models returns the distinct models among the paths.
func models(paths []string) []string {
	var out []string
	for _, path := range paths {
		if isModel(path) {
			out = append(out, modelOf(path))
		}
	}
	return union(out)
}

// others returns the models without the one that path is part of. The folder peers itself may hold what peers share.
func others(path string, models []string) []string {
	own := modelOf(path)
	return slices.DeleteFunc(slices.Clone(models), func(m string) bool { return m == own || m == "peers" })
}

// subset reports whether all paths are the one allowed or below a root that holds the asking package itself.
func subset(paths []string, allowed string, roots []string) bool {
	return !slices.ContainsFunc(paths, func(path string) bool { return path != allowed && !under(path, roots) })
}

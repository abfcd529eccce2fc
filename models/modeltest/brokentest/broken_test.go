package brokentest_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/c10kit/c10kit/models/modeltest"
	"github.com/c10kit/c10kit/models/modeltest/brokentest"
)

func TestMain(m *testing.M) { modeltest.Main(m) }

// TestModel: the model without a flaw passes every check.
func TestModel(t *testing.T) { modeltest.TestModel(t, "broken:none") }

// target is the check that a flaw must fail.
func target(flaw string) string {
	check, _, _ := strings.Cut(flaw, "-")
	return check
}

// TestFlaws: each flaw is found by its check, and BasicIO does not see it.
func TestFlaws(t *testing.T) {
	try(t, func(flaw string, c modeltest.Check) bool { return c.Name == target(flaw) || c.Name == "BasicIO" })
}

// TestProofMatrix: each flaw is found by its check and by no other.
func TestProofMatrix(t *testing.T) {
	if os.Getenv("C10KIT_PROOFS") == "" {
		t.Skip("every flaw against every check takes minutes: set C10KIT_PROOFS=1 (make proofs)")
	}
	try(t, func(string, modeltest.Check) bool { return true })
}

// try runs the wanted checks on the flaws and wants each to find its own, and only
// that. Most of the time is spent waiting for what a flaw keeps from happening, so
// more run at a time than there are processors.
func try(t *testing.T, wanted func(flaw string, c modeltest.Check) bool) {
	running := make(chan struct{}, 6)
	for _, flaw := range brokentest.Flaws {
		for _, c := range modeltest.Checks() {
			if !wanted(flaw, c) {
				continue
			}
			result := make(chan error, 1)
			go func() {
				running <- struct{}{}
				defer func() { <-running }()
				err := modeltest.Try(t.Context(), "broken:"+flaw, c)
				if err != nil && c.Name != target(flaw) {
					// What finds a flaw finds it each time; what a busy machine did, it may not do twice.
					again := modeltest.Try(t.Context(), "broken:"+flaw, c)
					t.Logf("%s/%s: %v; again: %v", flaw, c.Name, err, again)
					err = again
				}
				result <- err
			}()
			t.Run(flaw+"/"+c.Name, func(t *testing.T) {
				t.Parallel() // not before all are on their way
				judge(t, flaw, c, <-result)
			})
		}
	}
}

// judge looks at what a check said of a flaw. The error must be the check's own:
// the server itself ends well.
func judge(t *testing.T, flaw string, c modeltest.Check, err error) {
	var end *modeltest.EndError
	switch {
	case errors.As(err, &end):
		t.Errorf("the server did not end well: %v", err)
	case err == nil && c.Name == target(flaw):
		t.Errorf("check %s did not find the flaw %s", c.Name, flaw)
	case err != nil && c.Name != target(flaw):
		t.Errorf("check %s found the flaw %s: %v", c.Name, flaw, err)
	case err != nil:
		t.Logf("found: %v", err)
	}
}

// TestEveryCheckHasItsFlaw holds the list of flaws against that of checks.
func TestEveryCheckHasItsFlaw(t *testing.T) {
	flaws := map[string]int{}
	for _, f := range brokentest.Flaws {
		flaws[target(f)]++
	}
	for _, c := range modeltest.Checks() {
		if flaws[c.Name] == 0 {
			t.Errorf("no flaw proves the check %s", c.Name)
		}
		delete(flaws, c.Name)
	}
	if len(flaws) > 0 {
		t.Errorf("flaws without a check: %v", flaws)
	}
}

// TestOneMarkedPlace reads the source: a flaw is one place, marked by a comment,
// whose next line asks for it, and nothing else does.
func TestOneMarkedPlace(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range files {
		if name := f.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, strings.Split(string(source), "\n")...)
		}
	}
	all := strings.Join(lines, "\n")
	for _, flaw := range brokentest.Flaws {
		mark, asks := "// FLAW "+flaw+":", `.has("`+flaw+`")`
		if n := strings.Count(all, mark); n != 1 {
			t.Errorf("flaw %s has %d marked places, want 1", flaw, n)
		}
		if n := strings.Count(all, asks); n != 1 {
			t.Errorf("flaw %s is asked for at %d places, want 1", flaw, n)
		}
		for i, line := range lines[:len(lines)-1] {
			if strings.Contains(line, mark) && !strings.Contains(lines[i+1], asks) {
				t.Errorf("the line after the mark of %s does not ask for it: %s", flaw, lines[i+1])
			}
		}
	}
	if n := strings.Count(all, "// FLAW "); n != len(brokentest.Flaws) {
		t.Errorf("%d marks for %d flaws", n, len(brokentest.Flaws))
	}
	if n := strings.Count(all, ".flaw"); n != 1 {
		t.Errorf("the flaw is looked at in %d places, only has may", n)
	}
}

package archtest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const document = `# A project

| package | what |
|---|---|
| not | this table |

| package | may import | tests also | why |
|---|---|---|---|
| ` + "`leaf`" + ` | – | – | memory |
| middle | leaf | tool | joins |
| tool |  | – | for tests |
| top | ` + "`leaf`, `middle`" + ` | | all of it |

| package | below | the | table |
`

func parsed(t *testing.T) []Line {
	t.Helper()
	table, err := ParseTable(document)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestParseTable(t *testing.T) {
	want := []Line{
		{Number: 9, Text: "| `leaf` | – | – | memory |", Package: "leaf"},
		{Number: 10, Text: "| middle | leaf | tool | joins |", Package: "middle", May: []string{"leaf"}, TestsMay: []string{"tool"}},
		{Number: 11, Text: "| tool |  | – | for tests |", Package: "tool"},
		{Number: 12, Text: "| top | `leaf`, `middle` | | all of it |", Package: "top", May: []string{"leaf", "middle"}},
	}
	if diff := cmp.Diff(want, parsed(t), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestParseTableRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no table":       "# Nothing\n",
		"empty table":    "| package | may import | tests also | why |\n|---|---|---|---|\n",
		"missing column": "| package | may import | tests also | why |\n|---|---|---|---|\n| a | – | why |\n",
		"missing reason": "| package | may import | tests also | why |\n|---|---|---|---|\n| a | – | – | |\n",
	} {
		if table, err := ParseTable(text); err == nil {
			t.Errorf("%s: parsed as %v", name, table)
		}
	}
}

// sound is a project that document describes.
func sound() []Package {
	return []Package{
		{Path: "leaf"},
		{Path: "middle", Imports: []string{"leaf"}, TestImports: []string{"tool"}},
		{Path: "tool"},
		{Path: "top", Imports: []string{"leaf", "middle"}},
	}
}

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(p []Package) []Package
		want   string // part of the one sentence; empty when all is well
	}{
		{"sound", func(p []Package) []Package { return p }, ""},
		{"permission unused", func(p []Package) []Package { p[3].Imports = nil; return p }, ""},
		{"tests may what files may", func(p []Package) []Package { p[1].Imports, p[1].TestImports = nil, []string{"leaf"}; return p }, ""},
		{
			"new package", func(p []Package) []Package { return append(p, Package{Path: "new", Imports: []string{"leaf"}}) },
			"package new is missing in the table; it imports [leaf]",
		},
		{
			"package gone", func(p []Package) []Package { return p[:3] },
			"line 12 names top, and there is no such package: | top |",
		},
		{
			"import not listed", func(p []Package) []Package { p[0].Imports = []string{"middle"}; return p },
			"leaf imports middle, which line 9 does not allow: | `leaf`",
		},
		{
			"test import in a file", func(p []Package) []Package { p[1].Imports = []string{"tool"}; return p },
			"middle imports tool, which line 10 does not allow",
		},
		{
			"test import not listed", func(p []Package) []Package { p[2].TestImports = []string{"leaf"}; return p },
			"the tests of tool import leaf, which line 11 does not allow",
		},
	} {
		t.Run(tc.name, func(t *testing.T) { expectOne(t, Check(parsed(t), tc.change(sound())), tc.want) })
	}
}

func TestCheckDuplicateLine(t *testing.T) {
	table := parsed(t)
	expectOne(t, Check(append(table, table[0]), sound()), "leaf has a line already")
}

func TestLaws(t *testing.T) {
	pkg := func(path string, imports ...string) Package { return Package{Path: path, Imports: imports} }
	for _, tc := range []struct {
		name     string
		packages []Package
		want     string
	}{
		{"all may compare", []Package{pkg("models/all", "reactor", "prethread"), pkg("reactor", "models"), pkg("prethread", "models"), pkg("models"), pkg("cmd/c10kit", "models/all")}, ""},
		{"a model's own folders", []Package{pkg("reactor", "reactor/inner"), pkg("reactor/inner")}, ""},
		{"reports see results", []Package{pkg("reports", "results"), pkg("reports/html", "reports"), pkg("results")}, ""},
		{"leaf", []Package{pkg("models/buf", "internal/sys"), pkg("internal/sys")}, "models/buf is a leaf and imports [internal/sys]"},
		{"model to model", []Package{pkg("reactor", "prethread"), pkg("prethread")}, "reactor is a model and reaches the model [prethread]"},
		{"model to model through a third", []Package{pkg("reactor", "internal/x"), pkg("internal/x", "prethread"), pkg("prethread")}, "reactor is a model and reaches the model [prethread]"},
		{"peer to peer", []Package{pkg("peers/gnet", "peers/evio"), pkg("peers/evio")}, "peers/gnet is a model and reaches the model [peers/evio]"},
		{"peers share", []Package{pkg("peers/gnet", "peers"), pkg("peers")}, ""},
		{"load generator", []Package{pkg("loadgen", "iterative"), pkg("iterative")}, "loadgen knows no model and reaches [iterative]"},
		{"below models", []Package{pkg("models/conn", "iterative"), pkg("iterative")}, "models/conn knows no model"},
		{"reports", []Package{pkg("reports", "bench"), pkg("bench")}, "reports sees only results and reaches [bench]"},
		{"several models", []Package{pkg("internal/y", "iterative", "reactor"), pkg("iterative"), pkg("reactor")}, "internal/y reaches several models, [iterative reactor]"},
	} {
		t.Run(tc.name, func(t *testing.T) { expectOne(t, CheckLaws(tc.packages), tc.want) })
	}
}

// expectOne wants exactly one sentence, with part in it, or none when part is empty.
func expectOne(t *testing.T, got []string, part string) {
	t.Helper()
	switch {
	case part == "" && len(got) > 0:
		t.Errorf("expected no complaint, got %q", got)
	case part != "" && (len(got) != 1 || !strings.Contains(got[0], part)):
		t.Errorf("expected one complaint with %q, got %q", part, got)
	}
}

// Two architectures see different files of one package: their imports are joined, tests of both kinds count, and what
// does not belong to the project is left out.
func TestMerge(t *testing.T) {
	const amd64 = `{"ImportPath": "github.com/c10kit/c10kit/a", "Imports": ["fmt", "github.com/c10kit/c10kit/b"],
		"TestImports": ["testing", "github.com/c10kit/c10kit/b"], "XTestImports": ["github.com/c10kit/c10kit/a", "github.com/c10kit/c10kit/d"]}
		{"ImportPath": "github.com/c10kit/c10kit/b", "Imports": ["github.com/c10kit/c10kitten"]}`
	const arm64 = `{"ImportPath": "github.com/c10kit/c10kit/a", "Imports": ["github.com/c10kit/c10kit/c"]}`
	known := map[string]*Package{}
	for _, stream := range []string{amd64, arm64} {
		if err := merge(known, []byte(stream)); err != nil {
			t.Fatal(err)
		}
	}
	want := []Package{
		{Path: "a", Imports: []string{"b", "c"}, TestImports: []string{"d"}},
		{Path: "b"},
	}
	if diff := cmp.Diff(want, sorted(known), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	if err := merge(known, []byte(`{"ImportPath": 1}`)); err == nil {
		t.Error("nonsense was accepted")
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
)

func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// jsonKeys are the keys of t's JSON and of all that is in it.
func jsonKeys(t reflect.Type) (keys []string) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return jsonKeys(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
				keys = append(keys, name)
			}
			if f.IsExported() {
				keys = append(keys, jsonKeys(f.Type)...)
			}
		}
	}
	return keys
}

// Every key that --json prints is on the page, and every section has its own.
func TestJSONIsDocumented(t *testing.T) {
	text := page(t, "json.md")
	for _, tt := range []struct {
		section string
		of      reflect.Type
		least   int // keys, lest the walk finds nothing
	}{
		{"load", reflect.TypeFor[loadReport](), 40},
		{"compare, dashboard, replay", reflect.TypeFor[reports.Row](), 25},
		{"models, doctor, version", reflect.TypeFor[modelRow](), 10},
		{"models, doctor, version", reflect.TypeFor[finding](), 4},
		{"models, doctor, version", reflect.TypeFor[built](), 4},
	} {
		_, section, found := strings.Cut(text, "\n## "+tt.section+"\n")
		if !found {
			t.Fatalf("docs/json.md has no section %q", tt.section)
		}
		section, _, _ = strings.Cut(section, "\n## ")
		keys := jsonKeys(tt.of)
		if len(keys) < tt.least {
			t.Errorf("%v: only the keys %q", tt.of, keys)
		}
		for _, key := range keys {
			if !strings.Contains(section, "`"+key+"`") {
				t.Errorf("docs/json.md, section %q: no `%s` of %v", tt.section, key, tt.of)
			}
		}
	}
	var out bytes.Buffer
	var frame map[string]any
	if err := reports.JSON(&out, new(results.Stored)); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &frame); err != nil {
		t.Fatal(err)
	}
	for key := range frame {
		if !strings.Contains(text, "`"+key+"`") {
			t.Errorf("docs/json.md: no `%s`, around the rows", key)
		}
	}
}

// Every figure is explained, and the columns that show it are named: once in the text and
// once in the table of columns at least.
func TestFiguresAreDocumented(t *testing.T) {
	text := page(t, "methodology.md")
	explained, columns, found := strings.Cut(text, "\n## Columns\n")
	if !found {
		t.Fatal("docs/methodology.md has no section Columns")
	}
	columns, _, _ = strings.Cut(columns, "\n## ")
	check := func(name string) {
		t.Helper()
		for where, part := range map[string]string{"the text": explained, "the table of columns": columns} {
			if !strings.Contains(part, "`"+name+"`") {
				t.Errorf("docs/methodology.md: `%s` is not in %s", name, where)
			}
		}
	}
	for _, i := range results.Metrics() {
		check(string(i.Metric))
	}
	check(string(results.SwitchesPerSec))
	// What load counts beside them: its keys that are neither settings nor texts.
	settings := strings.Fields("url conns threads mode closer pipeline interrupted seconds requests connections status failures " +
		"total server notes missing phase class count example hint n pid name workers cpu values csw-perf per-worker")
	for _, key := range jsonKeys(reflect.TypeFor[loadReport]()) {
		if !slices.Contains(settings, key) && !strings.Contains(explained, "`"+key+"`") {
			t.Errorf("docs/methodology.md: `%s` of load is not explained", key)
		}
	}
}

// Every header that compare prints is in the table of columns.
func TestColumnsAreDocumented(t *testing.T) {
	_, columns, _ := strings.Cut(page(t, "methodology.md"), "\n## Columns\n")
	columns, _, _ = strings.Cut(columns, "\n## ")
	run, err := results.Open(recordedRun(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, width := range []int{80, 120, 200} {
		var out bytes.Buffer
		if err := reports.Text(&out, run, reports.Options{Width: width}); err != nil {
			t.Fatal(err)
		}
		seen := 0
		for line := range strings.Lines(out.String()) {
			words := strings.Fields(line)
			if len(words) < 5 || words[0] != "model" && words[0] != "counters" {
				continue
			}
			seen++
			for _, w := range words[1:] {
				if w != "verdict" && !strings.Contains(columns, "`"+w+"`") {
					t.Errorf("docs/methodology.md: the column %q, at width %d, is not in the table", w, width)
				}
			}
		}
		if seen == 0 {
			t.Errorf("no header found at width %d:\n%s", width, out.String())
		}
	}
}

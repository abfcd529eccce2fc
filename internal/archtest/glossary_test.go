package archtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGlossaryTerms: a word has one row, and a row has three cells, none of them empty. Words that mean the same share
// a row and are separated by commas there.
func TestGlossaryTerms(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "glossary.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]int) // by term, the line that has it
	for i, line := range strings.Split(string(page), "\n") {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| term |") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 3 {
			t.Errorf("line %d has %d cells, want term, meaning and source", i+1, len(cells))
			continue
		}
		for _, c := range cells {
			if strings.TrimSpace(c) == "" {
				t.Errorf("line %d has an empty cell: %s", i+1, line)
			}
		}
		for term := range strings.SplitSeq(cells[0], ",") {
			term = strings.ToLower(strings.TrimSpace(term))
			if before, twice := rows[term]; twice {
				t.Errorf("%q is in lines %d and %d: one word, one row", term, before, i+1)
			}
			rows[term] = i + 1
		}
	}
	if len(rows) < 60 {
		t.Errorf("only %d terms were found: is the page still a set of tables?", len(rows))
	}
}

package archtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Line is one line of the import table.
type Line struct {
	Number   int    // in the document, from 1
	Text     string // as it stands there
	Package  string
	May      []string // what its files may import
	TestsMay []string // what its tests may import besides
}

// ParseTable finds the import table in a Markdown document: the one whose header's first two cells are "package" and
// "may import". Its columns are package, may import, tests also, why; an en dash or nothing is an empty list, and
// back quotes are ignored.
func ParseTable(document string) ([]Line, error) {
	var table []Line
	inside := false
	for i, text := range strings.Split(document, "\n") {
		cells := split(text)
		switch {
		case len(cells) >= 2 && cells[0] == "package" && cells[1] == "may import":
			inside = true
		case len(cells) == 0:
			inside = false
		case inside && !ruler(cells):
			line, err := parseLine(i+1, text, cells)
			if err != nil {
				return nil, err
			}
			table = append(table, line)
		}
	}
	if len(table) == 0 {
		return nil, errors.New(`no import table: expected a Markdown table with the header "| package | may import | tests also | why |"`)
	}
	return table, nil
}

func parseLine(number int, text string, cells []string) (Line, error) {
	if len(cells) != 4 {
		return Line{}, fmt.Errorf("line %d has %d cells instead of 4 (package, may import, tests also, why): %s",
			number, len(cells), text)
	}
	if cells[0] == "" || cells[3] == "" {
		return Line{}, fmt.Errorf("line %d lacks its package or its reason: %s", number, text)
	}
	return Line{Number: number, Text: text, Package: cells[0], May: list(cells[1]), TestsMay: list(cells[2])}, nil
}

// split returns the trimmed cells of a table row, nil for any other line.
func split(text string) []string {
	text = strings.TrimSpace(text)
	if len(text) < 2 || text[0] != '|' || text[len(text)-1] != '|' {
		return nil
	}
	cells := strings.Split(text[1:len(text)-1], "|")
	for i, cell := range cells {
		cells[i] = strings.TrimSpace(strings.ReplaceAll(cell, "`", ""))
	}
	return cells
}

// ruler reports whether the row is the |---|---| under a header.
func ruler(cells []string) bool {
	return !slices.ContainsFunc(cells, func(cell string) bool { return strings.Trim(cell, "-: ") != "" })
}

func list(cell string) []string {
	return strings.FieldsFunc(strings.Trim(cell, "–- "), func(r rune) bool { return r == ',' || r == ' ' })
}

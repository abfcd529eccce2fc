package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/c10kit/c10kit/results"
)

// legend says how to read the columns; spread is the header of the quartiles.
func legend(rows []Row, spread string) string {
	fewest, most := rows[0].Rounds, rows[0].Rounds
	for _, r := range rows {
		fewest, most = min(fewest, r.Rounds), max(most, r.Rounds)
	}
	const columns = "cpu: user and system time a request. errors: requests that failed"
	if most < 2 {
		return "One round, no spread. ratio: req/s over the first row's. " + columns + "."
	}
	rounds := fmt.Sprint(most)
	if fewest < most {
		rounds = fmt.Sprintf("%d to %d", fewest, most)
	}
	quartiles := "[q1–q3]: its quartiles"
	if spread == "±" {
		quartiles = "±: half the distance between its quartiles"
	}
	return fmt.Sprintf("Medians of %s rounds. req/s %s. ratio: req/s over the first row's, ~ where their "+
		"quartiles overlap. p50, p99: medians of each round's own, no means. %s, in all rounds.",
		rounds, quartiles, columns)
}

// remarks are the lines under a table: for each row what its verdict rests on,
// its errors by class, its notes. Rows with the same remark share a line.
func remarks(g group) []string {
	var order []string
	who := make(map[string][]string)
	add := func(r Row, text string) {
		if who[text] == nil {
			order = append(order, text)
		}
		who[text] = append(who[text], g.name(r))
	}
	for _, r := range g.rows {
		for _, text := range rowRemarks(r) {
			add(r, text)
		}
	}
	lines := make([]string, len(order))
	for i, text := range order {
		lines[i] = strings.Join(who[text], ", ") + ": " + text
	}
	return lines
}

func rowRemarks(r Row) []string {
	var texts []string
	for _, v := range r.Verdicts {
		if v.Name == results.VerdictNone {
			continue // nothing was exhausted: its evidence would fill the page
		}
		text := v.Name
		if v.Rounds < r.Rounds {
			text += fmt.Sprintf(" in %d of %s", v.Rounds, plural(r.Rounds, "round"))
		}
		if v.Evidence != "" {
			text += ": " + v.Evidence
		}
		if text != "" {
			texts = append(texts, text)
		}
	}
	if r.NeverServed > 0 && r.Verdicts[0].Name != results.VerdictConcurrency {
		texts = append(texts, fmt.Sprintf("%d of %s never served", r.NeverServed, plural(r.Conns, "connection")))
	}
	var classes []string
	for _, class := range slices.Sorted(maps.Keys(r.Errors)) {
		if n := r.Errors[class]; n > 0 {
			classes = append(classes, fmt.Sprintf("%d %s", n, class))
		}
	}
	if len(classes) > 0 {
		texts = append(texts, "errors: "+strings.Join(classes, ", "))
	}
	return append(texts, r.Notes...)
}

// warnings are the manifest's, what Open found, and cells that were planned
// and are not there.
func warnings(s *results.Stored) []string {
	var absent []string
	measured := make(map[string]bool)
	for _, r := range s.Results {
		measured[r.ID] = true
	}
	for _, c := range s.Manifest.Cells {
		if !measured[c.ID] {
			absent = append(absent, c.ID)
		}
	}
	lines := slices.Clone(s.Manifest.Warnings)
	if s.Manifest.Interrupted {
		lines = append(lines, "the run was interrupted")
	}
	if n := len(absent); n > 0 {
		text := fmt.Sprintf("not measured, %d of %s: ", n, plural(len(s.Manifest.Cells), "planned cell"))
		const shown = 4
		text += strings.Join(absent[:min(n, shown)], ", ")
		if n > shown {
			text += fmt.Sprintf(" and %d more", n-shown)
		}
		lines = append(lines, text)
	}
	return append(lines, s.Warnings...)
}

package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/c10kit/c10kit/results"
)

// legend says how to read the columns of the main table; ranges is how its
// layout shows quartiles.
func legend(rows []Row, ranges bool) string {
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
	quartiles := "±: half the distance between its quartiles"
	if ranges {
		quartiles = "[q1–q3]: its quartiles"
	}
	return fmt.Sprintf("Medians of %s rounds. req/s %s. ratio: req/s over the first row's, ~ where their "+
		"quartiles overlap. p50, p99: medians of each round's own, no means. %s, in all rounds.",
		rounds, quartiles, columns)
}

// counterLegend says how to read the table of counters g, column by column and
// under the headers that they were given; nothing if there is no table.
func counterLegend(g grid, rows []Row) string {
	if len(g.cols) == 0 {
		return ""
	}
	title := make(map[string]string)
	for _, c := range g.cols {
		title[c.header] = c.title()
	}
	standing, perConn, also := "", "", ""
	if g.layout.extra {
		standing = "; standing: those there at its end, of either"
		perConn, also = ", pss/conn", ", also by connection"
	}
	return fmt.Sprintf("Counters, a request: %s, %s: context switches of workers, voluntary and involuntary%s; "+
		"%s: of the tree's other threads; %s: workers woken; %s: calls that found nothing. In the window: %s, %s: "+
		"TIME_WAITs made by server, client%s. pss%s, %s, %s: the tree's memory%s, threads, processes.",
		title["csw-vol"], title["csw-invol"], marksLegend(rows), title["csw-runtime"], title["wake-ups"],
		title["EAGAINs"], title["tw-server"], title["tw-client"], standing, perConn, title["threads"], title["procs"], also)
}

// marksLegend explains the marks that stand behind switches of rows.
func marksLegend(rows []Row) string {
	text := ""
	if slices.ContainsFunc(rows, func(r Row) bool { return strings.Contains(switchMarks(r), ErrorMark) }) {
		text = ", " + ErrorMark + " how far off both may be"
	}
	if slices.ContainsFunc(rows, func(r Row) bool { return strings.Contains(switchMarks(r)+involuntaryMark(r), TreeMark) }) {
		text += ", " + TreeMark + " of the whole tree"
	}
	return text
}

// remarks are the lines under the tables of a group: for each row what its
// verdict rests on, its errors by class, its notes, and then how each shared its
// connections out. Rows with the same remark share a line.
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
	for _, r := range g.rows {
		if text := sharesRemark(r); text != "" {
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
	if r.Requests == 0 {
		texts = append(texts, results.NoSuccess)
	}
	if text := verdictRemark(r); text != "" {
		texts = append(texts, text)
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
	if text := r.Losses(); text != "" {
		texts = append(texts, text)
	}
	return append(texts, r.Notes...)
}

// verdictRemark is the evidence of the most frequent verdict, and how often the
// others were given: theirs would be a line each on a machine that is shared. That of
// "none" says how far from their limits both sides were.
func verdictRemark(r Row) string {
	text, evidence := "", ""
	for _, v := range r.Verdicts {
		switch {
		case v.Name == "" || v.Name == results.VerdictNone && v.Evidence == "":
			continue
		case text == "":
			text, evidence = v.Name, v.Evidence
			if v.Rounds < r.Rounds {
				text += fmt.Sprintf(" in %d of %s", v.Rounds, plural(r.Rounds, "round"))
			}
		default:
			text += fmt.Sprintf(", %s in %d", v.Name, v.Rounds)
		}
	}
	if evidence != "" {
		text += ": " + evidence
	}
	return text
}

// Losses are what the accept queue dropped and TCP sent again in all rounds
// together, as text, where it is not 0: a median would hide a bad round, and a
// column of zeros takes the room of one that says something.
func (r Row) Losses() string {
	var parts []string
	if n := r.Stats[results.Overflows].Sum; n > 0 {
		parts = append(parts, results.Overflows.Format(n)+" dropped by a full accept queue")
	}
	if n := r.Stats[results.Retransmits].Sum; n > 0 {
		parts = append(parts, results.Retransmits.Format(n)+" TCP segments sent again in the network namespace")
	}
	return strings.Join(parts, ", ")
}

// warnings are the manifest's, what Open found, servers that ended before they were asked
// to, and cells that were planned and are not there, but for those left out on request.
func warnings(s *results.Stored) []string {
	var absent []string
	measured := make(map[string]bool)
	for _, r := range s.Results {
		measured[r.ID] = true
	}
	for _, id := range s.Manifest.Skipped {
		measured[id] = true // in the sense of: not expected any more
	}
	for _, c := range s.Manifest.Cells {
		if !measured[c.ID] {
			absent = append(absent, c.Name())
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

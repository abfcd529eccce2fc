package dashboard

import (
	"fmt"
	"io"
	"strings"

	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
)

// fastest writes, as hyperfine does at its end, which model of each group answered the most
// requests a second, and how many times as many as each of those that the rounds tell it from.
func fastest(out io.Writer, s *story, ascii bool) error {
	var text strings.Builder
	for _, g := range s.groups {
		first := g.fastest()
		if first == nil {
			continue
		}
		var all []string
		var alike, few []string // those that it is not told from, and those of too few rounds for it
		for _, r := range g.rows {
			x := columnOf(results.ReqPerSec).compare(first, r)
			switch {
			case r == first || r.sum.Requests == 0 || !x.known():
			case x.claimed():
				ratio, spread, _ := first.sum.Ratio(r.sum, results.ReqPerSec)
				all = append(all, fmt.Sprintf("%s ± %s times as many requests a second as %s",
					reports.FormatRatio(ratio), reports.FormatRatio(spread), r.spec))
			case min(x.n, x.nBase) < enough:
				few = append(few, r.spec)
			default:
				alike = append(alike, r.spec)
			}
		}
		if len(alike) > 0 {
			all = append(all, "as many as "+strings.Join(alike, ", ")+", as far as the rounds tell")
		}
		if len(few) > 0 {
			all = append(all, fmt.Sprintf("more than %s, not claimed: %d rounds of both are needed", strings.Join(few, ", "), enough))
		}
		if len(all) > 0 {
			fmt.Fprintf(&text, "\n%s: %s answered\n  %s\n", g.short(true), first.spec, strings.Join(all, "\n  "))
		}
	}
	page := text.String()
	if ascii {
		page = strings.ReplaceAll(page, "±", "+-")
	}
	_, err := io.WriteString(out, page)
	return err
}

// fastest is the row with the highest median of req/s over rounds that are done, nil if there
// is none.
func (g group) fastest() *row {
	var best *row
	for _, r := range g.rows {
		f := r.figure(results.ReqPerSec)
		if f.known && !f.live && r.sum.Requests > 0 && (best == nil || f.value > best.figure(results.ReqPerSec).value) {
			best = r
		}
	}
	return best
}

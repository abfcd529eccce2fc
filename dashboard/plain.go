package dashboard

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
)

// Plain shows a run where there is no terminal: one line on talk for each step that is
// done, and at the end on out the table, the same bytes as reports makes of the folder, and
// who was the fastest. It returns when events end, with the first error of a write to out;
// talk may fail, as a closed stderr does, without ending it.
func Plain(talk, out io.Writer, h Head, events iter.Seq[results.Event], opt reports.Options) error {
	stored := results.Stored{Dir: h.Dir, Manifest: h.Manifest, Predictions: h.Predictions, Warnings: h.Warnings}
	told := newStory(h)
	for e := range events {
		told.fold(e)
		switch {
		case e.Kind == results.EventResult && e.Result != nil:
			stored.Results = append(stored.Results, *e.Result)
			fmt.Fprintf(talk, "[%d/%d] %s\n", e.Done, e.Total, clean(resultText(*e.Result)))
		case e.Kind == results.EventNote:
			if !slices.Contains(h.Manifest.Warnings, e.Text) && !slices.Contains(stored.Manifest.Warnings, e.Text) {
				stored.Manifest.Warnings = append(slices.Clone(stored.Manifest.Warnings), e.Text)
			}
			fmt.Fprintf(talk, "note: %s\n", clean(e.Text))
		case e.Kind == results.EventEnd:
			stored.Manifest.Interrupted = stored.Manifest.Interrupted || e.Text != ""
			fmt.Fprintln(talk, clean(endText(e)))
		}
	}
	if err := reports.Text(out, &stored, opt); err != nil {
		return err
	}
	return fastest(out, told, opt.ASCII)
}

// Differences writes how the cells of a run differ from those of base, as the dashboard shows
// it: where both runs come from, what else they differ in, and a line for each cell that is
// in both.
func Differences(out io.Writer, run, base Recording, ascii bool) error {
	a, b := run.story(), base.story()
	var text strings.Builder
	fmt.Fprintf(&text, "run   %s\nbase  %s\n", a.origin(), b.origin())
	if warning := unlikeText(a.Manifest, b.Manifest); warning != "" {
		fmt.Fprintf(&text, "!     %s\n", warning)
	}
	fmt.Fprintf(&text, "\ndifferences to the base; ~: none is claimed (U-test, p >= %.2g)\n\n", alpha)
	reasons, err := differenceTable(&text, a, b)
	if err != nil {
		return err
	}
	if len(reasons) > 0 {
		fmt.Fprintf(&text, "\n%s: there is no difference\n", noValue)
	}
	for _, reason := range reasons {
		fmt.Fprintf(&text, "  %s\n", clean(reason))
	}
	page := text.String()
	if ascii {
		page = strings.ReplaceAll(page, noValue, "-")
	}
	_, err = io.WriteString(out, page)
	return err
}

// differenceTable writes a line for each cell of a, and returns why it has no differences
// where it has none, each reason once.
func differenceTable(out io.Writer, a, b *story) (reasons []string, err error) {
	metrics := []results.Metric{results.ReqPerSec, results.P50, results.P99, results.CPUPerReq}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "cells\tmodel")
	for _, m := range metrics {
		fmt.Fprintf(w, "\t%s", m)
	}
	fmt.Fprintln(w)
	for _, g := range a.groups {
		for _, r := range g.rows {
			fmt.Fprintf(w, "%s\t%s", g.short(true), r.spec)
			base := b.find(r.cell)
			for _, m := range metrics {
				x, reason := columnOf(m).compare(r, base), ""
				switch {
				case base == nil:
					reason = r.spec + " " + g.short(true) + ": " + b.lacks(r.cell)
				case !x.known():
					reason = fmt.Sprintf("%s of %s %s: %s", m, r.spec, g.short(true), x.reason)
				}
				if reason != "" && !slices.Contains(reasons, reason) {
					reasons = append(reasons, reason)
				}
				fmt.Fprintf(w, "\t%s", x.long())
			}
			fmt.Fprintln(w)
		}
	}
	return reasons, w.Flush()
}

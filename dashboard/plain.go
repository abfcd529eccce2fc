package dashboard

import (
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
)

// Plain shows a run where there is no terminal: one line on talk for each step that is
// done, and at the end the table on out, the same bytes as reports makes of the folder, of
// which warnings say what is damaged. It returns when events end, with the first error of a
// write to out; talk may fail, as a closed stderr does, without ending it.
func Plain(
	talk, out io.Writer, m results.Manifest, warnings []string, events iter.Seq[results.Event], opt reports.Options,
) error {
	stored := results.Stored{Manifest: m, Warnings: warnings}
	for e := range events {
		switch {
		case e.Kind == results.EventResult && e.Result != nil:
			stored.Results = append(stored.Results, *e.Result)
			fmt.Fprintf(talk, "[%d/%d] %s\n", e.Done, e.Total, clean(resultText(*e.Result)))
		case e.Kind == results.EventNote:
			if !slices.Contains(m.Warnings, e.Text) && !slices.Contains(stored.Manifest.Warnings, e.Text) {
				stored.Manifest.Warnings = append(slices.Clone(stored.Manifest.Warnings), e.Text)
			}
			fmt.Fprintf(talk, "note: %s\n", clean(e.Text))
		case e.Kind == results.EventEnd:
			stored.Manifest.Interrupted = stored.Manifest.Interrupted || e.Text != ""
			fmt.Fprintln(talk, clean(endText(e)))
		}
	}
	return reports.Text(out, &stored, opt)
}

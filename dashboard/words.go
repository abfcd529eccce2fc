package dashboard

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/c10kit/c10kit/dashboard/screen"
	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
)

// details are what the figures of the selected row rest on: verdicts with evidence, what
// is missing and why, errors by class, notes; between them the warnings of the run. That
// two runs cannot be compared comes before all.
func (d *dash) details() []screen.Span {
	lines := d.unlikeRuns()
	if r := d.row(); r != nil {
		lines = append(lines, r.verdicts()...)
		lines = append(lines, d.differenceLine(r)...)
	}
	lines = append(lines, d.story.predictions()...)
	for _, w := range d.story.warnings() {
		lines = append(lines, screen.Span{Text: "! " + w, Style: screen.Warn})
	}
	lines = append(lines, d.origins()...)
	if r := d.row(); r != nil {
		lines = append(lines, r.missing()...)
		lines = append(lines, r.remarks()...)
	}
	return lines
}

var verdictStyles = map[string]screen.Style{
	results.VerdictServerCPU: screen.Good, // what a comparison of servers wants to see
	results.VerdictClient:    screen.Bad,  // the figures are the generator's
	results.VerdictNone:      screen.Normal,
}

func (r *row) verdicts() []screen.Span {
	var lines []screen.Span
	for _, v := range r.sum.Verdicts {
		if v.Name == "" {
			continue // of a cell that ended before it was judged
		}
		text := "verdict " + v.Name
		if v.Rounds < r.sum.Rounds {
			text += fmt.Sprintf(" in %d of %d rounds", v.Rounds, r.sum.Rounds)
		}
		if v.Evidence != "" {
			text += ": " + v.Evidence
		}
		style, ok := verdictStyles[v.Name]
		if !ok {
			style = screen.Warn
		}
		lines = append(lines, screen.Span{Text: clean(text), Style: style})
	}
	if len(lines) == 0 {
		lines = append(lines, screen.Span{Text: r.spec + ": " + r.state(), Style: screen.Dim})
	}
	return lines
}

// state is where a row is that has no verdict.
func (r *row) state() string {
	if len(r.results) > 0 {
		return "no verdict"
	}
	if r.running {
		return fmt.Sprintf("being measured, round %d", r.rounds[len(r.rounds)-1].number)
	}
	return "not measured yet"
}

// missing says what could not be counted and why, each reason once.
func (r *row) missing() []screen.Span {
	metrics := map[string][]string{}
	var order []string
	for _, i := range results.Metrics() {
		reason, ok := r.sum.Missing[i.Metric]
		if !ok {
			continue
		}
		if metrics[reason] == nil {
			order = append(order, reason)
		}
		metrics[reason] = append(metrics[reason], string(i.Metric))
	}
	for _, c := range columns {
		f := r.figure(c.metric)
		if _, told := r.sum.Missing[c.metric]; told || f.known || c.value == nil || len(r.results) == 0 {
			continue
		}
		if metrics[f.reason] == nil {
			order = append(order, f.reason)
		}
		metrics[f.reason] = append(metrics[f.reason], string(c.metric))
	}
	lines := make([]screen.Span, len(order))
	for i, reason := range order {
		lines[i] = screen.Span{Text: strings.Join(metrics[reason], ", ") + ": " + clean(reason), Style: screen.Dim}
	}
	return lines
}

func (r *row) remarks() []screen.Span {
	var lines []screen.Span
	if n := r.sum.NeverServed; n > 0 {
		lines = append(lines, screen.Span{Text: fmt.Sprintf("%d of %d connections never served", n, r.cell.Conns), Style: screen.Warn})
	}
	for _, class := range slices.Sorted(maps.Keys(r.sum.Errors)) {
		if n := r.sum.Errors[class]; n > 0 {
			lines = append(lines, screen.Span{Text: fmt.Sprintf("%d errors %s", n, clean(class)), Style: screen.Bad})
		}
	}
	if text := r.sum.Losses(); text != "" {
		lines = append(lines, screen.Span{Text: text, Style: screen.Warn})
	}
	lines = append(lines, r.switchRemarks()...)
	for _, note := range r.sum.Notes {
		lines = append(lines, screen.Span{Text: clean(note), Style: screen.Normal})
	}
	return lines
}

// switchRemarks say whose the switches are where they are not those of workers, and how far
// off they may be where that matters.
func (r *row) switchRemarks() []screen.Span {
	var lines []screen.Span
	if r.ofTree(results.CswVoluntary) {
		text := reports.TreeMark + " switches of the whole process tree, as no worker can be named: not to be held against those of workers"
		lines = append(lines, screen.Span{Text: text, Style: screen.Normal})
	}
	if off, matters := r.sum.SwitchError(); matters {
		text := fmt.Sprintf("voluntary and involuntary switches together: %s%s a request", reports.ErrorMark, compact(results.CswError, off))
		lines = append(lines, screen.Span{Text: text, Style: screen.Normal})
	}
	return lines
}

// logLines are the events, the newest last, in UTC as the names of run folders are.
func (d *dash) logLines() []screen.Span {
	lines := make([]screen.Span, len(d.story.log))
	for i, l := range d.story.log {
		style := screen.Normal
		if l.warn {
			style = screen.Warn
		}
		lines[i] = screen.Span{Text: l.at.UTC().Format("15:04:05") + " " + l.text, Style: style}
	}
	return lines
}

// drawText draws lines, wrapped: the first ones, or the last ones of the log, and others
// when the user scrolled a zoomed pane.
func (d *dash) drawText(a screen.Area, lines []screen.Span, p pane) {
	if a.Empty() {
		return
	}
	if p == paneLog && !d.zoom {
		lines = lines[max(len(lines)-a.Height(), 0):] // each takes a line at least
	}
	var all []screen.Span
	for _, l := range lines {
		for i, text := range a.Wrap(l.Text, a.Width()-1, 2) {
			all = append(all, screen.Span{Text: strings.Repeat("  ", min(i, 1)) + text, Style: l.Style})
		}
	}
	hidden := max(len(all)-a.Height(), 0)
	top := 0
	if d.zoom && d.focus == p {
		d.scroll = min(d.scroll, hidden)
		top, d.seen = d.scroll, a.Height()
	}
	if p == paneLog {
		top = hidden - top
	}
	for y, l := range all[top:min(top+a.Height(), len(all))] {
		a.Text(0, y, l.Text, l.Style)
	}
	if top+a.Height() < len(all) {
		a.Field(a.Width()-1, a.Height()-1, 1, screen.Right, "…", screen.Dim)
	}
}

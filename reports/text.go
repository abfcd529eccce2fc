package reports

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/c10kit/c10kit/results"
)

// Options of Text. The zero value is 80 columns of UTF-8 without colours.
type Options struct {
	Colour bool // ANSI sequences: only for a terminal, never with NO_COLOR
	Width  int  // columns; 0 is 80
	ASCII  bool // no character outside ASCII: u for µ, x for ×, - for –
}

// Text writes the run as tables for people: the machine, two tables for each
// set of rows that may be compared, of what a user sees and of the counters that
// explain it, what the verdicts rest on, how connections were shared out, what
// became of predictions, what is missing and why, and warnings. Rows stand in the order of the manifest's cells, the
// first of a table being the base of its ratios. The bytes depend on the
// manifest, results and warnings of s and on opt, nothing else: printing a run
// and printing it again from its folder are the same.
func Text(w io.Writer, s *results.Stored, opt Options) error {
	if opt.Width <= 0 {
		opt.Width = 80
	}
	p := printer{opt: opt}
	groups := groupRows(planned(Summarise(s.Results), s.Manifest.Cells))
	p.head(s.Manifest)
	p.tables(groups)
	p.predictions(s)
	p.missing(groups)
	p.section("warnings", yellow, warnings(s))
	_, err := io.WriteString(w, p.out.String())
	return err
}

// printer collects lines in memory, so that writing has one error.
type printer struct {
	out strings.Builder
	opt Options
}

func (p *printer) prepare(s string) string { return clean(s, p.opt.ASCII) }

// paint writes text that is already clean.
func (p *printer) paint(c cell) {
	if !p.opt.Colour || c.style == plain || c.text == "" {
		p.out.WriteString(c.text)
		return
	}
	fmt.Fprintf(&p.out, "\x1b[%sm%s\x1b[0m", c.style, c.text)
}

// line writes text, wrapped, with indent blanks before the first line and two
// more before the others; nothing for no text.
func (p *printer) line(text string, s style, indent int) {
	hang := indent
	for _, l := range wrap(p.prepare(text), p.opt.Width-indent, 2) {
		p.out.WriteString(strings.Repeat(" ", hang))
		p.paint(cell{l, s})
		p.out.WriteByte('\n')
		hang = indent + 2
	}
}

func (p *printer) section(title string, s style, lines []string) {
	if len(lines) == 0 {
		return
	}
	p.out.WriteByte('\n')
	p.line(title, s, 0)
	for _, l := range lines {
		p.line(l, plain, 2)
	}
}

func (p *printer) head(m results.Manifest) {
	for i, parts := range [][]string{
		{m.Name, startText(m)},
		{cpuText(m.CPU), m.Kernel},
		{roundsText(m), placementText(m)},
	} {
		s := plain
		if i == 0 {
			s = bold
		}
		parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
		p.line(strings.Join(parts, " · "), s, 0)
	}
}

func startText(m results.Manifest) string {
	if m.Start.IsZero() {
		return ""
	}
	return m.Start.UTC().Format("2006-01-02 15:04:05 UTC")
}

func cpuText(c results.CPU) string {
	switch {
	case c.Count == 0:
		return c.Model
	case c.Model == "":
		return plural(c.Count, "CPU")
	}
	return fmt.Sprintf("%d × %s", c.Count, c.Model)
}

func roundsText(m results.Manifest) string {
	if m.Rounds == 0 {
		return ""
	}
	return fmt.Sprintf("%s of %v, seed %d", plural(m.Rounds, "round"), m.Window, m.Seed)
}

func placementText(m results.Manifest) string {
	if m.Placement == "" || len(m.Pinning.Server) == 0 || len(m.Pinning.Load) == 0 {
		return m.Placement
	}
	return fmt.Sprintf("%s: server on CPU %s, load on CPU %s",
		m.Placement, cpuList(m.Pinning.Server), cpuList(m.Pinning.Load))
}

func cpuList(cpus []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(cpus), " ", ","), "[]")
}

func (p *printer) tables(groups []group) {
	if len(groups) == 0 {
		p.line("no cell was measured", plain, 0)
		return
	}
	var rows, base []Row
	for _, g := range groups {
		for _, r := range g.rows {
			rows, base = append(rows, r), append(base, g.rows[0])
		}
	}
	main := fit(func(l layout) []column { return columns(rows, base, l) }, mainLayouts, p.opt.Width, minModel, p.prepare)
	var counters grid // without columns if nothing was counted
	if hasCounters(rows) {
		many := slices.ContainsFunc(groups, group.manyWorkers)
		counters = fit(func(l layout) []column {
			l.compact = l.compact || main.layout.compact // units in one spelling
			return counterColumns(rows, main.cols[0], many, l)
		}, counterLayouts, p.opt.Width, minCounterModel, p.prepare)
	}
	first := 0
	for _, g := range groups {
		p.out.WriteByte('\n')
		p.line(g.keys.Title(), bold, 0)
		p.table(main, first, len(g.rows))
		p.table(counters, first, len(g.rows))
		for _, l := range remarks(g) {
			p.line(l, dim, 2)
		}
		first += len(g.rows)
	}
	p.out.WriteByte('\n')
	p.line(legend(rows, main.layout.ranges), dim, 0)
	p.line(counterLegend(counters, rows), dim, 0)
}

// table writes the header and n rows of the grid, if it has columns.
func (p *printer) table(g grid, first, n int) {
	if len(g.cols) == 0 {
		return
	}
	header := make([]cell, len(g.cols))
	for i, c := range g.cols {
		header[i] = cell{c.title(), dim}
	}
	p.row(g, header)
	for r := first; r < first+n; r++ {
		cells := make([]cell, len(g.cols))
		for i, c := range g.cols {
			cells[i] = c.cells[r]
		}
		p.row(g, cells)
	}
}

func (p *printer) row(g grid, cells []cell) {
	owed := 0 // blanks, written only before text: no line ends in one
	for i, c := range cells {
		pad := g.widths[i] - c.width()
		owed += g.gaps[i]
		if !g.cols[i].left {
			owed += pad
		}
		if c.text != "" {
			p.out.WriteString(strings.Repeat(" ", owed))
			p.paint(c)
			owed = 0
		}
		if g.cols[i].left {
			owed += pad
		}
	}
	p.out.WriteByte('\n')
}

// missing lists what could not be counted, each reason once.
func (p *printer) missing(groups []group) {
	p.section("missing", bold, missingLines(groups))
}

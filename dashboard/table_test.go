package dashboard

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchmath"

	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
)

// The table of a screen, read back from its text, and what it must say by the results.

// shown are the columns that hold a metric, by their header.
var shown = map[string]results.Metric{
	"req/s": results.ReqPerSec, "conn/s": results.ConnPerSec, "p50": results.P50, "p99": results.P99, "p99.9": results.P999,
	"vol/r": results.CswVoluntary, "inv/r": results.CswInvoluntary, "tw-srv": results.TimeWaitServer,
	"tw-cli": results.TimeWaitClient, "thr": results.Threads, "proc": results.Procs, "cpu/r": results.CPUPerReq,
	"mem/c": results.PSS, "err": results.Errors,
}

// known is what events say of the cells of a run.
type known struct {
	sums   map[string]reports.Row
	rounds map[string][]results.Result
	live   map[string]map[results.Metric]float64 // of cells that were begun, the latest of each metric
}

func knownOf(events []results.Event) known {
	k := known{map[string]reports.Row{}, map[string][]results.Result{}, map[string]map[results.Metric]float64{}}
	var all []results.Result
	for _, e := range events {
		id := e.Cell.AllRounds().ID
		switch e.Kind {
		case results.EventBegin:
			k.live[id] = map[results.Metric]float64{}
		case results.EventResult:
			all = append(all, *e.Result)
			k.rounds[id] = append(k.rounds[id], *e.Result)
		case results.EventSample:
			of := k.live[id]
			errors := of[results.Errors]
			maps.Copy(of, e.Sample.Values)
			if n, ok := e.Sample.Values[results.Errors]; ok {
				of[results.Errors] = errors + n // since the sample before
			}
		}
	}
	for _, r := range reports.Summarise(all) {
		k.sums[r.ID] = r
	}
	return k
}

// figure is what a column must show of a cell.
func (k known) figure(name string, cell results.Cell) (v float64, ok, live bool) {
	m, sum := shown[name], k.sums[cell.ID]
	switch {
	case sum.Rounds == 0:
		v, ok = k.live[cell.ID][m]
		live = ok
	case m == results.Errors:
		v, ok = sum.FailedRequests()
	case sum.Requests == 0 && slices.Contains([]string{"p50", "p99", "p99.9"}, name):
	default:
		v, ok = sum.Stats[m].Median, sum.Stats[m].N > 0
	}
	if m == results.PSS {
		v /= float64(cell.Conns)
	}
	return v, ok, live
}

// samples are a column's figures round by round.
func (k known) samples(name string, cell results.Cell) []float64 {
	var all []float64
	for _, x := range k.rounds[cell.ID] {
		if v, ok := x.Values[shown[name]]; ok {
			all = append(all, v)
		}
	}
	return all
}

// tableOf is the table of a screen: its columns and the fields of the rows that are seen.
func tableOf(d *dash) (header []string, rows [][]string, err error) {
	lines := strings.Split(d.grid.Plain(), "\n")
	at := slices.IndexFunc(lines, func(l string) bool {
		return strings.Contains(l, "req/s") && (strings.Contains(l, " model ") || strings.Contains(l, " of "))
	})
	if at < 0 {
		return nil, nil, errors.New("no table")
	}
	header = strings.Fields(strings.Trim(lines[at], "│|┃ "))
	from := slices.IndexFunc(header, func(s string) bool { return strings.HasPrefix(s, "req/s") })
	seen := len(d.rows())
	if header[0] != "model" {
		first, last, ok := strings.Cut(strings.NewReplacer("–", "-").Replace(header[0]), "-")
		a, err1 := strconv.Atoi(first)
		b, err2 := strconv.Atoi(last)
		if !ok || err1 != nil || err2 != nil || header[2] != strconv.Itoa(seen) {
			return nil, nil, fmt.Errorf("%q says which of %d rows are seen", header[:from], seen)
		}
		seen = b - a + 1
	}
	for _, line := range lines[at+1 : at+1+seen] {
		cells := []rune(line)
		rows = append(rows, strings.Fields(string(cells[6:])))
	}
	return header[from:], rows, nil
}

// checkTable reads the table from the screen's text and compares each figure with what
// reports makes of the results that were told.
func (w *world) checkTable() error {
	d := w.d
	if d.form != nil || d.help || d.zoom || len(d.rows()) == 0 || d.grid.Width() < minWidth || d.grid.Height() < minHeight {
		return nil
	}
	header, rows, err := tableOf(d)
	if err != nil {
		return err
	}
	own, base := knownOf(w.known()), known{}
	if w.base != nil {
		base = knownOf(w.base.Events)
	}
	sorted, compared := "", "req/s"
	if d.sort >= 0 {
		sorted, compared = columns[d.sort].name, columns[d.sort].name
	}
	for i := range header {
		name := strings.TrimRight(header[i], "▲▼^")
		if _, ok := shown[name]; !ok {
			name = strings.TrimSuffix(name, "v") // ▼ in ASCII
		}
		if (name != header[i]) != (name == sorted) {
			return fmt.Errorf("sorted by %q, the header of %s is %q", sorted, name, header[i])
		}
		header[i] = name
	}
	if sorted != "" && !slices.Contains(header, sorted) {
		return fmt.Errorf("sorted by %s, which is not among %q", sorted, header)
	}
	all := d.rows()
	for i, fields := range rows {
		r := all[d.cursor+i]
		if len(fields) < len(header) || !strings.HasPrefix(d.name(r), strings.TrimRight(fields[0], "…~")) {
			return fmt.Errorf("the row of %s, by %q, is %q", r.spec, header, fields)
		}
		for c, name := range header[:len(header)-1] { // the last is the trend
			if err := w.compare(name, compared, fields[c+1], r, own, base); err != nil {
				return fmt.Errorf("%s of %s: %w", name, r.spec, err)
			}
		}
	}
	return nil
}

func isDash(text string) bool { return text == "–" || text == "-" }

// compare compares what a column shows of a row with the results.
func (w *world) compare(name, compared, text string, r *row, own, base known) error {
	switch name {
	case "±", "+-":
		return w.compareSpread(text, own.sums[r.cell.ID])
	case "other":
		return w.compareFigure("other", compared, text, r.cell, base)
	case "diff", "p":
		of, cell := own, r.cell
		if b := w.d.baseOf(r); w.d.toOther() {
			of = base
		} else {
			cell = b.cell
		}
		return w.compareDifference(name, compared, text, r.cell, cell, own, of)
	}
	return w.compareFigure("figure", name, text, r.cell, own)
}

func (w *world) compareFigure(kind, name, text string, cell results.Cell, k known) error {
	want, ok, live := k.figure(name, cell)
	if kind == "figure" && strings.HasSuffix(name, "/r") && name != "cpu/r" {
		tree := strings.HasSuffix(text, "*")
		if tree != (cell.Workers == results.WorkersTree && !isDash(text)) {
			return fmt.Errorf("%q, of %d workers", text, cell.Workers)
		}
		if tree {
			w.checked["tree"]++
		}
		text = strings.TrimSuffix(text, "*")
	}
	switch {
	case isDash(text) && ok && !live: // a sample of a round that was cut off is not shown any more
		return fmt.Errorf("a dash for %v", want)
	case isDash(text):
		w.checked["dash"]++
		return nil
	case !ok:
		return fmt.Errorf("%q for what is not known", text)
	}
	got, err := parseFigure(text)
	if err != nil {
		return err
	}
	if math.Abs(got-want) > 0.0051*math.Abs(want) {
		return fmt.Errorf("%q is %v, the results say %v", text, got, want)
	}
	if live {
		kind = "live " + kind
	}
	w.checked[kind]++
	return nil
}

func (w *world) compareSpread(text string, sum reports.Row) error {
	s := sum.Stats[results.ReqPerSec]
	if isDash(text) != (s.N < 2 || s.Median == 0) {
		return fmt.Errorf("%q of %d rounds of %v", text, s.N, s.Median)
	}
	if isDash(text) {
		return nil
	}
	w.checked["±"]++
	plain := strings.NewReplacer("±", "", "+-", "", "%", "", "[", "", "]", "", "–", " ").Replace(text)
	if strings.HasPrefix(text, "[") {
		low, high, _ := strings.Cut(strings.Replace(plain, "-", " ", 1), " ")
		q1, err1 := parseFigure(low)
		q3, err3 := parseFigure(high)
		if err := errors.Join(err1, err3); err != nil {
			return err
		}
		if math.Abs(q1-s.Q1) > 0.0051*s.Q1 || math.Abs(q3-s.Q3) > 0.0051*s.Q3 {
			return fmt.Errorf("%q, the quartiles are %v and %v", text, s.Q1, s.Q3)
		}
		return nil
	}
	got, err := strconv.ParseFloat(plain, 64)
	if want := 100 * (s.Q3 - s.Q1) / 2 / s.Median; err != nil || math.Abs(got-want) > 0.51 {
		return fmt.Errorf("%q (%v), half of the quartiles is %v%%", text, err, want)
	}
	return nil
}

// compareDifference checks the columns diff and p, of the figures of the column compared.
func (w *world) compareDifference(name, compared, text string, cell, baseCell results.Cell, own, of known) error {
	a, okA, liveA := own.figure(compared, cell)
	b, okB, liveB := of.figure(compared, baseCell)
	x, y := own.samples(compared, cell), of.samples(compared, baseCell)
	same := cell == baseCell && !w.d.toOther()
	unlike := strings.HasPrefix(string(shown[compared]), "csw-") &&
		(cell.Workers == results.WorkersTree) != (baseCell.Workers == results.WorkersTree)
	possible := okA && okB && !liveA && !liveB && b != 0 && !unlike && (compared != "err" || len(x) == len(y))
	switch {
	case same && name == "diff":
		if text != "base" {
			return fmt.Errorf("%q of the base itself", text)
		}
		return nil
	case same || !possible:
		if !isDash(text) {
			return fmt.Errorf("%q, where %v (%v) is held against %v (%v)", text, a, okA, b, okB)
		}
		w.checked["no diff"]++
		return nil
	}
	sample := func(v []float64) *benchmath.Sample { return benchmath.NewSample(v, &benchmath.DefaultThresholds) }
	p := benchmath.AssumeNothing.Compare(sample(x), sample(y)).P
	if name == "p" {
		w.checked["p"]++
		if want := strconv.FormatFloat(p, 'f', 3, 64); text != want {
			return fmt.Errorf("%q, want %s", text, want)
		}
		return nil
	}
	number, doubted := strings.CutPrefix(text, "~")
	percent, err := strconv.ParseFloat(strings.TrimSuffix(number, "%"), 64)
	if want := 100 * (a - b) / b; err != nil || math.Abs(percent-want) > 0.51 {
		return fmt.Errorf("%q (%v), %v to %v is %v%%", text, err, a, b, want)
	}
	if doubted != (p >= 0.05) {
		return fmt.Errorf("%q with p = %v", text, p)
	}
	w.checked["diff"]++
	if !doubted {
		w.checked["claimed"]++
	}
	return nil
}

var units = []struct {
	suffix string
	factor float64
}{
	{"KiB", 1 << 10},
	{"MiB", 1 << 20},
	{"GiB", 1 << 30},
	{"TiB", 1 << 40},
	{"B", 1},
	{"ns", 1},
	{"µs", 1e3},
	{"us", 1e3},
	{"ms", 1e6},
	{"s", 1e9},
	{"k", 1e3},
	{"M", 1e6},
	{"G", 1e9},
	{"T", 1e12},
	{"", 1},
}

// parseFigure is the inverse of Metric.Format.
func parseFigure(text string) (float64, error) {
	for _, u := range units {
		if number, ok := strings.CutSuffix(text, u.suffix); ok {
			v, err := strconv.ParseFloat(number, 64)
			return v * u.factor, err
		}
	}
	return 0, fmt.Errorf("no figure: %q", text)
}

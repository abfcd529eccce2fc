package results

import (
	"bytes"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// maxLine is the longest line written: benchfmt and so benchstat read with a
// bufio.Scanner, which gives up at 64 KiB.
const maxLine = 60 << 10

// nsPerOp is derived from req/s on writing and ignored on reading.
const nsPerOp = "ns/op"

// resultsHeader has what go test prints, and no more: benchstat splits tables
// on any other configuration that differs between two files.
func resultsHeader(cpu string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "goos: %s\ngoarch: %s\npkg: github.com/c10kit/c10kit/bench\n", runtime.GOOS, runtime.GOARCH)
	if cpu = strings.Join(strings.Fields(cpu), " "); cpu != "" {
		fmt.Fprintf(&b, "cpu: %s\n", cpu)
	}
	fmt.Fprintf(&b, "Unit %s better=%s\n", nsPerOp, Lower)
	for _, i := range infos {
		fmt.Fprintf(&b, "Unit %s better=%s\n", i.Metric, i.Better)
	}
	return b.Bytes()
}

// encodeResult writes the block of one result, the line that commits it last.
func encodeResult(r Result) ([]byte, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# cell %s\n# round %d\n", r.ID, r.Round)
	fmt.Fprintf(&b, "# verdict %s: %s\n", r.Verdict.Name, escapeText(r.Verdict.Evidence))
	if r.NeverServed != 0 {
		fmt.Fprintf(&b, "# never-served %d\n", r.NeverServed)
	}
	if r.PerWorker != nil {
		fmt.Fprintf(&b, "# per-worker %s\n", formatCounts(r.PerWorker))
	}
	for _, class := range slices.Sorted(maps.Keys(r.Errors)) {
		fmt.Fprintf(&b, "# error %d %s\n", r.Errors[class], escapeText(class))
	}
	writeMissing(&b, r.Missing)
	if r.Ended != "" {
		fmt.Fprintf(&b, "# ended %s\n", escapeText(r.Ended))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "# note %s\n", escapeText(note))
	}
	b.WriteString(benchmarkLine(r))
	for line := range bytes.SplitSeq(b.Bytes(), []byte("\n")) {
		if len(line) > maxLine {
			return nil, fmt.Errorf("cell %.200s: a line of %d bytes, benchstat reads %d: %.60q…",
				r.ID, len(line), maxLine, line)
		}
	}
	return b.Bytes(), nil
}

// writeMissing writes a line a reason, with all metrics that are missing for it.
func writeMissing(b *bytes.Buffer, missing map[Metric]string) {
	var reasons []string
	metrics := make(map[string][]string)
	for _, i := range infos {
		reason, ok := missing[i.Metric]
		if !ok {
			continue
		}
		if metrics[reason] == nil {
			reasons = append(reasons, reason)
		}
		metrics[reason] = append(metrics[reason], string(i.Metric))
	}
	for _, reason := range reasons {
		fmt.Fprintf(b, "# missing %s: %s\n", strings.Join(metrics[reason], " "), escapeText(reason))
	}
}

func benchmarkLine(r Result) string {
	if len(r.Values) == 0 {
		return fmt.Sprintf("# no-values %s %d\n", r.BenchmarkName(), r.Requests)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d", r.BenchmarkName(), r.Requests)
	if rate := r.Values[ReqPerSec]; rate > 0 {
		fmt.Fprintf(&b, " %s %s", formatFloat(1e9/rate), nsPerOp)
	}
	for _, i := range infos {
		if v, ok := r.Values[i.Metric]; ok {
			fmt.Fprintf(&b, " %s %s", formatFloat(v), i.Metric)
		}
	}
	b.WriteByte('\n')
	return b.String()
}

// resultsParser holds the block that is being read.
type resultsParser struct {
	bench   *benchfmt.Reader
	block   Result
	open    bool // a "# cell" line was seen and not yet committed
	results []Result
	warn    warner
}

func parseResults(data []byte, warn warner) []Result {
	p := resultsParser{bench: new(benchfmt.Reader), warn: warn}
	last := 0
	for n, line := range lines(data, warn) {
		p.line(n, line)
		last = n
	}
	if p.open {
		warn(last, "cell %s was begun and not finished", p.block.ID)
	}
	return p.results
}

// line reads one line. benchfmt gets them one at a time, so that a damaged one
// costs itself only.
func (p *resultsParser) line(n int, line []byte) {
	if comment, ok := bytes.CutPrefix(line, []byte("# ")); ok {
		word, rest, _ := strings.Cut(string(comment), " ")
		if err := p.comment(n, word, rest); err != nil {
			p.warn(n, "%s: %v", word, err)
		}
		return
	}
	p.bench.Reset(bytes.NewReader(line), resultsFile)
	for p.bench.Scan() {
		switch rec := p.bench.Result().(type) {
		case *benchfmt.Result:
			p.benchmark(n, rec)
		case *benchfmt.SyntaxError:
			p.warn(n, "%s", rec.Msg)
		}
	}
	if err := p.bench.Err(); err != nil {
		p.warn(n, "%v", err)
	}
}

// comment reads a comment of ours; others, and all outside a block, are free
// for people.
func (p *resultsParser) comment(n int, word, rest string) (err error) {
	if !p.open && word != "cell" {
		return nil
	}
	r := &p.block
	switch word {
	case "cell":
		if p.open {
			p.warn(n, "cell %s was begun and not finished", r.ID)
		}
		p.open, *r = true, Result{Cell: Cell{ID: rest}}
	case "round":
		r.Round, err = strconv.Atoi(rest)
	case "verdict":
		name, evidence, _ := strings.Cut(rest, ": ")
		r.Verdict = Verdict{name, unescapeText(evidence)}
	case "never-served":
		r.NeverServed, err = strconv.Atoi(rest)
	case "per-worker":
		r.PerWorker, err = parseCounts(rest)
	case "error":
		err = p.errorLine(rest)
	case "missing":
		metrics, reason, _ := strings.Cut(rest, ": ")
		for metric := range strings.FieldsSeq(metrics) {
			r.Miss(Metric(metric), unescapeText(reason))
		}
	case "ended":
		r.Ended = unescapeText(rest)
	case "note":
		r.Notes = append(r.Notes, unescapeText(rest))
	case "no-values":
		name, requests, _ := strings.Cut(rest, " ")
		if r.Requests, err = strconv.ParseUint(requests, 10, 63); err == nil {
			p.commit(n, name)
		}
	}
	return err
}

func formatCounts(counts []uint64) string {
	var b []byte
	for i, n := range counts {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendUint(b, n, 10)
	}
	return string(b)
}

func parseCounts(text string) ([]uint64, error) {
	counts := []uint64{}
	for word := range strings.FieldsSeq(text) {
		n, err := strconv.ParseUint(word, 10, 64)
		if err != nil {
			return nil, err
		}
		counts = append(counts, n)
	}
	return counts, nil
}

func (p *resultsParser) errorLine(rest string) error {
	number, class, _ := strings.Cut(rest, " ")
	v, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return err
	}
	if p.block.Errors == nil {
		p.block.Errors = make(map[string]uint64)
	}
	p.block.Errors[unescapeText(class)] = v
	return nil
}

func (p *resultsParser) benchmark(n int, rec *benchfmt.Result) {
	if rec.Iters < 0 {
		p.warn(n, "%d requests", rec.Iters)
		return
	}
	p.block.Requests = uint64(rec.Iters)
	for _, v := range rec.Values {
		// benchfmt turns ns into seconds and keeps what was written.
		value, unit := v.Value, v.Unit
		if v.OrigUnit != "" {
			value, unit = v.OrigValue, v.OrigUnit
		}
		switch {
		case unit == nsPerOp:
		case !countable(value):
			p.warn(n, "%s is %v: left out", unit, value)
		default:
			p.block.Set(Metric(unit), value)
		}
	}
	p.commit(n, rec.Name.String())
}

// commit takes the block over under the cell that name spells. Lines of
// go test, which have no block before them, are taken as they are.
func (p *resultsParser) commit(n int, name string) {
	r, began := p.block, p.open
	p.block, p.open = Result{}, false
	cell, err := ParseBenchmarkName(name)
	if err != nil {
		p.warn(n, "%v", err)
		return
	}
	id, round := r.ID, r.Round
	r.Cell = cell
	r.Round = round
	r.Cell = r.Cell.Identify()
	if began && id != r.ID {
		p.warn(n, "the block is of cell %s, its benchmark of %s: left out", id, r.ID)
		return
	}
	p.results = append(p.results, r)
}

var (
	textEscaper   = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`)
	textUnescaper = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r")
)

func escapeText(s string) string   { return textEscaper.Replace(s) }
func unescapeText(s string) string { return textUnescaper.Replace(s) }

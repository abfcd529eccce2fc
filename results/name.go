package results

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// benchmarkBase is the function that go test -bench would run for these names.
const benchmarkBase = "Models"

// field is one key of a benchmark name: how it is taken from a cell, and put
// back.
type field struct {
	key string
	get func(Cell) string
	set func(*Cell, string) error
}

// fields are the keys of a name, in the order of a name. Round is not among
// them: rounds are samples of one benchmark.
var fields = []field{
	text("model", func(c *Cell) *string { return &c.Model }),
	text("variant", func(c *Cell) *string { return &c.Variant }),
	text("app", func(c *Cell) *string { return &c.App }),
	{
		"path",
		func(c Cell) string { return escapePath(c.Path) },
		func(c *Cell, s string) (err error) { c.Path, err = unescapePath(s); return },
	},
	count("conns", func(c *Cell) *int { return &c.Conns }),
	{
		"workers",
		func(c Cell) string { return formatWorkers(c.Workers) },
		func(c *Cell, s string) (err error) { c.Workers, err = parseWorkers(s); return },
	},
	text("mode", func(c *Cell) *string { return &c.Mode }),
	text("closer", func(c *Cell) *string { return &c.Closer }),
	count("pipeline", func(c *Cell) *int { return &c.Pipeline }),
	{
		"rate",
		func(c Cell) string { return formatFloat(c.Rate) },
		func(c *Cell, s string) (err error) { c.Rate, err = strconv.ParseFloat(s, 64); return },
	},
	text("placement", func(c *Cell) *string { return &c.Placement }),
}

func text(key string, at func(*Cell) *string) field {
	return field{
		key,
		func(c Cell) string { return escape(*at(&c)) },
		func(c *Cell, s string) (err error) { *at(c), err = unescape(s); return },
	}
}

func count(key string, at func(*Cell) *int) field {
	return field{
		key,
		func(c Cell) string { return strconv.Itoa(*at(&c)) },
		func(c *Cell, s string) (err error) { *at(c), err = strconv.Atoi(s); return },
	}
}

// SubName is the cell's benchmark name after "BenchmarkModels/", as
// testing.B.Run wants it: every key in a fixed order, always present.
func (c Cell) SubName() string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = f.key + "=" + f.get(c)
	}
	return strings.Join(parts, "/")
}

// BenchmarkName is the cell's name in results.txt.
func (c Cell) BenchmarkName() string { return "Benchmark" + benchmarkBase + "/" + c.SubName() }

// ParseBenchmarkName reads what BenchmarkName wrote, with or without
// "Benchmark" before it, and with or without the "-2" that go test appends for
// GOMAXPROCS=2. The cell has no round; its ID is that of all rounds.
func ParseBenchmarkName(name string) (Cell, error) {
	bad := func(format string, args ...any) (Cell, error) {
		return Cell{}, fmt.Errorf("benchmark name %.200q: %s", name, fmt.Sprintf(format, args...))
	}
	rest := strings.TrimPrefix(name, "Benchmark")
	if i := gomaxprocsSuffix(rest); i >= 0 {
		rest = rest[:i]
	}
	rest, ok := strings.CutPrefix(rest, benchmarkBase+"/")
	if !ok {
		return bad("is not of Benchmark%s", benchmarkBase)
	}
	parts := strings.Split(rest, "/")
	if len(parts) != len(fields) {
		return bad("has %d keys, wants %d", len(parts), len(fields))
	}
	var c Cell
	for i, f := range fields {
		value, ok := strings.CutPrefix(parts[i], f.key+"=")
		if !ok {
			return bad("key %d is %q, wants %s", i+1, parts[i], f.key)
		}
		if err := f.set(&c, value); err != nil {
			return bad("key %s: %v", f.key, err)
		}
	}
	c = c.Identify()
	if err := c.Validate(); err != nil {
		return bad("%v", err)
	}
	return c, nil
}

// gomaxprocsSuffix is where a '-' followed by at least one digit and nothing
// else stands in name, or -1.
func gomaxprocsSuffix(name string) int {
	digits := len(name)
	for digits > 0 && isDigit(name[digits-1]) {
		digits--
	}
	if digits == len(name) || digits == 0 || name[digits-1] != '-' {
		return -1
	}
	return digits - 1
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// escape writes a value of a name; the rules are in the package comment.
func escape(s string) string {
	if s == "" {
		return "-"
	}
	return percent(s)
}

// percent escapes bytes, not runes: what reads names back treats Unicode
// spaces as ends of fields, and invalid UTF-8 has to survive.
func percent(s string) string {
	trailing := len(s) // from here on only digits
	for trailing > 0 && isDigit(s[trailing-1]) {
		trailing--
	}
	var b strings.Builder
	for i := range len(s) {
		ch := s[i]
		plain := isDigit(ch) || 'a' <= ch && ch <= 'z' || 'A' <= ch && ch <= 'Z' ||
			strings.IndexByte("._~:+@-", ch) >= 0
		if !plain || ch == '-' && i == trailing-1 {
			fmt.Fprintf(&b, "%%%02X", ch)
			continue
		}
		b.WriteByte(ch)
	}
	return b.String()
}

func unescape(s string) (string, error) {
	if s == "-" {
		return "", nil
	}
	var b bytes.Buffer
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", fmt.Errorf("%q ends within an escape", s)
		}
		v, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return "", fmt.Errorf("%q has no two hexadecimal digits after %%", s)
		}
		b.WriteByte(byte(v))
		i += 2
	}
	return b.String(), nil
}

func escapePath(path string) string {
	if path == "" {
		return "-"
	}
	return percent(strings.TrimPrefix(path, "/"))
}

func unescapePath(s string) (string, error) {
	if s == "-" {
		return "", nil
	}
	rest, err := unescape(s)
	return "/" + rest, err
}

func formatWorkers(n int) string {
	if n == WorkersTree {
		return "tree"
	}
	return strconv.Itoa(n)
}

func parseWorkers(s string) (int, error) {
	if s == "tree" {
		return WorkersTree, nil
	}
	return strconv.Atoi(s)
}

// formatFloat is the shortest decimal that reads back as v. No exponent: awk
// and spreadsheets of students read it too.
func formatFloat(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

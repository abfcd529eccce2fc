package http1_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/c10kit/c10kit/models/app/http1/http1test"
)

var update = flag.Bool("update", false, "write the rows of the tables into testdata/fuzz")

// TestCorpus keeps the seeds what they say they are: the rows of the two tables, and
// the bodies of those that are chunked.
func TestCorpus(t *testing.T) {
	notName := regexp.MustCompile(`[^a-z0-9]+`)
	seen := map[string]bool{}
	for i, tc := range slices.Concat(http1test.Hostile, http1test.Valid) {
		name := "table-" + strings.Trim(notName.ReplaceAllString(strings.ToLower(tc.Name), "-"), "-")
		if seen[name] {
			t.Errorf("two rows have a name that makes %q", name)
		}
		seen[name] = true
		seed(t, "FuzzParse", name, fmt.Sprintf("[]byte(%q)\nuint16(%d)\n", tc.Raw, i*7%max(1, len(tc.Raw))))
		head, body, _ := strings.Cut(tc.Raw, "\r\n\r\n")
		if strings.Contains(strings.ToLower(head), "chunked") && body != "" {
			seed(t, "FuzzChunked", name, fmt.Sprintf("string(%q)\nbyte('\\x%02x')\n", body, i%8))
		}
	}
	files, err := filepath.Glob("testdata/fuzz/*/table-*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !seen[filepath.Base(file)] {
			t.Errorf("%s is no row any more; remove it", file)
		}
	}
}

// seed checks, or with -update writes, a file of the seed corpus.
func seed(t *testing.T, target, name, values string) {
	t.Helper()
	path := filepath.Join("testdata", "fuzz", target, name)
	want := []byte("go test fuzz v1\n" + values)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not the row it is named for (%v); run go test -run TestCorpus -update", path, err)
	}
}

// FuzzParse: whatever is sent, the server does not panic, says the same in whatever
// pieces and memory it comes, counts what it answers, gives every block back, and
// understands a request that it understood once, written down again, in the same
// way.
func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, raw []byte, split uint16) {
		if len(raw) > 64<<10 {
			t.Skip("longer than anything that is bounded here")
		}
		h := serving(t, false, mirrorApp)
		want := h.all(raw, http1test.OneBlock)
		for _, l := range []http1test.Layout{
			http1test.BlockPerByte, http1test.ForeignByByte, http1test.ByteByByte, http1test.Shared,
			http1test.SplitAt(int(split) % (len(raw) + 1)),
		} {
			if got := h.all(raw, l); got != want {
				t.Fatalf("%s:\n got %q\nwant %q", l.Name, got, want)
			}
		}
		if twin := serving(t, true, mirrorApp).all(raw, http1test.OneBlock); twin != want {
			t.Fatalf("copying:\n got %q\nwant %q", twin, want)
		}
		again(t, h, want)
	})
}

// all sends raw and an EOF and returns all that can be seen from outside. 100
// Continue and Linger are left out: they depend on what has come when.
func (h harness) all(raw []byte, l http1test.Layout) string {
	h.send(string(raw), l)
	h.EOF()
	defer h.end()
	c := &h.Conn
	if !h.Done() {
		h.t.Fatalf("%s: not done after EOF", l.Name)
	}
	got := bytes.ReplaceAll(h.Got, []byte("HTTP/1.1 100 Continue\r\n\r\n"), nil)
	if n := bytes.Count(got, []byte("Server: c10kit\r\n")); uint64(n) < c.Ended || c.Begun != c.Ended {
		h.t.Fatalf("%s: %d begun, %d ended, %d answers in %q", l.Name, c.Begun, c.Ended, n, got)
	}
	got = date.ReplaceAll(got, []byte("Date: now\r\n"))
	return fmt.Sprintf("%s|requests=%d", got, c.Ended)
}

// date is the only thing that may differ between two workers.
var date = regexp.MustCompile("Date: [^\r]{25} GMT\r\n")

// again writes the first request that was mirrored down again and expects it to be
// mirrored in the same way.
func again(t *testing.T, h harness, got string) {
	all, _ := answers([]byte(got[:strings.LastIndexByte(got, '|')]))
	if len(all) == 0 || all[0].Status != 200 || all[0].Body == "" {
		return
	}
	head, body, _ := strings.Cut(all[0].Body, "\n\n")
	lines := strings.Split(head, "\n")
	method, rest, _ := strings.Cut(lines[0], " ")
	target, _, _ := strings.Cut(rest, " ")
	lower := strings.ToLower(head)
	if strings.Contains(lower, "\nexpect:") || !strings.Contains(lower, "\nhost:") {
		return // HTTP/1.0 may; written down as HTTP/1.1 it may not
	}
	raw := request11(method, target, lines[1:], body, strings.Contains(lower, "\ntransfer-encoding:"))
	h.send(raw, http1test.OneBlock)
	defer h.end()
	second, err := answers(h.Got)
	if err != nil || len(second) != 1 || second[0].Body != all[0].Body {
		t.Fatalf("%q, written down again as %q, was understood as %q", all[0].Body, raw, h.Got)
	}
}

func request11(method, target string, lines []string, body string, chunked bool) string {
	raw := method + " " + target + " HTTP/1.1\r\n"
	for _, line := range lines {
		raw += line + "\r\n"
	}
	if raw += "\r\n"; !chunked {
		return raw + body
	}
	if body != "" {
		raw += fmt.Sprintf("%x\r\n%s\r\n", len(body), body)
	}
	return raw + "0\r\n\r\n"
}

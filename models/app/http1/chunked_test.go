package http1

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/c10kit/c10kit/models/buf"
)

// decoded is what came of a chunked body.
type decoded struct {
	done   bool
	status int // of the refusal
	body   string
	rest   int // bytes behind the body
}

func (d decoded) String() string {
	return fmt.Sprintf("done=%v status=%d body=%q rest=%d", d.done, d.status, d.body, d.rest)
}

// decodeChunks decodes raw, which comes in pieces of the given size, each in a
// block of its own if apart.
func decodeChunks(t *testing.T, raw string, piece int, apart bool, limit int64) (got decoded) {
	t.Helper()
	pool := buf.NewPool(false)
	var in, out buf.Chain
	in.Init(pool)
	out.Init(pool)
	var d chunked
	for i := 0; i < len(raw); i += piece {
		p := raw[i:min(i+piece, len(raw))]
		if apart {
			in.AppendForeign([]byte(p), nobody{}, 0)
		} else {
			in.AppendString(p)
		}
		if got.done || got.status != 0 {
			continue
		}
		done, r := d.decode(&in, &out, limit)
		if got.done = done; r != nil {
			got.status = r.status
		}
	}
	if got.body = string(out.Bytes()); got.status != 0 {
		got.body = ""
	}
	if got.done {
		got.rest = in.Len()
	}
	in.Release()
	out.Release()
	if n := pool.Live(); n != 0 {
		t.Errorf("%d blocks are still in use", n)
	}
	return got
}

type nobody struct{}

func (nobody) ReleaseBlock(uint32) {}

// The grammar of RFC 9112, section 7.1, as regular expressions: slow, and written
// without a look at the decoder.
const (
	tchars = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
	quoted = `"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"`
	ext    = "[ \t]*;[ \t]*" + tchars + "(?:[ \t]*=[ \t]*(?:" + tchars + "|" + quoted + "))?"
)

var (
	sizeRE    = regexp.MustCompile("^([0-9A-Fa-f]+)((?:" + ext + ")*)\r\n")
	trailerRE = regexp.MustCompile(`^(?:` + tchars + `:[\t -~\x80-\xff]*\r\n)*\r\n`)
)

// latin1 turns bytes into runes of the same number, which is what a regular
// expression over bytes needs in Go.
func latin1(s string) string {
	r := make([]rune, len(s))
	for i := range len(s) {
		r[i] = rune(s[i])
	}
	return string(r)
}

// reference decodes a whole chunked body by the grammar. ok is false if raw does
// not start with one.
func reference(raw string) (body string, rest int, ok bool) {
	excess := 0
	for {
		line, _, found := strings.Cut(raw, "\n")
		m := sizeRE.FindStringSubmatch(latin1(line + "\n"))
		if !found || m == nil || len(line)+1 > maxSizeLine {
			return "", 0, false
		}
		size, err := strconv.ParseInt(m[1], 16, 64)
		excess += max(0, len(line)-1-min(len(m[1]), plainDigits))
		if err != nil || excess > maxExcess {
			return "", 0, false
		}
		raw = raw[len(line)+1:]
		if size == 0 {
			return trailer(raw, body)
		}
		if size > int64(len(raw))-2 || raw[size:size+2] != "\r\n" {
			return "", 0, false
		}
		body += raw[:size]
		raw = raw[size+2:]
	}
}

func trailer(raw, body string) (string, int, bool) {
	end := strings.Index("\r\n"+raw, "\r\n\r\n")
	if end < 0 {
		return "", 0, false
	}
	section := raw[:end+2]
	if !trailerRE.MatchString(latin1(section)) || len(section) > maxTrailer || strings.Count(section, "\n") > maxFields+1 {
		return "", 0, false
	}
	return body, len(raw) - len(section), true
}

// FuzzChunked: the decoder does not panic, says the same in whatever pieces the body
// comes, gives every block back, and accepts what the grammar accepts.
func FuzzChunked(f *testing.F) {
	f.Fuzz(func(t *testing.T, raw string, piece uint8) {
		if len(raw) > 64<<10 {
			t.Skip("longer than anything that is bounded here")
		}
		want := decodeChunks(t, raw, len(raw)+1, false, math.MaxInt64)
		for _, apart := range []bool{false, true} {
			for _, n := range []int{1, int(piece) + 1} {
				if got := decodeChunks(t, raw, n, apart, math.MaxInt64); !same(got, want) {
					t.Errorf("in pieces of %d, apart=%v: %v instead of %v", n, apart, got, want)
				}
			}
		}
		body, rest, ok := reference(raw)
		if want.done != ok || ok && (want.body != body || want.rest != rest) {
			t.Errorf("%v; the grammar says %v, %q, rest %d", want, ok, body, rest)
		}
	})
}

// same compares two outcomes. How much of an incomplete body is out does not
// depend on the pieces either; what is refused has no body.
func same(a, b decoded) bool { return a == b }

func TestChunkedLimit(t *testing.T) {
	for _, tc := range []struct {
		raw    string
		limit  int64
		status int
	}{
		{"3\r\nabc\r\n0\r\n\r\n", 3, 0},
		{"3\r\nabc\r\n0\r\n\r\n", 2, 413},
		{"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", 3, 413},
		{"0\r\n\r\n", 0, 0},
		{"7fffffffffffffff\r\n", math.MaxInt64 - 1, 413},
		{"8000000000000000\r\n", math.MaxInt64, 400},
		{"1\r\na\r\n7fffffffffffffff\r\n", math.MaxInt64, 413}, // the sum overflows
	} {
		if got := decodeChunks(t, tc.raw, 1, true, tc.limit); got.status != tc.status {
			t.Errorf("%q with a limit of %d: %v instead of status %d", tc.raw, tc.limit, got, tc.status)
		}
	}
}

// TestChunkedSharing: large pieces are moved, small ones copied, so that a body of
// small chunks does not pin a block for each.
func TestChunkedSharing(t *testing.T) {
	pool := buf.NewPool(false)
	var in, out buf.Chain
	in.Init(pool)
	out.Init(pool)
	var d chunked
	for range 4096 {
		in.AppendString("1\r\nx\r\n")
		if _, r := d.decode(&in, &out, math.MaxInt64); r != nil {
			t.Fatal(r.reason)
		}
	}
	if live := pool.Live(); out.Len() != 4096 || live > 3 {
		t.Errorf("4096 chunks of a byte are %d bytes in %d blocks", out.Len(), live)
	}
	data := strings.Repeat("y", 4000)
	in.AppendString("fa0\r\n" + data + "\r\n")
	first := &in.First()[5]
	if _, r := d.decode(&in, &out, math.MaxInt64); r != nil {
		t.Fatal(r.reason)
	}
	out.TrimFront(4096)
	if &out.First()[0] != first {
		t.Error("a chunk of 4000 bytes was copied")
	}
	in.Release()
	out.Release()
	if n := pool.Live(); n != 0 {
		t.Errorf("%d blocks are still in use", n)
	}
}

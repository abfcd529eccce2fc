package http1

import (
	"bytes"
	"strings"
	"testing"

	"github.com/c10kit/c10kit/models/buf"
)

// ordinary are heads that clients send: if quick left them to the careful path,
// nothing would be wrong but the speed.
var ordinary = []string{
	"GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n",
	"GET / HTTP/1.0\r\n\r\n",
	"POST /echo HTTP/1.1\r\nhost:a\r\ncontent-length: 3\r\nExpect: 100-continue\r\n\r\n",
	"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n",
	"GET http://a/b%20c?d HTTP/1.1\r\nHost: b\r\nX-B3-TraceId: 80f198ee56343ba8\r\nEmpty:\r\n\r\n",
	"GET /plaintext HTTP/1.1\r\nHost: a\r\nUser-Agent: Mozilla/5.0\t(X11; caf\xc3\xa9 \xff\x7e; Linux x86_64)\r\nCookie: " +
		strings.Repeat("a=b; ", 100) + "c\r\n\r\n",
	"PUT /a HTTP/1.1\r\n" + strings.Repeat("A-Long-Name-With-Many-Words: x\r\n", 99) + "Host: a\r\n\r\n",
}

// TestQuick: quick takes ordinary heads, whole ones only, and finds in them what the
// careful path finds.
func TestQuick(t *testing.T) {
	for _, raw := range ordinary {
		w := []byte(raw + "GET /the next")
		var fast, careful head
		fast.reset()
		if n := fast.quick(w); n != len(raw) {
			t.Errorf("%.60q: length %d instead of %d", raw, n, len(raw))
			continue
		}
		careful.reset()
		var in buf.Chain
		in.Init(buf.NewPool(false))
		in.Append(w)
		n, r := careful.scan(&in)
		if r == nil {
			r = careful.parse(in.Contiguous(n))
		}
		if r != nil || n != len(raw) {
			t.Fatalf("%.60q: length %d, %v", raw, n, r)
		}
		if fast.framing != careful.framing || fast.fields != careful.fields || fast.count() != careful.count() ||
			fast.method != careful.method || fast.minor != careful.minor || fast.star != careful.star || fast.percent != careful.percent ||
			fast.target != careful.target || fast.path != careful.path || fast.query != careful.query || fast.host != careful.host {
			t.Errorf("%.60q: quick found something else than scan and parse", raw)
		}
		for i := range len(raw) {
			var h head
			h.reset()
			if n := h.quick(w[:i:i]); n != 0 {
				t.Fatalf("%.60q cut at %d: length %d", raw, i, n)
			}
		}
		in.Release()
	}
}

// TestEnds: eight bytes at a time stop where one at a time would, whatever byte
// stands where.
func TestEnds(t *testing.T) {
	naive := func(bit uint8, s []byte) int {
		i := 0
		for i < len(s) && is(bit, s[i]) {
			i++
		}
		return i
	}
	for n := range 27 {
		for at := range n {
			for ch := range 256 {
				for _, fill := range []string{"a", "-", "Z", "\xff", "~"} {
					s := bytes.Repeat([]byte(fill), n)
					s[at] = byte(ch)
					if got, want := nameEnd(s, 0), naive(isToken, s); got != want {
						t.Fatalf("nameEnd(%q) is %d instead of %d", s, got, want)
					}
					if got, want := valueEnd(s, 0), naive(isValue, s); got != want {
						t.Fatalf("valueEnd(%q) is %d instead of %d", s, got, want)
					}
				}
			}
		}
	}
}

func TestEqualFold(t *testing.T) {
	for _, lower := range []string{"host", "close", "expect", "chunked", "http://", "keep-alive", "connection", "100-continue", "content-length", "transfer-encoding"} {
		upper := strings.ToUpper(lower)
		if !equalFold([]byte(lower), lower) || !equalFold([]byte(upper), lower) || equalFold([]byte(lower[1:]), lower) || equalFold([]byte(lower+"x"), lower) {
			t.Errorf("%s is not what it is", lower)
		}
		for i := range len(lower) {
			for ch := range 256 {
				s := []byte(upper)
				s[i] = byte(ch)
				if !is(isValue, s[i]) {
					continue // never asked: names are tokens, values have been looked at
				}
				if got, want := equalFold(s, lower), strings.EqualFold(string(s), lower); got != want && ch < 0x80 {
					t.Errorf("equalFold(%q, %q) is %v", s, lower, got)
				} else if got && ch >= 0x80 {
					t.Errorf("equalFold(%q, %q)", s, lower)
				}
			}
		}
	}
}

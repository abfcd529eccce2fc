package peers_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/c10kit/c10kit/models/app"
	"github.com/c10kit/c10kit/peers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const maxBody = 1000

func TestScan(t *testing.T) {
	const host = "Host: a\r\n"
	long := strings.Repeat("x", 70<<10)
	for _, tc := range []struct {
		name, in string
		n        int // -1: all of it
		want     string
	}{
		{"get", "GET /a?b HTTP/1.1\r\n" + host + "\r\n", -1, `GET /a "" close=false 0`},
		{"no field", "GET / HTTP/1.1\r\n\r\n", -1, `GET / "" close=false 0`},
		{"pipelined", "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n", 19, `GET /a "" close=false 0`},
		{"body", "POST /e HTTP/1.1\r\ncontent-length: 3\r\n\r\nabcGET", 42, `POST /e "abc" close=false 0`},
		{"close", "GET / HTTP/1.1\r\nconnection: Close\r\n\r\n", -1, `GET / "" close=true 0`},
		{"1.0", "GET / HTTP/1.0\r\n\r\n", -1, `GET / "" close=true 0`},
		{"1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", -1, `GET / "" close=false 0`},
		{"incomplete", "GET / HTTP/1.1\r\nHost: a\r\n", 0, ""},
		{"incomplete body", "POST /e HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", 0, ""},
		{"no HTTP", "NOT HTTP\r\n\r\n", -1, `  "" close=true 400`},
		{"no version", "GET /\r\n\r\n", -1, `  "" close=true 400`},
		{"negative", "POST /e HTTP/1.1\r\nContent-Length: -3\r\n\r\n", -1, `POST /e "" close=true 400`},
		{"not a number", "POST /e HTTP/1.1\r\nContent-Length: three\r\n\r\n", -1, `POST /e "" close=true 400`},
		{"chunked", "POST /e HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", -1, `POST /e "" close=true 501`},
		{"too long a body", "POST /e HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", -1, `POST /e "" close=true 413`},
		{"endless head", "GET / HTTP/1.1\r\nX: " + long, -1, `  "" close=true 431`},
	} {
		r, n := peers.Scan([]byte(tc.in), maxBody)
		if tc.n == -1 {
			tc.n = len(tc.in)
		}
		if n != tc.n {
			t.Errorf("%s: %d bytes, want %d", tc.name, n, tc.n)
		}
		if tc.n == 0 {
			continue
		}
		if got := fmt.Sprintf("%s %s %q close=%v %d", r.Method, r.Path, r.Body, r.Close, r.Status); got != tc.want && "  "+got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

// TestServePieces: however the input is cut, the answers are the same.
func TestServePieces(t *testing.T) {
	clock := peers.StartClock()
	clock.Stop()
	site := &peers.Site{Clock: clock, MaxBody: maxBody}
	requests := []string{
		"GET /plaintext HTTP/1.1\r\n\r\n", "HEAD /json HTTP/1.1\r\n\r\n", "GET /bytes/20000 HTTP/1.1\r\n\r\n",
		"POST /echo HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789", "POST /sink HTTP/1.1\r\nContent-Length: 2\r\n\r\nab",
		"GET /hash/5 HTTP/1.1\r\n\r\n", "GET /nothing HTTP/1.1\r\n\r\n", "DELETE /json HTTP/1.1\r\n\r\n",
		"GET /json HTTP/1.1\r\nConnection: close\r\n\r\n",
	}
	join := func(out, body []byte) []byte { return append(out, body...) }
	rapid.Check(t, func(t *rapid.T) {
		in := strings.Join(rapid.SliceOfN(rapid.SampledFrom(requests), 1, 8).Draw(t, "requests"), "")
		whole, _, wholeEnd := site.Serve([]byte(in), nil, join)
		var pieces, held []byte
		end := false
		for rest := in; len(rest) > 0 && !end; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			held = append(held, rest[:n]...)
			rest = rest[n:]
			pieces, held, end = site.Serve(held, pieces, join)
		}
		if string(pieces) != string(whole) || end != wholeEnd {
			t.Fatalf("in pieces\n%q, end %v; as a whole\n%q, end %v", pieces, end, whole, wholeEnd)
		}
	})
}

// TestFlush: a large body is handed over as it is, behind what was appended before.
func TestFlush(t *testing.T) {
	clock := peers.StartClock()
	defer clock.Stop()
	site := &peers.Site{Clock: clock, MaxBody: maxBody}
	var bodies []int
	out, rest, end := site.Serve([]byte("GET /json HTTP/1.1\r\n\r\nGET /bytes/100000 HTTP/1.1\r\n\r\nGET /json HTTP/1.1\r\n\r\n"), nil,
		func(out, body []byte) []byte {
			bodies = append(bodies, strings.Count(string(out), "HTTP/1.1 200 OK"), len(body))
			return out[:0]
		})
	if fmt.Sprint(bodies) != "[2 100000]" || strings.Count(string(out), "HTTP/1.1 200 OK") != 1 || len(rest) > 0 || end {
		t.Errorf("flushed %v, then %q, left %q, end %v", bodies, out, rest, end)
	}
}

func TestStream(t *testing.T) {
	const n = 3<<20 + 5
	var written strings.Builder
	if _, err := io.Copy(&written, peers.Stream(n)); err != nil { // WriteTo
		t.Fatal(err)
	}
	read, err := io.ReadAll(struct{ io.Reader }{peers.Stream(n)})
	if err != nil || string(read) != written.String() || len(read) != n {
		t.Fatalf("%v: %d bytes read, %d written, want %d of the same", err, len(read), written.Len(), n)
	}
	for i, b := range read {
		if b != app.Pattern(int64(i)) {
			t.Fatalf("byte %d is %#x", i, b)
		}
	}
}

func TestBounds(t *testing.T) {
	for _, bad := range []string{"", "-1", "+1", "1048577", "x", "1 ", "99999999999999999999"} {
		if _, ok := peers.Hash(bad); ok {
			t.Errorf("/hash/%s is answered", bad)
		}
		if n, ok := peers.Number(bad, peers.MaxSlice); ok {
			t.Errorf("/bytes/%s is answered with %d", bad, n)
		}
	}
	for _, bad := range []string{"", "1", "-1s", "11s", "x"} {
		if _, ok := peers.Wait(bad); ok {
			t.Errorf("/wait/%s is answered", bad)
		}
	}
}

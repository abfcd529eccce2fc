package http1_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/c10kit/c10kit/models/app/http1/http1test"
	"github.com/c10kit/c10kit/models/stage"
)

func get(path string, lines ...string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + crlf(lines)
}

func crlf(lines []string) string {
	return strings.Join(append(lines, "\r\n"), "\r\n")
}

// expect checks the statuses of all answers so far.
func (h harness) expect(statuses ...int) []answer {
	h.t.Helper()
	all, err := answers(h.Got)
	if err != nil {
		h.t.Fatalf("%v in %q", err, h.Got)
	}
	var got []int
	for _, a := range all {
		got = append(got, a.Status)
	}
	if fmt.Sprint(got) != fmt.Sprint(statuses) {
		h.t.Fatalf("answers %v instead of %v: %q", got, statuses, h.Got)
	}
	return all
}

// TestAnswerBytes: the whole answer, byte by byte. Benchmarks count its length.
func TestAnswerBytes(t *testing.T) {
	h := serving(t, false, httpApp)
	h.send(get("/plaintext"), http1test.OneBlock)
	defer h.end()
	want := "HTTP/1.1 200 OK\r\nServer: c10kit\r\nDate: " + string(h.Worker.Clock.Date()) +
		"\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"
	if got := string(h.Got); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if _, err := time.Parse(time.RFC1123, string(h.Worker.Clock.Date())); err != nil {
		t.Error(err)
	}
}

// TestPersistence: RFC 9112, section 9.3.
func TestPersistence(t *testing.T) {
	h := serving(t, false, httpApp)
	for _, tc := range []struct {
		version, connection, answer string
		stays                       bool
	}{
		{"1.1", "", "", true},
		{"1.1", "close", "close", false},
		{"1.1", "CLOSE", "close", false},
		{"1.1", "foo , Close", "close", false},
		{"1.1", "keep-alive, close", "close", false},
		{"1.1", "closed", "", true},
		{"1.0", "", "close", false},
		{"1.0", "keep-alive", "keep-alive", true},
		{"1.0", "Keep-Alive", "keep-alive", true},
		{"1.0", "Keep-Alive, close", "close", false},
	} {
		raw := "GET /plaintext HTTP/" + tc.version + "\r\nHost: a\r\n"
		if tc.connection != "" {
			raw += "Connection: " + tc.connection + "\r\n"
		}
		h.send(raw+"\r\n", http1test.OneBlock)
		got := h.expect(200)[0]
		if connection := headerOf(h.Got, "Connection"); connection != tc.answer || h.Done() == tc.stays || got.Proto != "HTTP/1.1" {
			t.Errorf("%+v: Connection: %q, done %v, %s", tc, connection, h.Done(), got.Proto)
		}
		if h.Conn.Linger {
			t.Errorf("%+v: a client that asked for the close is lingered for", tc)
		}
		h.end()
	}
}

// headerOf returns a field of an answer as it stands there: net/http removes
// Connection.
func headerOf(raw []byte, name string) string {
	_, rest, found := strings.Cut(string(raw), "\r\n"+name+": ")
	if !found {
		return ""
	}
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// TestPipelined: all requests of a read are answered before the pipeline waits, so
// that one writev sends all answers.
func TestPipelined(t *testing.T) {
	h := serving(t, false, httpApp)
	h.send(strings.Repeat(get("/plaintext"), 16)+get("/json")[:20], http1test.OneBlock)
	defer h.end()
	h.expect(slicesOf(200, 16)...)
	if len(h.Waits) != 0 || h.Conn.Idle || h.Conn.In.Len() != 20 {
		t.Errorf("waits %v, idle %v, %d bytes left", h.Waits, h.Conn.Idle, h.Conn.In.Len())
	}
	h.Send([]byte(get("/json")[20:]), http1test.OneBlock)
	h.expect(slicesOf(200, 17)...)
	if !h.Conn.Idle {
		t.Error("not idle")
	}
}

// TestPipelinedBodies: requests with and without bodies, read and not, one behind the
// other in any memory: each ends where the next begins.
func TestPipelinedBodies(t *testing.T) {
	const chunks = "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nA: b\r\n\r\n"
	raw := post("/echo", 5) + get("/plaintext") + post("/sink", 7) + "POST /echo HTTP/1.1\r\nHost: a\r\n" + chunks +
		get("/json", "Content-Length: 3") + "abc" + get("/wait/1ms") + "GET /plaintext HTTP/1.1\r\nHost: a\r\n" + chunks +
		"POST /sink HTTP/1.1\r\nHost: a\r\n" + chunks + post("/echo", 0) + get("/bytes/3") + post("/echo", 6)
	for _, copying := range []bool{false, true} {
		h := serving(t, copying, httpApp)
		layouts := slices.Clone(http1test.Layouts)
		for i := range len(raw) {
			layouts = append(layouts, http1test.SplitAt(i))
		}
		for _, l := range layouts {
			h.send(raw, l)
			all := h.expect(slicesOf(200, 11)...)
			if all[0].Body != "xxxxx" || all[3].Body != "abcde" || all[4].Body != `{"message":"Hello, World!"}` ||
				all[8].Body != "" || all[10].Body != "xxxxxx" || h.Done() || !h.Conn.Idle {
				t.Fatalf("%s: %q", l.Name, h.Got)
			}
			h.end()
		}
	}
}

func slicesOf(status, n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = status
	}
	return all
}

// TestRoom: output is bounded, whatever is asked for in one read, and each wait for
// room ends.
func TestRoom(t *testing.T) {
	for _, copying := range []bool{false, true} {
		h := serving(t, copying, httpApp)
		h.Open(false)
		c := &h.Conn
		c.In.AppendString(strings.Repeat(get("/bytes/100000"), 8) + strings.Repeat(get("/plaintext"), 2000))
		waits, total := 0, 0
		for {
			wait := stage.Run(c)
			if n := c.Out.Len(); n > stage.DefaultOutLimit+64<<10+200 {
				t.Fatalf("%d bytes of output", n)
			}
			total += c.Out.Len()
			c.Out.TrimFront(c.Out.Len())
			if wait != stage.WaitRoom {
				break
			}
			waits++
		}
		if c.Ended != 2008 || waits < 6 || total < 8*100000+2000*13 {
			t.Errorf("%d answers, %d waits, %d bytes", c.Ended, waits, total)
		}
		h.end()
	}
}

// TestNoRoom: who waits for room sets no deadline, and goes on when there is some,
// not when it is merely woken.
func TestNoRoom(t *testing.T) {
	h := serving(t, false, httpApp)
	h.Open(false)
	defer h.end()
	c := &h.Conn
	c.In.AppendString(get("/bytes/1000000000"))
	if wait := stage.Run(c); wait != stage.WaitRoom {
		t.Fatalf("waits for %v", wait)
	}
	full := c.Out.Len()
	for _, taken := range []int{0, 1, full - stage.DefaultOutLimit - 1} {
		c.Out.TrimFront(taken)
		left := c.Out.Len()
		if wait := stage.Run(c); wait != stage.WaitRoom || c.Deadline != 0 || c.Out.Len() != left {
			t.Fatalf("%d bytes taken of %d: waits for %v until %d, %d bytes of output", taken, full, wait, c.Deadline, c.Out.Len())
		}
	}
	c.Out.TrimFront(1)
	if wait := stage.Run(c); wait != stage.WaitRoom || c.Out.Len() <= stage.DefaultOutLimit {
		t.Errorf("room for a byte: waits for %v, %d bytes of output", wait, c.Out.Len())
	}
}

// TestHead: HEAD is GET without the body: RFC 9110, section 9.3.2.
func TestHead(t *testing.T) {
	h := serving(t, false, httpApp)
	for _, path := range []string{"/plaintext", "/json", "/bytes/0", "/bytes/70000", "/bytes/1000000", "/hash/3", "/wait/1ms", "/nothing", "/bytes/x"} {
		h.send(get(path), http1test.OneBlock)
		all, err := answers(h.Got)
		h.end()
		if err != nil {
			t.Fatal(err)
		}
		full := all[0]
		h.send("HEAD"+get(path)[3:], http1test.OneBlock)
		all, err = answers(h.Got, "HEAD")
		h.end()
		if err != nil || len(all) != 1 || all[0].Body != "" {
			t.Fatalf("%s: %v, %q", path, err, h.Got)
		}
		if a := all[0]; a.Status != full.Status || a.Header.Get("Content-Length") != fmt.Sprint(len(full.Body)) {
			t.Errorf("%s: HEAD %d %v, GET %d with %d bytes", path, a.Status, a.Header, full.Status, len(full.Body))
		}
	}
}

func TestEOF(t *testing.T) {
	h := serving(t, false, httpApp)
	for _, tc := range []struct {
		name, raw string
		statuses  []int
	}{
		{"nothing", "", nil},
		{"empty lines", "\r\n\r\n", nil},
		{"half an empty line", "\r", []int{400}},
		{"after a request", get("/plaintext"), []int{200}},
		{"in the second request", get("/plaintext") + "GET", []int{200, 400}},
		{"in the head", "GET / HTTP/1.1\r\n", []int{400}},
		{"in a buffered body", post("/echo", 9)[:len(post("/echo", 9))-1], []int{400}},
		{"in a streamed body", post("/sink", 9)[:len(post("/sink", 9))-1], []int{400}},
		{"in an ignored body", get("/plaintext", "Content-Length: 3") + "ab", []int{400}},
		{"after /wait", get("/wait/10ms"), []int{200}},
	} {
		// Afterwards: the answers to what was complete are out when the EOF comes.
		h.Open(false)
		h.Send([]byte(tc.raw), http1test.OneBlock)
		h.EOF()
		h.expect(tc.statuses...)
		if !h.Done() {
			t.Errorf("%s: not done", tc.name)
		}
		h.end()
		// Together with the last byte, as a fast client does: the last answer says close.
		h.Open(false)
		h.Conn.EOF = true
		if tc.raw == "" {
			h.Conn.EOF = false
			h.EOF()
		}
		h.Send([]byte(tc.raw), http1test.OneBlock)
		all := h.expect(tc.statuses...)
		for i, a := range all {
			if last := i == len(all)-1; a.Close != last {
				t.Errorf("%s: answer %d says close=%v", tc.name, i, a.Close)
			}
		}
		if !h.Done() {
			t.Errorf("%s: not done", tc.name)
		}
		h.end()
	}
}

func TestDrain(t *testing.T) {
	h := serving(t, false, httpApp)
	drained := func(name string, done bool, statuses ...int) {
		t.Helper()
		all := h.expect(statuses...)
		for i, a := range all {
			if last := i == len(all)-1; a.Close != last {
				t.Errorf("%s: answer %d says close=%v", name, i, a.Close)
			}
		}
		if h.Done() != done {
			t.Errorf("%s: done %v", name, h.Done())
		}
		h.end()
		h.Drain.Store(0)
	}
	h.Drain.Store(1)
	h.Open(false)
	if !h.Conn.Idle {
		t.Error("a new connection is not idle")
	}
	drained("nothing came yet: the model decides", false)

	h.Drain.Store(1)
	h.send(get("/plaintext"), http1test.OneBlock)
	if !h.Conn.Linger {
		t.Error("a close that the client did not ask for does not linger")
	}
	drained("a request", true, 200)

	h.Drain.Store(1)
	h.send(get("/plaintext")+get("/json"), http1test.OneBlock)
	drained("two that have come", true, 200, 200)

	h.Drain.Store(1)
	h.send(get("/plaintext")+"\r\n", http1test.OneBlock)
	if all := h.expect(200); all[0].Close || !h.Done() {
		t.Errorf("an empty line behind the last request: close=%v, done %v", all[0].Close, h.Done())
	}
	h.end()

	h.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na", http1test.OneBlock)
	h.Drain.Store(1)
	h.Send([]byte("bc"), http1test.OneBlock)
	drained("in the middle of a body", true, 200)
}

func TestShed(t *testing.T) {
	h := serving(t, false, httpApp)
	h.Open(true)
	defer h.end()
	a := h.expect(503)[0]
	if a.Header.Get("Retry-After") != "1" || !a.Close || !h.Done() || !h.Conn.Linger || h.Conn.Begun != 1 || h.Conn.Ended != 1 {
		t.Errorf("%+v, done %v, linger %v, begun %d, ended %d", a, h.Done(), h.Conn.Linger, h.Conn.Begun, h.Conn.Ended)
	}
}

func TestOptionsAndAllow(t *testing.T) {
	h := serving(t, false, httpApp)
	for _, tc := range []struct {
		raw, allow string
		status     int
	}{
		{"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "GET, HEAD, POST, OPTIONS", 204},
		{"OPTIONS /plaintext HTTP/1.1\r\nHost: a\r\n\r\n", "GET, HEAD, OPTIONS", 204},
		{"OPTIONS /bytes/7 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", "GET, HEAD, OPTIONS", 204},
		{"OPTIONS /echo HTTP/1.1\r\nHost: a\r\n\r\n", "POST, OPTIONS", 204},
		{"POST /plaintext HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "GET, HEAD, OPTIONS", 405},
		{get("/sink"), "POST, OPTIONS", 405},
	} {
		h.send(tc.raw, http1test.OneBlock)
		a := h.expect(tc.status)[0]
		if got := a.Header.Get("Allow"); got != tc.allow {
			t.Errorf("%q: Allow: %s", tc.raw, got)
		}
		if _, found := a.Header["Content-Length"]; found && tc.status == 204 {
			t.Errorf("%q: 204 with Content-Length (RFC 9110, section 8.6)", tc.raw)
		}
		h.end()
	}
}

package http1_test

import (
	"strings"
	"testing"
	"time"

	"github.com/c10kit/c10kit/models/app/http1/http1test"
	"github.com/c10kit/c10kit/models/stage"
)

// step is something that a client does, after some time.
type step struct {
	after time.Duration
	send  string
}

// TestTimeouts: each limit ends what it is for and nothing else.
func TestTimeouts(t *testing.T) {
	limits := http1test.Limits // Header 10 s, Body 10 s, Request 60 s, Idle 60 s
	const body = "POST /sink HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"
	trickle := func(n int, every time.Duration, s string) (all []step) {
		for range n {
			all = append(all, step{every, s})
		}
		return all
	}
	for _, tc := range []struct {
		name  string
		steps []step
		at    time.Duration // when the connection is given up
		codes []int
	}{
		{"nothing at all", nil, limits.Header, nil},
		{"empty lines only", []step{{4 * time.Second, "\r\n"}}, 14 * time.Second, nil},
		{"first byte late", []step{{9 * time.Second, "G"}}, 19 * time.Second, []int{408}},
		{"head a byte a second", trickle(30, time.Second, "G"), 11 * time.Second, []int{408}},
		{"idle", []step{{0, get("/plaintext")}}, limits.Idle, []int{200}},
		{"second head", []step{{0, get("/plaintext")}, {50 * time.Second, "GET"}}, 60 * time.Second, []int{200, 408}},
		{"second head after a slow one", []step{{0, "GET"}, {time.Second, get("/plaintext")[3:]}, {30 * time.Second, "GET"}}, 41 * time.Second, []int{200, 408}},
		{"body after a slow one", []step{{0, body}, {time.Second, strings.Repeat("x", 100)}, {30 * time.Second, body}}, 41 * time.Second, []int{200, 408}},
		{"head pipelined", []step{{0, get("/plaintext") + "G"}}, limits.Header, []int{200, 408}},
		{"no body", []step{{0, body}}, limits.Body, []int{408}},
		{"body stops", []step{{0, body}, {9 * time.Second, "x"}}, 19 * time.Second, []int{408}},
		{"body too slow as a whole", append([]step{{0, body}}, trickle(99, 9*time.Second, "x")...), 63 * time.Second, []int{408}},
		{"buffered body stops", []step{{0, post("/echo", 100)[:80]}, {9 * time.Second, "x"}}, 19 * time.Second, []int{408}},
		{"ignored body stops", []step{{0, get("/json", "Content-Length: 9")}, {9 * time.Second, "x"}}, 19 * time.Second, []int{408}},
		{"chunk stops", []step{{0, get("/json", "Transfer-Encoding: chunked") + "3\r\na"}}, limits.Body, []int{408}},
	} {
		// Told by the model or by the clock alone: a blocking read that always returns
		// something never comes to compare the two.
		for _, told := range []bool{true, false} {
			h := serving(t, false, httpApp)
			start := h.Worker.Clock.Now
			h.Open(false)
			for _, s := range tc.steps {
				if told {
					h.Pass(s.after)
				} else {
					h.Worker.Clock.Now += int64(s.after)
				}
				if h.Send([]byte(s.send), http1test.OneBlock); h.Done() {
					break
				}
			}
			for !h.Done() && h.Conn.Deadline != 0 {
				h.Pass(time.Duration(h.Conn.Deadline - h.Worker.Clock.Now))
			}
			h.expect(tc.codes...)
			if at := time.Duration(h.Worker.Clock.Now - start); !h.Done() || at != tc.at {
				t.Errorf("%s, told=%v: given up after %v instead of %v, done %v", tc.name, told, at, tc.at, h.Done())
			}
			h.end()
		}
	}
}

// TestExpiredWithInput: a deadline that passes while a byte comes is the idle one's,
// not that of the request which the byte begins.
func TestExpiredWithInput(t *testing.T) {
	h := serving(t, false, httpApp)
	h.send(get("/plaintext"), http1test.OneBlock)
	defer h.end()
	h.Worker.Clock.Now = h.Conn.Deadline
	h.Conn.Expired = true
	h.Send([]byte("GET"), http1test.OneBlock)
	if h.expect(200); h.Done() || h.Conn.Idle {
		t.Errorf("done %v, idle %v", h.Done(), h.Conn.Idle)
	}
	h.Send([]byte(get("/plaintext")[3:]), http1test.OneBlock)
	h.expect(200, 200)
}

// TestWokenForNothing: a wake-up that brought nothing moves no deadline.
func TestWokenForNothing(t *testing.T) {
	for _, raw := range []string{"", get("/plaintext"), "\r\n", "GET", post("/sink", 9)[:60], post("/echo", 9)[:60], get("/json", "Content-Length: 3")} {
		h := serving(t, false, httpApp)
		h.send(raw, http1test.OneBlock)
		by, idle := h.Conn.Deadline, h.Conn.Idle
		h.Worker.Clock.Now += int64(time.Second)
		if wait := stage.Run(&h.Conn); wait != stage.WaitInput || h.Conn.Deadline != by || h.Conn.Idle != idle || by == 0 {
			t.Errorf("after %q: waits for %v until %d instead of %d, idle %v", raw, wait, h.Conn.Deadline, by, h.Conn.Idle)
		}
		h.end()
	}
}

// TestNever: zero limits are none.
func TestNever(t *testing.T) {
	h := serving(t, false, httpApp)
	h.Worker.Limits = stage.Limits{}
	h.Open(false)
	defer h.end()
	for _, s := range []string{"", "GET", " /json HTTP/1.1\r\nHost: a\r\n\r\n", "POST /sink HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na"} {
		h.Pass(time.Hour)
		h.Send([]byte(s), http1test.OneBlock)
		if h.Conn.Deadline != 0 || h.Done() {
			t.Errorf("after %q: deadline %d, done %v", s, h.Conn.Deadline, h.Done())
		}
	}
}

// TestIdle: idle is what waits with nothing received and nothing owed, and it costs
// no block and no Exchange.
func TestIdle(t *testing.T) {
	h := serving(t, false, httpApp)
	h.Open(false)
	defer h.end()
	for _, s := range []struct {
		send string
		idle bool
	}{
		{"", true},
		{"\r\n", true},
		{"GET /plaintext HTTP/1.1\r\n", false},
		{"Host: a\r\n\r\n", true},
		{post("/echo", 3)[:len(post("/echo", 3))-1], false},
		{"x", true},
		{get("/wait/1ms"), true},
	} {
		h.Send([]byte(s.send), http1test.OneBlock)
		if h.Conn.Idle != s.idle || h.Wait != stage.WaitInput {
			t.Errorf("after %q: idle %v, waits for %v", s.send, h.Conn.Idle, h.Wait)
		}
		if live := h.Worker.Pool.Live(); s.idle && live != 0 {
			t.Errorf("after %q: an idle connection holds %d blocks", s.send, live)
		}
	}
}

// TestExpect: RFC 9110, section 10.1.1.
func TestExpect(t *testing.T) {
	const expect = "Expect: 100-Continue"
	const goOn = "HTTP/1.1 100 Continue\r\n\r\n"
	head := func(path, version string, lines ...string) string {
		return "POST " + path + " HTTP/" + version + "\r\nHost: a\r\n" + crlf(append(lines, expect))
	}
	h := serving(t, false, httpApp)
	for _, tc := range []struct {
		name, head, body string
		goes             bool
		status           int
		done             bool
	}{
		{"buffered", head("/echo", "1.1", "Content-Length: 3"), "abc", true, 200, false},
		{"streamed", head("/sink", "1.1", "Content-Length: 3"), "abc", true, 200, false},
		{"chunked", head("/echo", "1.1", "Transfer-Encoding: chunked"), "3\r\nabc\r\n0\r\n\r\n", true, 200, false},
		{"body has begun to come", head("/echo", "1.1", "Content-Length: 3") + "a", "bc", false, 200, false},
		{"HTTP/1.0", head("/echo", "1.0", "Content-Length: 3", "Connection: keep-alive"), "abc", false, 200, false},
		{"no body", head("/echo", "1.1", "Content-Length: 0"), "", false, 200, false},
		{"too large", head("/echo", "1.1", "Content-Length: 10000000"), "", false, 413, true},
		{"nothing there", head("/nothing", "1.1", "Content-Length: 3"), "", false, 404, true},
		{"not allowed", head("/plaintext", "1.1", "Content-Length: 3"), "", false, 405, true},
		{"nobody reads it", "GET" + head("/plaintext", "1.1", "Content-Length: 3")[4:], "", false, 200, true},
	} {
		h.send(tc.head, http1test.OneBlock)
		if went := string(h.Got) == goOn; went != tc.goes {
			t.Errorf("%s: %q", tc.name, h.Got)
		}
		for i := range tc.body {
			h.Send([]byte{tc.body[i]}, http1test.OneBlock)
		}
		h.Got = []byte(strings.TrimPrefix(string(h.Got), goOn))
		h.expect(tc.status)
		if h.Done() != tc.done || h.Conn.Ended != 1 {
			t.Errorf("%s: done %v, %d ended", tc.name, h.Done(), h.Conn.Ended)
		}
		h.end()
	}
}

// TestIgnoredBody: what nobody reads is read away if it is small, and ends the
// connection if not.
func TestIgnoredBody(t *testing.T) {
	h := serving(t, false, httpApp)
	for _, tc := range []struct {
		name, lines, body string
		stays             bool
	}{
		{"small", "Content-Length: 1000", strings.Repeat("x", 1000), true},
		{"at the bound", "Content-Length: 262144", strings.Repeat("x", 256<<10), true},
		{"over the bound", "Content-Length: 262145", "x", false},
		{"chunks", "Transfer-Encoding: chunked", "1\r\nx\r\n3e8\r\n" + strings.Repeat("x", 1000) + "\r\n0\r\n\r\n", true},
		{"chunks over the bound", "Transfer-Encoding: chunked", "1\r\nx\r\n40000\r\nx", false},
	} {
		h.send(get("/plaintext", tc.lines)+tc.body, http1test.Foreign)
		a := h.expect(200)[0]
		if a.Close == tc.stays || h.Done() == tc.stays || h.Conn.Linger == tc.stays {
			t.Errorf("%s: close=%v, done %v, linger %v", tc.name, a.Close, h.Done(), h.Conn.Linger)
		}
		h.end()
	}
}

package http1_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/c10kit/c10kit/models/app"
	"github.com/c10kit/c10kit/models/app/http1/http1test"
	"github.com/c10kit/c10kit/models/stage"
)

const before = "GET /plaintext HTTP/1.1\r\nHost: before\r\n\r\n"

// answer is a response as a client sees it.
type answer struct {
	Status int
	Header http.Header
	Body   string
	Close  bool
	Proto  string
}

// answers parses what a server sent; methods are those of the requests, GET where
// they run out. The parser is net/http's: a judge who is not a friend of the house.
func answers(raw []byte, methods ...string) ([]answer, error) {
	var all []answer
	r := bufio.NewReader(bytes.NewReader(raw))
	for {
		if _, err := r.Peek(1); err == io.EOF {
			return all, nil
		}
		method := "GET"
		if len(methods) > 0 {
			method, methods = methods[0], methods[1:]
		}
		resp, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			return all, fmt.Errorf("answer %d: %w", len(all)+1, err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return all, fmt.Errorf("body of answer %d: %w", len(all)+1, err)
		}
		all = append(all, answer{resp.StatusCode, resp.Header, string(body), resp.Close, resp.Proto})
	}
}

// harness serves connections of a pipeline, one after another, on one worker.
type harness struct {
	*http1test.Driver
	t *testing.T
}

func serving(t *testing.T, copying bool, make func(*stage.Worker) (stage.Pipeline, error)) harness {
	t.Helper()
	w, drain := http1test.NewWorker(copying)
	p, err := make(w)
	if err != nil {
		t.Fatal(err)
	}
	return harness{http1test.New(w, drain, p), t}
}

func httpApp(w *stage.Worker) (stage.Pipeline, error) { return app.New("http", w) }

func mirrorApp(*stage.Worker) (stage.Pipeline, error) { return http1test.Mirror() }

// send opens a connection, sends raw and returns what came back. The connection
// stays open; the caller closes it.
func (h harness) send(raw string, l http1test.Layout) []byte {
	h.Open(false)
	h.Send([]byte(raw), l)
	return h.Got
}

// end closes the connection and complains about what it left behind.
func (h harness) end() {
	h.t.Helper()
	if err := h.Close(); err != nil {
		h.t.Error(err)
	}
}

// offsets returns where a request is split: everywhere if it is short, around what
// matters if it is long.
func offsets(n int) []int {
	var all []int
	for i := range n {
		if n < 700 || i < 20 || i > n-20 || i%4096 < 2 || i%4096 > 4094 {
			all = append(all, i)
		}
	}
	return all
}

func TestHostile(t *testing.T) {
	if n := len(http1test.Hostile); n < 40 {
		t.Fatalf("only %d rows", n)
	}
	for _, copying := range []bool{false, true} {
		h := serving(t, copying, httpApp)
		for _, tc := range http1test.Hostile {
			t.Run(fmt.Sprintf("copying=%v/%s", copying, tc.Name), func(t *testing.T) {
				h.t = t
				want := h.refused(&tc, tc.Raw, http1test.OneBlock, 1)
				for _, l := range http1test.Layouts {
					if got := h.refused(&tc, tc.Raw, l, 1); !bytes.Equal(got, want) {
						t.Errorf("%s: %q instead of %q", l.Name, got, want)
					}
					h.refused(&tc, before+tc.Raw, l, 2)
				}
				if copying {
					return // where the memory is cut is the same to both
				}
				for _, i := range offsets(len(tc.Raw)) {
					if got := h.refused(&tc, tc.Raw, http1test.SplitAt(i), 1); !bytes.Equal(got, want) {
						t.Errorf("split at %d: %q instead of %q", i, got, want)
					}
				}
			})
		}
	}
}

// refused sends a hostile request, the last of n, and returns everything that was
// answered.
func (h harness) refused(tc *http1test.Case, raw string, l http1test.Layout, n int) []byte {
	h.t.Helper()
	got := h.send(raw, l)
	defer h.end()
	if tc.Status == 0 {
		h.EOF()
		got = h.Got
	}
	all, err := answers(got)
	if err != nil {
		h.t.Fatalf("%s: %v in %q", l.Name, err, got)
	}
	c := &h.Conn
	switch {
	case !h.Done():
		h.t.Errorf("%s: the connection was not closed; got %q", l.Name, got)
	case tc.Status == 0 && len(all) == n-1:
	case len(all) != n:
		h.t.Errorf("%s: %d answers instead of %d: %q", l.Name, len(all), n, got)
	case tc.Status != 0 && all[n-1].Status != tc.Status:
		h.t.Errorf("%s: status %d instead of %d: %s", l.Name, all[n-1].Status, tc.Status, all[n-1].Body)
	case !all[n-1].Close || all[n-1].Body == "" || !c.Linger:
		h.t.Errorf("%s: an error answer says close, has a body and lingers: %q, linger %v", l.Name, got, c.Linger)
	case c.Begun != uint64(n) || c.Ended != uint64(n):
		h.t.Errorf("%s: %d begun and %d ended instead of %d", l.Name, c.Begun, c.Ended, n)
	}
	return got
}

func TestValid(t *testing.T) {
	for _, copying := range []bool{false, true} {
		site, mirror := serving(t, copying, httpApp), serving(t, copying, mirrorApp)
		for _, tc := range http1test.Valid {
			t.Run(fmt.Sprintf("copying=%v/%s", copying, tc.Name), func(t *testing.T) {
				site.t, mirror.t = t, t
				layouts := http1test.Layouts
				for _, i := range offsets(len(tc.Raw)) {
					if !copying { // where the memory is cut is the same to both
						layouts = append(layouts, http1test.SplitAt(i))
					}
				}
				for _, l := range layouts {
					if got := site.accepted(&tc, l); got.Status != tc.Status {
						t.Errorf("%s: status %d instead of %d", l.Name, got.Status, tc.Status)
					}
					got := mirror.accepted(&tc, l)
					if want := tc.Mirrored(); tc.Method != "HEAD" && got.Body != want {
						t.Errorf("%s: understood something else (-want +got):\n%s", l.Name, cmp.Diff(want, got.Body))
					}
				}
			})
		}
	}
}

// accepted sends a valid request, and one after it if the connection stays, and
// returns the answer to the former.
func (h harness) accepted(tc *http1test.Case, l http1test.Layout) answer {
	h.t.Helper()
	h.send(tc.Raw, l)
	defer h.end()
	methods := []string{tc.Method, "GET"}
	n := 1
	if !h.Done() {
		h.Send([]byte(before), http1test.OneBlock)
		n = 2
	}
	all, err := answers(bytes.ReplaceAll(h.Got, []byte("HTTP/1.1 100 Continue\r\n\r\n"), nil), methods...)
	if err != nil {
		h.t.Fatalf("%s: %v in %q", l.Name, err, h.Got)
	}
	if len(all) != n || h.Conn.Begun != uint64(n) || h.Conn.Ended != uint64(n) {
		h.t.Fatalf("%s: %d answers, %d begun, %d ended instead of %d: %q", l.Name, len(all), h.Conn.Begun, h.Conn.Ended, n, h.Got)
	}
	if closes := h.Conn.Linger || n == 1; all[0].Close != closes {
		h.t.Errorf("%s: the answer says close=%v", l.Name, all[0].Close)
	}
	return all[0]
}

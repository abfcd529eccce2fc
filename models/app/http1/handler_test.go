package http1_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/c10kit/c10kit/models/app"
	"github.com/c10kit/c10kit/models/app/http1"
	"github.com/c10kit/c10kit/models/app/http1/http1test"
	"github.com/c10kit/c10kit/models/stage"
)

func ok(x *http1.Exchange) stage.Next { return x.Reply(200, "text/plain", x.Rest()) }

func TestRoutesRefused(t *testing.T) {
	for _, tc := range []struct {
		route http1.Route
		says  string
	}{
		{http1.Route{Method: "BREW", Path: "/", Handler: ok}, "method"},
		{http1.Route{Method: "get", Path: "/", Handler: ok}, "method"},
		{http1.Route{Method: "CONNECT", Path: "/", Handler: ok}, "method"},
		{http1.Route{Method: "GET", Path: "a", Handler: ok}, "slash"},
		{http1.Route{Method: "GET", Path: "", Handler: ok}, "slash"},
		{http1.Route{Method: "GET", Path: "*", Handler: ok}, "slash"},
		{http1.Route{Method: "GET", Path: "/a"}, "no handler"},
		{http1.Route{Method: "GET", Path: "/twice", Handler: ok}, "twice"},
		{http1.Route{Method: "GET", Path: "/below/", Handler: ok}, "twice"},
		{http1.Route{Method: "OPTIONS", Path: "*", Handler: ok}, "twice"},
	} {
		_, err := http1.New([]http1.Route{
			{Method: "GET", Path: "/twice", Handler: ok},
			{Method: "GET", Path: "/below/", Handler: ok},
			{Method: "OPTIONS", Path: "*", Handler: ok},
			tc.route,
		})
		if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.HasPrefix(err.Error(), "http1: ") {
			t.Errorf("%s %q: %v", tc.route.Method, tc.route.Path, err)
		}
	}
}

// routed serves one request of routes and returns the answers.
func routed(t *testing.T, raw string, routes ...http1.Route) (harness, []answer) {
	t.Helper()
	h := serving(t, false, func(*stage.Worker) (stage.Pipeline, error) { return http1.New(routes) })
	h.send(raw, http1test.Foreign)
	method, _, _ := strings.Cut(raw, " ")
	all, err := answers(h.Got, method)
	if err != nil {
		t.Fatalf("%v: %q", err, h.Got)
	}
	return h, all
}

func TestRouting(t *testing.T) {
	say := func(s string) http1.Handler {
		return func(x *http1.Exchange) stage.Next {
			return x.Reply(200, "text/plain", []byte(s+" "+string(x.Rest())))
		}
	}
	routes := []http1.Route{
		{Method: "GET", Path: "/", Handler: say("root")},
		{Method: "GET", Path: "/a", Handler: say("a")},
		{Method: "GET", Path: "/a/", Handler: say("below a")},
		{Method: "GET", Path: "/a/b/", Handler: say("below b")},
		{Method: "HEAD", Path: "/a", Handler: say("longer than a")},
	}
	for path, want := range map[string]string{
		"/": "root ", "/x/y": "root x/y", "/a": "a ", "/a?b/": "a ", "/a/": "below a ", "/a/c": "below a c",
		"/a/b": "below a b", "/a/b/c": "below b c", "/%61/%62/c%2fd": "below b c/d", "http://h": "root ", "http://h/a": "a ",
	} {
		h, all := routed(t, get(path)+get("/a"), routes...)
		if len(all) != 2 || all[0].Body != want || all[1].Body != "a " {
			t.Errorf("%s: %q instead of %q", path, h.Got, want)
		}
		h.end()
	}
	h, all := routed(t, "HEAD"+get("/a")[3:], routes...)
	if n := all[0].Header.Get("Content-Length"); n != fmt.Sprint(len("longer than a ")) {
		t.Errorf("a route for HEAD of its own: Content-Length %s", n)
	}
	h.end()
}

// TestRequestAsSeen: all that a handler can ask of a request, before and after it
// had to wait, in memory that is shared or copied.
func TestRequestAsSeen(t *testing.T) {
	look := func(x *http1.Exchange) string {
		fields := map[string]string{}
		for name, value := range x.Fields {
			fields[string(name)] = string(value)
		}
		for range x.Fields {
			break
		}
		return fmt.Sprintf("%s 1.%d %s %s %s %s %s %s %q %v %q", x.Method(), x.Minor(), x.Target(), x.Path(), x.Rest(), x.Query(),
			x.Host(), x.Field("x"), x.Field("absent"), slices.Sorted(maps.Keys(fields)), x.Body().Bytes())
	}
	const want = `POST 1.1 /p/%41?q=%42 /p/A A q=%42 a:1 one "" [Content-Length Host X] "body"`
	for _, copying := range []bool{false, true} {
		first := ""
		h := serving(t, copying, func(*stage.Worker) (stage.Pipeline, error) {
			return http1.New([]http1.Route{{Method: "POST", Path: "/p/", Body: http1.Buffered, Handler: func(x *http1.Exchange) stage.Next {
				first = look(x)
				return x.Wait(time.Millisecond, func(x *http1.Exchange) stage.Next {
					return x.Reply(200, "", []byte(look(x)))
				})
			}}})
		})
		raw := "POST /p/%41?q=%42 HTTP/1.1\r\nHost: a:1\r\nX: one\r\nX: two\r\nContent-Length: 4\r\n\r\nbody"
		for i := range len(raw) {
			h.send(raw, http1test.SplitAt(i))
			if got := h.expect(200)[0].Body; first != want || got != want {
				t.Errorf("split at %d: %s\n%s\nwant %s", i, first, got, want)
			}
			h.end()
		}
	}
}

// TestField: names are compared without regard to case, and nothing else is the
// same.
func TestField(t *testing.T) {
	var got []string
	h, _ := routed(t, get("/", "X_Y: 1", "A^~B: 2", "X-Long_Name.9: 3", "eMPTY:", "x_y: again"), http1.Route{
		Method: "GET", Path: "/", Handler: func(x *http1.Exchange) stage.Next {
			for _, name := range []string{"x_y", "a^~b", "x-long_name.9", "host", "empty", "a~^b", "x-y", "x\x7fy", "x"} {
				value := x.Field(name)
				got = append(got, fmt.Sprintf("%s %v", value, value != nil))
			}
			return ok(x)
		},
	})
	h.end()
	want := []string{"1 true", "2 true", "3 true", "a true", " true", " false", " false", " false", " false"}
	if !slices.Equal(got, want) {
		t.Errorf("%q instead of %q", got, want)
	}
}

// TestAdd: what a handler adds cannot break out of its line.
func TestAdd(t *testing.T) {
	h, all := routed(t, get("/", "X: "+strings.Repeat("v", 9000)), http1.Route{Method: "GET", Path: "/", Handler: func(x *http1.Exchange) stage.Next {
		x.Add("X-One", "a\r\nSet-Cookie: b\x00\x7f\tc\xe9")
		x.Add("X-Two", string(x.Field("x")))
		return x.Reply(201, "text/html", bytes.Repeat([]byte("b"), 5000))
	}})
	defer h.end()
	a := all[0]
	if got := a.Header.Get("X-One"); got != "a  Set-Cookie: b  \tc\xe9" || a.Header.Get("Set-Cookie") != "" {
		t.Errorf("%q", got)
	}
	if a.Status != 201 || len(a.Header.Get("X-Two")) != 9000 || len(a.Body) != 5000 || a.Header.Get("Content-Type") != "text/html" {
		t.Errorf("%d, %d, %d", a.Status, len(a.Header.Get("X-Two")), len(a.Body))
	}
}

// TestBodiless: 204 and 304 have no body and need no length.
func TestBodiless(t *testing.T) {
	for _, status := range []int{204, 304} {
		h, all := routed(t, get("/")+get("/"), http1.Route{Method: "GET", Path: "/", Handler: func(x *http1.Exchange) stage.Next {
			return x.Reply(status, "", []byte("must not be sent"))
		}})
		if len(all) != 2 || all[1].Status != status {
			t.Errorf("%q", h.Got)
		}
		h.end()
	}
}

// TestRead: a handler of a Streamed route that answers early, or that has no body
// to read, or takes part of each piece.
func TestRead(t *testing.T) {
	var got []byte
	route := func(h http1.Handler) http1.Route {
		return http1.Route{Method: "POST", Path: "/", Body: http1.Streamed, Handler: h}
	}
	read := route(func(x *http1.Exchange) stage.Next {
		got = nil
		return x.Read(func(x *http1.Exchange) {
			got = append(got, x.Body().Bytes()...)
			x.Body().TrimFront(x.Body().Len() / 2)
		}, ok)
	})
	const post = "POST / HTTP/1.1\r\nHost: a\r\n"
	for _, tc := range []struct {
		raw, body string
	}{
		{post + "Content-Length: 6\r\n\r\nabcdef", "abcdef"},
		{post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n", "abcdef"},
		{post + "\r\n", ""},
	} {
		h := serving(t, false, func(*stage.Worker) (stage.Pipeline, error) { return http1.New([]http1.Route{read}) })
		for _, l := range http1test.Layouts {
			h.send(tc.raw+tc.raw, l)
			if h.expect(200, 200); string(got) != tc.body {
				t.Errorf("%s: %q was read", l.Name, got)
			}
			h.end()
		}
	}
	h, all := routed(t, post+"Content-Length: 6\r\n\r\nabcdef", route(ok))
	if !all[0].Close || !h.Done() || !h.Conn.Linger {
		t.Errorf("answered without reading: close=%v, done %v, linger %v", all[0].Close, h.Done(), h.Conn.Linger)
	}
	h.end()
}

// TestMisuse: a handler's bug panics with a sentence, which nobody but the
// handler's author will see.
func TestMisuse(t *testing.T) {
	nothing := func(*http1.Exchange) {}
	fill := func(s string) http1.Handler {
		return func(x *http1.Exchange) stage.Next {
			return x.ReplyN(200, "text/plain", 3, func(x *http1.Exchange, _, _ int64) { x.Conn().Out.AppendString(s) })
		}
	}
	for name, handler := range map[string]http1.Handler{
		"answered twice": func(x *http1.Exchange) stage.Next {
			x.Reply(200, "", nil)
			return x.Reply(200, "", nil)
		},
		"not Streamed":    func(x *http1.Exchange) stage.Next { return x.Read(nothing, ok) },
		"not a final one": func(x *http1.Exchange) stage.Next { return x.Reply(100, "", nil) },
		"600":             func(x *http1.Exchange) stage.Next { return x.Reply(600, "", nil) },
		"Fill appended 0": fill(""),
		"Fill appended 4": fill("four"),
		"more than 32768 bytes": func(x *http1.Exchange) stage.Next {
			x.Add("a", strings.Repeat("b", 20000))
			x.Add("a", strings.Repeat("b", 20000))
			return ok(x)
		},
		"not the name of a field": func(x *http1.Exchange) stage.Next { x.Add("a b", ""); return ok(x) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if s := fmt.Sprint(recover()); !strings.HasPrefix(s, "http1: ") || !strings.Contains(s, name) {
					t.Errorf("panicked with %q", s)
				}
			}()
			routed(t, get("/"), http1.Route{Method: "GET", Path: "/", Handler: handler})
		})
	}
}

// TestAllocations: a request allocates nothing, on any of the paths that are
// measured.
func TestAllocations(t *testing.T) {
	chunks := "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
		strings.Repeat("258\r\n"+strings.Repeat("x", 600)+"\r\n2\r\nyy\r\n", 20) + "0\r\n\r\n"
	for name, raw := range map[string]string{
		"plaintext": strings.Repeat(wrkRequest, 16), "browser": browserRequest, "json": get("/json"), "echo": post("/echo", 100),
		"echo of chunks": chunks, "echo of 1 MiB": post("/echo", 1<<20), "sink": post("/sink", 100000), "hash": get("/hash/100000"),
		"bytes": get("/bytes/200000"), "file": get("/bytes/3000000"), "head": "HEAD" + get("/json")[3:],
		"options": "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "wait": get("/wait/1ms"),
	} {
		c, done := open(t)
		raw := []byte(raw)
		serve(c, raw)
		ended := c.Ended
		if n := testing.AllocsPerRun(100, func() { serve(c, raw) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
		if c.Ended < ended+100 {
			t.Errorf("%s: only %d requests were answered", name, c.Ended-ended)
		}
		done()
	}
}

func ExampleNew() {
	app.Register("example", func(*stage.Worker) (stage.Pipeline, error) {
		return http1.New([]http1.Route{{Method: "GET", Path: "/hello/", Handler: func(x *http1.Exchange) stage.Next {
			return x.Reply(200, "text/plain", []byte("Hello, "+string(x.Rest())+"!"))
		}}})
	})

	w, drain := http1test.NewWorker(false)
	p, err := app.New("example", w)
	if err != nil {
		fmt.Println(err)
		return
	}
	d := http1test.New(w, drain, p)
	d.Open(false)
	d.Send([]byte("GET /hello/world HTTP/1.1\r\nHost: a\r\n\r\n"), http1test.OneBlock)
	all, err := answers(d.Got)
	fmt.Println(all[0].Status, all[0].Body, err, d.Close())
	// Output: 200 Hello, world! <nil> <nil>
}

package cmd

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/c10kit/c10kit/models/app"
	"github.com/c10kit/c10kit/models/control"
	"github.com/c10kit/c10kit/models/modeltest"
)

// TestModel: what of the suite can be asked of a foreign server.
func TestModel(t *testing.T) {
	for _, variant := range []string{"nginx", "httpd-event", "floor"} {
		t.Run(variant, func(t *testing.T) {
			needs(t, variant)
			modeltest.TestModel(t, "cmd:"+variant)
		})
	}
}

// TestServes: the answers that comparisons use, and a clean end.
func TestServes(t *testing.T) {
	tmp := temporary(t)
	installed(t, func(t *testing.T, prog program) {
		t.Parallel() // httpd ends on the next full second of its own
		p := startServer(t, "cmd:"+prog.name, nil)
		pids := processes(t, p, family[prog.name]/2)
		answersAsTheHTTPApp(t, p, prog.name != "floor")
		manyConnections(t, p, prog.name == "floor")
		pids = append(pids, processes(t, p, family[prog.name]/2)...)
		if err := p.Stop(10 * time.Second); err != nil {
			t.Errorf("the end: %v", err)
		}
		allEnd(t, pids, time.Second)
	})
	t.Cleanup(func() { empty(t, tmp) })
}

func answersAsTheHTTPApp(t *testing.T, p *control.Process, parses bool) {
	t.Helper()
	c := dial(t, p)
	defer c.Close()
	r := bufio.NewReader(c)
	c.exchange(t, r, "GET", "/plaintext", 200, "text/plain", helloText)
	if !parses {
		return
	}
	c.exchange(t, r, "GET", "/json", 200, "application/json", helloJSON)
	c.exchange(t, r, "HEAD", "/json", 200, "application/json", "")
	for _, n := range bodies {
		c.exchange(t, r, "GET", fmt.Sprintf("/bytes/%d", n), 200, "application/octet-stream", pattern(n))
	}
	c.exchange(t, r, "GET", "/bytes/17", 404, "", "")
}

// pattern is n bytes as /bytes/N sends them.
func pattern(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteByte(app.Pattern(int64(i)))
	}
	return b.String()
}

// manyConnections holds 64, with a request on each, and pipelines on one.
func manyConnections(t *testing.T, p *control.Process, alike bool) {
	t.Helper()
	var conns []conn
	for range 64 {
		c := dial(t, p)
		defer c.Close()
		c.exchange(t, bufio.NewReader(c), "GET", "/plaintext", 200, "text/plain", helloText)
		conns = append(conns, c)
	}
	if alike { // a read, and so an answer, may take all 16 for one
		return
	}
	r := bufio.NewReader(conns[0])
	if _, err := io.WriteString(conns[0], strings.Repeat(get("GET", "/plaintext"), 16)); err != nil {
		t.Fatal(err)
	}
	for range 16 {
		receive(t, r, "GET", "/plaintext", 200, "text/plain", helloText)
	}
}

// conn is a client's end with a deadline.
type conn struct{ net.Conn }

func dial(t *testing.T, p *control.Process) conn {
	t.Helper()
	d := net.Dialer{Timeout: 5 * time.Second}
	c, err := d.DialContext(t.Context(), "tcp", p.Addr())
	if err == nil {
		err = c.SetDeadline(time.Now().Add(10 * time.Second))
	}
	if err != nil {
		t.Fatal(err)
	}
	return conn{c}
}

func get(method, path string) string { return method + " " + path + " HTTP/1.1\r\nHost: test\r\n\r\n" }

func (c conn) exchange(t *testing.T, r *bufio.Reader, method, path string, status int, contentType, body string) {
	t.Helper()
	if _, err := io.WriteString(c, get(method, path)); err != nil {
		t.Fatal(err)
	}
	receive(t, r, method, path, status, contentType, body)
}

// receive reads an answer; a body of another status than 200 is anybody's.
func receive(t *testing.T, r *bufio.Reader, method, path string, status int, contentType, body string) {
	t.Helper()
	a, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	got, err := io.ReadAll(a.Body)
	a.Body.Close()
	switch {
	case err != nil || a.StatusCode != status:
		t.Fatalf("%s %s: status %d, %v", method, path, a.StatusCode, err)
	case status != 200:
	case string(got) != body || a.Header.Get("Content-Type") != contentType:
		t.Errorf("%s %s: %s with %d bytes, %.30q", method, path, a.Header.Get("Content-Type"), len(got), got)
	case a.Header.Get("Server") == "" || a.Header.Get("Date") == "" || a.ContentLength < 0:
		t.Errorf("%s %s: the fields %v", method, path, a.Header)
	}
}

// TestDrainAnswers: a request whose first half is there when the drain begins is
// answered, and an idle connection does not keep the server. It would keep httpd-worker,
// whose processes hear nothing more after the gentle signal: docs/models/cmd.md.
func TestDrainAnswers(t *testing.T) {
	temporary(t)
	installed(t, func(t *testing.T, prog program) {
		if prog.name == "floor" {
			t.Skip("the C floor ends at once: it has nothing to tidy")
		}
		t.Parallel()
		p := startServer(t, "cmd:"+prog.name, nil)
		idle, busy := dial(t, p), dial(t, p)
		defer idle.Close()
		defer busy.Close()
		idle.exchange(t, bufio.NewReader(idle), "GET", "/plaintext", 200, "text/plain", helloText)
		if prog.name == "httpd-worker" {
			idle.Close()
		}
		request := get("GET", "/bytes/1048576")
		if _, err := io.WriteString(busy, request[:10]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond) // it is accepted and read
		if err := p.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond) // the signal has come through to the workers
		if _, err := io.WriteString(busy, request[10:]); err != nil {
			t.Fatal(err)
		}
		receive(t, bufio.NewReader(busy), "GET", "/bytes/1048576", 200, "application/octet-stream", pattern(1<<20))
		busy.Close()
		begin := time.Now()
		<-p.Exited()
		if err := p.Stop(0); err != nil {
			t.Errorf("the end, %v later: %v", time.Since(begin), err)
		}
	})
}

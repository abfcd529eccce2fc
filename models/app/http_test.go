package app_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/app"
	"github.com/c10kit/c10kit/models/app/http1/http1test"
	"github.com/c10kit/c10kit/models/stage"
)

// ask sends a request on a new connection and returns the answer.
func ask(t *testing.T, d *http1test.Driver, raw string, l http1test.Layout) (*http.Response, []byte) {
	t.Helper()
	d.Open(false)
	d.Send([]byte(raw), l)
	defer closing(t, d)
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(d.Got)), nil)
	if err != nil {
		t.Fatalf("%.200q: %v", raw, err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%.200q: %v", raw, err)
	}
	return resp, body
}

func get(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n" }

func post(path, body string, lines ...string) string {
	lines = append([]string{"POST " + path + " HTTP/1.1", "Host: a", fmt.Sprint("Content-Length: ", len(body))}, lines...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

func TestPaths(t *testing.T) {
	for _, tc := range []struct {
		path, contentType, body string
		status                  int
	}{
		{"/plaintext", "text/plain", "Hello, World!", 200},
		{"/json", "application/json", `{"message":"Hello, World!"}`, 200},
		{"/bytes/0", "application/octet-stream", "", 200},
		{"/hash/0", "text/plain", fmt.Sprintf("%x", sha256.Sum256(nil)), 200},
		{"/hash/200000", "text/plain", fmt.Sprintf("%x", sha256.Sum256(pattern(200000))), 200},
		{"/wait/0", "text/plain", "waited\n", 200},
		{"/wait/1.5ms", "text/plain", "waited\n", 200},
		{"/wait/10s", "text/plain", "waited\n", 200},
	} {
		d := drive(t, "http", false, false)
		resp, body := ask(t, d, get(tc.path), http1test.OneBlock)
		if resp.StatusCode != tc.status || resp.Header.Get("Content-Type") != tc.contentType || string(body) != tc.body {
			t.Errorf("%s: %d, %v, %q", tc.path, resp.StatusCode, resp.Header, body)
		}
	}
}

// TestBadNumbers: what stands for N or D is a 400 if it is none or too large.
func TestBadNumbers(t *testing.T) {
	d := drive(t, "http", false, true)
	for _, path := range []string{
		"/bytes/", "/bytes/x", "/bytes/-1", "/bytes/1/2", "/bytes/1073741825", "/bytes/99999999999999999999", "/bytes/1e3",
		"/hash/", "/hash/1048577", "/hash/0x10", "/wait/", "/wait/1", "/wait/-1s", "/wait/10.000001s", "/wait/x", "/block/", "/block/11s", "/spin/1h",
	} {
		if resp, _ := ask(t, d, get(path), http1test.OneBlock); resp.StatusCode != 400 {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
	for _, path := range []string{"/", "/bytes", "/plaintext/", "/Plaintext", "/backend", "/crash/"} {
		if resp, _ := ask(t, d, get(path), http1test.OneBlock); resp.StatusCode != 404 {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = app.Pattern(int64(i))
	}
	return b
}

// TestBytes: byte-exact over every seam, out of memory, file and copies.
func TestBytes(t *testing.T) {
	for _, copying := range []bool{false, true} {
		d := drive(t, "http", copying, false)
		for _, n := range []int{1, 65535, 65536, 65537, 131072, 256<<10 - 1, 256 << 10, 1<<20 - 1, 1 << 20, 1<<20 + 1, 3<<20 + 12345} {
			_, body := ask(t, d, get(fmt.Sprint("/bytes/", n)), http1test.OneBlock)
			if !bytes.Equal(body, pattern(n)) {
				t.Errorf("%d bytes, copying=%v: %d came, and not these", n, copying, len(body))
			}
		}
	}
}

// TestBytesFromFile: large bodies are ranges of a file, unless the pool copies.
func TestBytesFromFile(t *testing.T) {
	for _, copying := range []bool{false, true} {
		d := drive(t, "http", copying, false)
		d.Open(false)
		d.Conn.In.AppendString(get("/bytes/262144"))
		stage.Run(&d.Conn)
		head := d.Conn.Out.Front()
		_, _, file := head.Next().File()
		if file == copying {
			t.Errorf("copying=%v: file range %v", copying, file)
		}
		closing(t, d)
	}
}

// TestPattern: its period is 64 KiB and nothing less, and two neighbouring pages
// differ.
func TestPattern(t *testing.T) {
	p := pattern(128 << 10)
	if !bytes.Equal(p[:64<<10], p[64<<10:]) {
		t.Error("the period is not 64 KiB")
	}
	for period := 1; period < 64<<10; period *= 2 {
		if bytes.Equal(p[:64<<10], p[period:64<<10+period]) {
			t.Errorf("a period of %d", period)
		}
	}
}

func TestEchoBody(t *testing.T) {
	body := strings.Repeat("echo ", 30000)
	for _, copying := range []bool{false, true} {
		d := drive(t, "http", copying, false)
		for _, l := range []http1test.Layout{http1test.OneBlock, http1test.Foreign, http1test.Shared, http1test.SplitAt(100), http1test.SplitAt(70000)} {
			resp, got := ask(t, d, post("/echo", body, "Content-Type: text/x-test; q=\"a b\""), l)
			if string(got) != body || resp.Header.Get("Content-Type") != `text/x-test; q="a b"` {
				t.Errorf("%s: %d bytes, %v", l.Name, len(got), resp.Header)
			}
		}
		if resp, _ := ask(t, d, post("/echo", ""), http1test.OneBlock); resp.Header.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("%v", resp.Header)
		}
		full := strings.Repeat("x", int(http1test.Limits.MaxBody))
		if resp, got := ask(t, d, post("/echo", full), http1test.OneBlock); resp.StatusCode != 200 || len(got) != len(full) {
			t.Errorf("a body of MaxBody bytes: %d, %d", resp.StatusCode, len(got))
		}
	}
}

// TestEchoMovesBody: what is echoed is the memory that was received.
func TestEchoMovesBody(t *testing.T) {
	d := drive(t, "http", false, false)
	d.Open(false)
	head := post("/echo", strings.Repeat("x", 3000))
	d.Conn.In.AppendString(head)
	last := &d.Conn.In.First()[len(head)-1]
	stage.Run(&d.Conn)
	body := d.Conn.Out.Front().Next().Bytes()
	if &body[len(body)-1] != last {
		t.Error("it was copied")
	}
	closing(t, d)
}

func TestSink(t *testing.T) {
	body := string(pattern(300000))
	want := fmt.Sprintf(`{"bytes":%d,"sha256":"%x"}`, len(body), sha256.Sum256([]byte(body)))
	for _, copying := range []bool{false, true} {
		d := drive(t, "http", copying, false)
		for _, l := range []http1test.Layout{http1test.OneBlock, http1test.Foreign, http1test.Shared, http1test.SplitAt(5), http1test.SplitAt(90000)} {
			resp, got := ask(t, d, post("/sink", body), l)
			if string(got) != want || resp.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%s: %s instead of %s, %v", l.Name, got, want, resp.Header)
			}
		}
		if _, got := ask(t, d, post("/sink", ""), http1test.OneBlock); string(got) != fmt.Sprintf(`{"bytes":0,"sha256":"%x"}`, sha256.Sum256(nil)) {
			t.Errorf("%s", got)
		}
	}
}

// TestSinkMemory: a streamed body does not pile up.
func TestSinkMemory(t *testing.T) {
	d := drive(t, "http", false, false)
	d.Open(false)
	d.Send([]byte("POST /sink HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n"), http1test.OneBlock)
	piece := pattern(100000)
	for range 50 {
		d.Send(piece, http1test.OneBlock)
		if live := d.Worker.Pool.Live(); live > 2 {
			t.Fatalf("%d blocks are in use", live)
		}
	}
	closing(t, d)
}

// TestWait: the timer is the model's, and as long as was asked for.
func TestWait(t *testing.T) {
	d := drive(t, "http", false, false)
	d.Open(false)
	d.Conn.In.AppendString(get("/wait/250ms"))
	wait := stage.Run(&d.Conn)
	left := time.Duration(d.Conn.Deadline - d.Worker.Clock.Update())
	if wait != stage.WaitTimer || left > 250*time.Millisecond || d.Conn.Idle || d.Conn.Ended != 0 {
		t.Errorf("waits for %v, %v left, idle %v, %d ended", wait, left, d.Conn.Idle, d.Conn.Ended)
	}
	// A model that wakes it too early is sent back.
	if wait = stage.Run(&d.Conn); wait != stage.WaitTimer {
		t.Errorf("woken early it waits for %v", wait)
	}
	d.Worker.Clock.Now = d.Conn.Deadline
	if wait = stage.Run(&d.Conn); wait != stage.WaitInput || d.Conn.Ended != 1 {
		t.Errorf("then it waits for %v, %d ended", wait, d.Conn.Ended)
	}
	closing(t, d)
}

// TestLab: the dangerous paths are there only when they were asked for.
func TestLab(t *testing.T) {
	for _, path := range []string{"/block/1ms", "/spin/1ms", "/crash"} {
		if resp, _ := ask(t, drive(t, "http", false, false), get(path), http1test.OneBlock); resp.StatusCode != 404 {
			t.Errorf("%s without a lab: %d", path, resp.StatusCode)
		}
	}
	d := drive(t, "http", false, true)
	start := time.Now()
	if _, body := ask(t, d, get("/block/30ms"), http1test.OneBlock); string(body) != "blocked\n" || time.Since(start) < 30*time.Millisecond {
		t.Errorf("%q after %v", body, time.Since(start))
	}
	if len(d.Waits) == 0 || d.Waits[0] != stage.WaitWorker {
		t.Errorf("/block waits for %v: the model was not asked for a thread", d.Waits)
	}
	used := cpu()
	if _, body := ask(t, d, get("/spin/20ms"), http1test.OneBlock); string(body) != "spun\n" || cpu()-used < 20*time.Millisecond {
		t.Errorf("%q after %v of CPU time", body, cpu()-used)
	}
}

// cpu returns the CPU time of the process.
func cpu() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts); err != nil {
		panic(err)
	}
	return time.Duration(ts.Nano())
}

// TestCrash: nothing in the pipeline survives it or gives it another meaning.
func TestCrash(t *testing.T) {
	d := drive(t, "http", false, true)
	d.Open(false)
	defer func() {
		if s := fmt.Sprint(recover()); !strings.Contains(s, "nil pointer") {
			t.Errorf("/crash: %s", s)
		}
	}()
	d.Send([]byte(get("/crash")), http1test.OneBlock)
	t.Error("/crash was answered")
}

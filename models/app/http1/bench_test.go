package http1_test

import (
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/app"
	"github.com/c10kit/c10kit/models/app/http1/http1test"
	"github.com/c10kit/c10kit/models/buf"
	"github.com/c10kit/c10kit/models/stage"
)

const (
	// wrkRequest is what wrk sends, captured.
	wrkRequest = "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"
	// browserRequest has the size and the shape of a browser's, 500 bytes.
	browserRequest = "GET /plaintext HTTP/1.1\r\nHost: localhost:8080\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
		"Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n" +
		"Connection: keep-alive\r\nUpgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\n" +
		"Sec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\nSec-Fetch-User: ?1\r\nPriority: u=0, i\r\n\r\n"
)

// BenchmarkRequest is a request from the bytes in In to the answer in Out, and
// both given back: everything but the system calls. pipelined is 16 of them in one
// read.
func BenchmarkRequest(b *testing.B) {
	for _, bench := range []struct {
		name, raw string
		times     int
	}{
		{"wrk", wrkRequest, 1},
		{"wrk-pipelined", wrkRequest, 16},
		{"browser", browserRequest, 1},
		{"json", strings.Replace(wrkRequest, "/plaintext", "/json", 1), 1},
		{"bytes-64KiB", strings.Replace(wrkRequest, "/plaintext", "/bytes/65536", 1), 1},
		{"echo-1KiB", post("/echo", 1<<10), 1},
		{"sink-64KiB", post("/sink", 64<<10), 1},
	} {
		b.Run(bench.name, func(b *testing.B) {
			raw := []byte(strings.Repeat(bench.raw, bench.times))
			c, done := open(b)
			defer done()
			b.ReportAllocs()
			used := cpu()
			for b.Loop() {
				serve(c, raw)
			}
			b.ReportMetric(float64(cpu()-used)/float64(b.N*bench.times), "cpu-ns/req")
			if c.Ended != uint64(b.N*bench.times) {
				b.Fatalf("%d requests were answered instead of %d", c.Ended, b.N*bench.times)
			}
		})
	}
}

// cpu returns the CPU time of the process in nanoseconds: on a machine that others
// use too, the only time that means something.
func cpu() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts); err != nil {
		panic(err)
	}
	return ts.Nano()
}

func post(path string, n int) string {
	return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + strconv.Itoa(n) + "\r\n\r\n" + strings.Repeat("x", n)
}

// open opens a connection of the http app on a worker of its own.
func open(tb testing.TB) (c *stage.Conn, done func()) {
	w, _ := http1test.NewWorker(false)
	p, err := app.New("http", w)
	if err != nil {
		tb.Fatal(err)
	}
	c = &stage.Conn{}
	c.Open(w, p)
	stage.Run(c)
	return c, func() {
		c.Close(p)
		if n := w.Pool.Live(); n != 0 {
			tb.Errorf("%d blocks are still in use", n)
		}
	}
}

// serve feeds c with raw as a read of large blocks does, runs it and takes its
// answers.
func serve(c *stage.Conn, raw []byte) {
	for len(raw) > 0 {
		room := c.In.Reserve(1, buf.LargeSize)
		n := copy(room, raw)
		c.In.Commit(n)
		raw = raw[n:]
	}
	for {
		wait := stage.Run(c)
		c.Expired = wait == stage.WaitTimer
		c.Out.TrimFront(c.Out.Len())
		if wait == 0 || wait == stage.WaitInput {
			return
		}
	}
}

package loadgen

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestEchoAndUnp(t *testing.T) {
	// Wrapped, because between two TCPConns Copy splices and keeps the pipes.
	echo := newPeer(t, func(c *net.TCPConn) { _, _ = io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c}) })
	unp := newPeer(t, func(c *net.TCPConn) {
		line := make([]byte, 0, 64)
		one := make([]byte, 1)
		for {
			if _, err := c.Read(one); err != nil {
				return
			}
			if line = append(line, one[0]); one[0] != '\n' {
				continue
			}
			if string(line) != "3000\n" {
				return
			}
			line = line[:0]
			if _, err := c.Write(make([]byte, 3000)); err != nil {
				return
			}
		}
	})
	for _, c := range []struct {
		name   string
		cfg    Config
		target Target
		size   uint64
		tw     uint64 // by our side
	}{
		{"echo", Config{Conns: 4, Requests: 400}, echo.target(t, "tcp+echo", ""), 64, 0},
		{"echo pipelined", Config{Conns: 4, Pipeline: 5, EchoBytes: 1000, Requests: 400}, echo.target(t, "tcp+echo", ""), 1000, 0},
		{"echo of 1 MiB", Config{Conns: 2, EchoBytes: 1 << 20, Requests: 20}, echo.target(t, "tcp+echo", ""), 1 << 20, 0},
		{"echo closed", Config{Conns: 4, Close: true, Requests: 100}, echo.target(t, "tcp+echo", ""), 64, 100},
		{"echo half-closed", Config{Conns: 4, Close: true, Closer: ServerCloses, Requests: 100}, echo.target(t, "tcp+echo", ""), 64, 100},
		{"unp", Config{Conns: 4, Requests: 400}, unp.target(t, "tcp+unp", "/3000"), 3000, 0},
		{"unp half-closed", Config{Conns: 4, Close: true, Closer: ServerCloses, Requests: 100}, unp.target(t, "tcp+unp", "/3000"), 3000, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.cfg.Target = c.target
			r := load(t, context.Background(), c.cfg)
			if r.Requests != c.cfg.Requests || r.BytesIn != c.size*c.cfg.Requests {
				t.Errorf("window %+v, %d bytes in, failures %v", r.Window, r.BytesIn, r.Failures)
			}
			if r.Conns.TWClient != c.tw || r.Conns.TWServer != 0 || r.Conns.Reset != 0 {
				t.Errorf("connections %+v, want %d closed by us", r.Conns, c.tw)
			}
		})
	}
}

func TestIPv6(t *testing.T) {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here:", err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != l.Addr().String() {
			w.WriteHeader(http.StatusBadRequest)
		}
	})}
	var serving sync.WaitGroup
	serving.Go(func() { _ = srv.Serve(l) })
	p := &peer{listener: l}
	r := load(t, context.Background(), Config{Target: p.httpTarget(t), Conns: 2, Requests: 10})
	_ = srv.Close()
	serving.Wait()
	if r.Requests != 10 {
		t.Errorf("window %+v, failures %v", r.Window, r.Failures)
	}
}

// The server answers before the request is sent, and closes: 413 as it is.
func TestEarlyAnswer(t *testing.T) {
	p := newPeer(t, func(c *net.TCPConn) {
		one := make([]byte, 1)
		if _, err := c.Read(one); err != nil {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		_ = c.CloseWrite()
		_, _ = io.Copy(io.Discard, c)
	})
	r := load(t, context.Background(), Config{Target: p.httpTarget(t), Conns: 1, Requests: 5, Body: make([]byte, 32<<20)})
	if r.Status[4] != 5 || r.Errors[PhaseRead][ClassStatus] != 5 || r.Window.Failed != 5 {
		t.Errorf("statuses %v, failures %v", r.Status, r.Failures)
	}
}

// A server that speaks HTTP/1.0 ends each body by closing.
func TestBodyToEOF(t *testing.T) {
	p := newPeer(t, answering(func(c *net.TCPConn, _ *http.Request) bool {
		_, _ = io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\nabc")
		time.Sleep(time.Millisecond)
		_, _ = io.WriteString(c, "def")
		return false
	}))
	r := load(t, context.Background(), Config{Target: p.httpTarget(t), Conns: 3, Requests: 30})
	if r.Requests != 30 || r.Conns.TWServer != 30 {
		t.Errorf("window %+v, connections %+v, failures %v", r.Window, r.Conns, r.Failures)
	}
}

func TestMethodHEAD(t *testing.T) {
	p := newPeer(t, answering(func(c *net.TCPConn, r *http.Request) bool {
		_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
		return err == nil && r.Method == "HEAD"
	}))
	r := load(t, context.Background(), Config{Target: p.httpTarget(t), Conns: 2, Method: "HEAD", Requests: 30})
	if r.Requests != 30 {
		t.Errorf("window %+v, failures %v", r.Window, r.Failures)
	}
}

// Answers larger than the read buffer, cut wherever the kernel likes, whose
// bodies are discarded unread: what follows each is found all the same.
func TestLargeAnswers(t *testing.T) {
	body := strings.Repeat("x", 1<<20)
	for name, answer := range map[string]string{
		"length":  "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n" + body,
		"chunked": chunkedHead + "100000\r\n" + body + "\r\n3\r\nabc\r\n100000\r\n" + body + "\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, answering(func(c *net.TCPConn, _ *http.Request) bool {
				_, err := io.WriteString(c, answer)
				return err == nil
			}))
			r := load(t, context.Background(), Config{Target: p.httpTarget(t), Conns: 3, Pipeline: 2, Requests: 50})
			if r.Requests != 50 || r.BytesIn != uint64(50*len(answer)) {
				t.Errorf("window %+v, %d bytes, failures %v", r.Window, r.BytesIn, r.Failures)
			}
			if fb, total := r.FirstByte.ValueAtPercentile(50), r.Total.ValueAtPercentile(50); fb > total {
				t.Errorf("first byte after %d ns, last after %d", fb, total)
			}
		})
	}
}

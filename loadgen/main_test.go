package loadgen

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	runtime.GOMAXPROCS(8) // as Run asks its caller to, with the test servers beside it
	goleak.VerifyTestMain(m)
}

// peer is a hand-written server: every connection is given to a function.
type peer struct {
	listener net.Listener
	accepted atomic.Int64
	mu       sync.Mutex // guards conns
	conns    map[net.Conn]bool
	handlers sync.WaitGroup
}

// newPeer serves on 127.0.0.1 until the test ends. handle owns its connection
// until it returns; then it is closed.
func newPeer(t testing.TB, handle func(*net.TCPConn)) *peer {
	t.Helper()
	return newPeerAt(t, "127.0.0.1:0", handle)
}

// newPeerAt is newPeer on an address of the caller's choice.
func newPeerAt(t testing.TB, addr string, handle func(*net.TCPConn)) *peer {
	t.Helper()
	l, err := net.Listen("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{listener: l, conns: map[net.Conn]bool{}}
	p.handlers.Go(func() {
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				time.Sleep(time.Millisecond) // out of descriptors
				continue
			}
			p.accepted.Add(1)
			p.mu.Lock()
			p.conns[c] = true
			p.mu.Unlock()
			p.handlers.Go(func() {
				handle(c.(*net.TCPConn))
				p.mu.Lock()
				delete(p.conns, c)
				p.mu.Unlock()
				_ = c.Close()
			})
		}
	})
	t.Cleanup(p.stop)
	return p
}

// stop closes the listener and resets what is connected, as a killed process
// with unread input does.
func (p *peer) stop() {
	_ = p.listener.Close()
	p.mu.Lock()
	for c := range p.conns {
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	}
	p.mu.Unlock()
	p.handlers.Wait()
}

func (p *peer) target(t testing.TB, scheme, path string) Target {
	t.Helper()
	target, err := ParseTarget(fmt.Sprintf("%s://%v%s", scheme, p.listener.Addr(), path))
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// httpTarget is the target of most tests.
func (p *peer) httpTarget(t testing.TB) Target { return p.target(t, "http", "/x?y=1") }

const hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

// answering returns a handler that reads requests and calls answer for each,
// until that reports false or the client is gone.
func answering(answer func(c *net.TCPConn, r *http.Request) bool) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		br := bufio.NewReader(c)
		for {
			r, err := http.ReadRequest(br)
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return
			}
			if !answer(c, r) {
				return
			}
		}
	}
}

// polite answers hello and closes when asked to.
func polite(c *net.TCPConn, r *http.Request) bool {
	_, err := io.WriteString(c, hello)
	return err == nil && !r.Close
}

// load runs cfg and checks what must hold for every run.
func load(t testing.TB, ctx context.Context, cfg Config) *Result {
	t.Helper()
	before := openFiles(t)
	r, err := Run(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Window.Balanced() || !r.Run.Balanced() {
		t.Errorf("books are not balanced: window %+v, run %+v", r.Window, r.Run)
	}
	if got := r.Errors.Requests(); got != r.Window.Failed {
		t.Errorf("%d errors in the table, %d failed in the book", got, r.Window.Failed)
	}
	answers := r.Window.OK
	for p := range r.Errors {
		answers += r.Errors[p][ClassStatus]
	}
	if n := uint64(r.Total.TotalCount()); n != answers {
		t.Errorf("%d latencies for %d answers", n, answers)
	}
	if n := uint64(r.FirstByte.TotalCount()); n != answers {
		t.Errorf("%d first bytes for %d answers", n, answers)
	}
	if n := uint64(r.Failed.TotalCount()); n != r.Window.Failed-(answers-r.Window.OK) {
		t.Errorf("%d ages for %d failures, %d of them by status", n, r.Window.Failed, answers-r.Window.OK)
	}
	if n := uint64(r.Censored.TotalCount()); n != r.Window.InFlight {
		t.Errorf("%d censored ages for %d in flight", n, r.Window.InFlight)
	}
	if n := uint64(r.Connect.TotalCount()); n != r.Conns.Opened {
		t.Errorf("%d connect latencies for %d connections", n, r.Conns.Opened)
	}
	checkFiles(t, before)
	return r
}

// checkFiles waits until no more descriptors are open than before: the server's
// ends, in the same process, close a little later than ours.
func checkFiles(t testing.TB, before int) {
	t.Helper()
	after := 0
	for range 400 {
		if after = openFiles(t); after <= before {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("%d descriptors open before, %d after", before, after)
}

func openFiles(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

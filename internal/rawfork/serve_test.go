package rawfork

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/app"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/conn"
	"github.com/c10kit/c10kit/models/stage"
)

// This file: a process per connection with the real pipeline, each fork with a
// preemption request pending.

func init() { scenarios["serve"] = serve }

// serve is a forker that accepts from descriptor 3 until the listener is shut down
// and forks a child for each connection. Its argument says whether the forks have a
// preemption request pending.
func serve(args []string) error {
	f, err := Prepare()
	if err != nil {
		return err
	}
	pending := args[0] == "pending"
	if pending {
		f.pend()
	}
	b, err := board.New(16)
	if err != nil {
		return err
	}
	slot, err := b.Take(f.pid, 0)
	if err != nil {
		return err
	}
	w := stage.NewWorker(false, stage.Limits{Body: 10 * time.Second, MaxBody: 1 << 20}, b.Draining())
	pipeline, err := app.New("http", w)
	if err != nil {
		return err
	}
	w.Pool.Reserve(16)
	file := memfd("c10kit-pattern") // from which a child sends the large bodies of /bytes
	if file < 0 {
		return errors.New("no file of /bytes among the descriptors")
	}
	t := conn.NewThread(w, pipeline, slot, conn.RawBlocking)
	fd, forks := -1, 0
	child := func() int { // one for all forks, so that a fork allocates nothing
		t.Serve(fd)
		return w.Pool.Live()
	}
	for {
		fd, _, err = unix.Accept4(3, unix.SOCK_CLOEXEC)
		switch {
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EINVAL): // shut down
			if pending && pendings != forks {
				return fmt.Errorf("only %d of %d forks had a preemption request pending", pendings, forks)
			}
			err = reapAll(f)
			say("forks %d", forks)
			return err
		case err != nil:
			return err
		}
		pid, err := f.Fork(child, fd, b.Fd(), file)
		if err != nil {
			return err
		}
		forks++
		say("child %d", pid)
		_ = unix.Close(fd)
		f.Collect()
	}
}

// memfd returns the descriptor of the process's memfd of that name, -1 if there is none.
func memfd(name string) int {
	for fd := range 64 {
		var b [64]byte
		n, err := unix.Readlink("/proc/self/fd/"+strconv.Itoa(fd), b[:])
		if err == nil && strings.HasPrefix(string(b[:n]), "/memfd:"+name) {
			return fd
		}
	}
	return -1
}

// listener returns a listening socket for a forker and its address. Its accept and
// what it accepts time out after a second, as in models.Listen.
func listener(t *testing.T) (*os.File, string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "listener")
	t.Cleanup(func() { file.Close() })
	tick := unix.Timeval{Sec: 1}
	err = errors.Join(
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tick),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &tick),
		unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}),
		unix.Listen(fd, 128))
	if err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return file, fmt.Sprintf("127.0.0.1:%d", sa.(*unix.SockaddrInet4).Port)
}

// client is a connection with a deadline for all of it: the watchdog of the child
// behind it.
type client struct {
	net.Conn
	r *bufio.Reader
}

func dial(addr string) (*client, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &client{c, bufio.NewReaderSize(c, 64<<10)}, c.SetDeadline(time.Now().Add(30 * time.Second))
}

// get asks for path and hands the body to read.
func (c *client) get(path string, read func(io.Reader) error) error {
	_, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path)
	if err != nil {
		return err
	}
	return c.answer(path, read)
}

func (c *client) answer(path string, read func(io.Reader) error) error {
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		return fmt.Errorf("%s: %s", path, resp.Status)
	}
	if err := read(resp.Body); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// is reads a body that must be the given text.
func is(want string) func(io.Reader) error {
	return func(r io.Reader) error {
		got, err := io.ReadAll(r)
		if err == nil && string(got) != want {
			err = fmt.Errorf("body %q, want %q", got, want)
		}
		return err
	}
}

var period = func() []byte {
	p := make([]byte, 64<<10)
	for i := range p {
		p[i] = app.Pattern(int64(i))
	}
	return p
}()

// isPattern reads a body that must be n bytes of app.Pattern.
func isPattern(n int) func(io.Reader) error {
	return func(r io.Reader) error {
		got := make([]byte, len(period))
		for n > 0 {
			part := got[:min(n, len(period))]
			if _, err := io.ReadFull(r, part); err != nil {
				return err
			}
			if !bytes.Equal(part, period[:len(part)]) {
				return fmt.Errorf("a wrong byte, %d before the end", n)
			}
			n -= len(part)
		}
		return is("")(r)
	}
}

// exchange is what each child does: parse, wait, stream down (a file range and
// memory), stream up, and end with the connection.
func exchange(addr string, size int) error {
	c, err := dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.get("/plaintext", is("Hello, World!")); err != nil {
		return err
	}
	if err := c.get("/wait/50ms", is("waited\n")); err != nil {
		return err
	}
	for _, n := range []int{100_000, size} {
		if err := c.get(fmt.Sprintf("/bytes/%d", n), isPattern(n)); err != nil {
			return err
		}
	}
	fmt.Fprintf(c, "POST /sink HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", len(period))
	if _, err := c.Write(period); err != nil {
		return err
	}
	return c.answer("/sink", is(fmt.Sprintf(`{"bytes":%d,"sha256":"%x"}`, len(period), sha256.Sum256(period))))
}

// forkAndServe makes the given number of connections, eight at a time, and expects as
// many children, each of which serves its exchange.
func forkAndServe(t *testing.T, connections int, within time.Duration, size func(i int) int) {
	l, addr := listener(t)
	f := start(t, within, "serve", []string{"pending"}, l)
	var clients sync.WaitGroup
	var begun atomic.Int64
	for range 8 {
		clients.Go(func() {
			for i := int(begun.Add(1)); i <= connections; i = int(begun.Add(1)) {
				if err := exchange(addr, size(i)); err != nil {
					t.Errorf("connection %d: %v", i, err)
					return // one hung child is enough to wait for
				}
			}
		})
	}
	clients.Wait()
	if t.Failed() {
		t.Fatalf("the forker and its children:\n%s", describe(f.cmd.Process.Pid))
	}
	for range connections {
		f.number("child")
	}
	shutdown(t, l)
	if n := f.number("forks"); n != connections {
		t.Errorf("%d forks for %d connections", n, connections)
	}
	f.end()
}

// shutdown wakes the forker's accept for the last time.
func shutdown(t *testing.T, l *os.File) {
	t.Helper()
	if err := unix.Shutdown(int(l.Fd()), unix.SHUT_RD); err != nil {
		t.Fatal(err)
	}
}

func TestFork(t *testing.T) {
	forkAndServe(t, 100, patience, func(i int) int {
		if i%10 == 0 {
			return 64 << 20
		}
		return 1 << 20
	})
}

func TestProofFork(t *testing.T) {
	if os.Getenv("C10KIT_PROOFS") == "" {
		t.Skip("a thousand forks that each stream 64 MiB take a minute: set C10KIT_PROOFS=1 (make proofs)")
	}
	forkAndServe(t, 1000, 5*time.Minute, func(int) int { return 64 << 20 })
}

// TestMemory proves that a forked child serves without allocating: there is no
// collector that would take anything back.
func TestMemory(t *testing.T) { serveInBoundedMemory(t, 100_000) }

func TestProofMemory(t *testing.T) {
	if os.Getenv("C10KIT_PROOFS") == "" {
		t.Skip("a million requests take half a minute: set C10KIT_PROOFS=1 (make proofs)")
	}
	serveInBoundedMemory(t, 1_000_000)
}

func serveInBoundedMemory(t *testing.T, total int) {
	l, addr := listener(t)
	f := start(t, patience, "serve", []string{"quiet"}, l)
	c, err := dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const batch = 100
	request := strings.Repeat("GET /plaintext HTTP/1.1\r\nHost: test\r\n\r\n", batch)
	requests := func(n int) {
		t.Helper()
		for range n / batch {
			if _, err := io.WriteString(c, request); err != nil {
				t.Fatal(err)
			}
			for range batch {
				if err := c.answer("/plaintext", is("Hello, World!")); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	requests(1000)
	pid := f.number("child")
	before := status(t, pid).kib("RssAnon")
	requests(total)
	if grown := status(t, pid).kib("RssAnon") - before; grown >= 64 {
		t.Errorf("RssAnon of a child grew by %d KiB over %d requests", grown, total)
	} else {
		t.Logf("RssAnon %d KiB, grown by %d over %d requests", before, grown, total)
	}
	c.Close()
	shutdown(t, l)
	f.number("forks")
	f.end()
}

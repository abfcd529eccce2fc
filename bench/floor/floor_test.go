package floor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/c10kit/c10kit/internal/sys"
	"github.com/moby/sys/reexec"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	if reexec.Init() {
		return
	}
	goleak.VerifyTestMain(m)
}

// each runs f for all yardsticks.
func each(t *testing.T, f func(t *testing.T, which Which)) {
	for _, which := range []Which{C, Go, TPC, Prethread, Prefork, PPC} {
		t.Run(string(which), func(t *testing.T) { f(t, which) })
	}
}

// start starts a yardstick that ends with the test. In CI a missing compiler is a failure.
func start(t *testing.T, which Which, cpus []int, args ...string) *Proc {
	t.Helper()
	p, err := Start(context.WithoutCancel(t.Context()), which, cpus, args...) // it ends by Stop, not by the context
	if errors.Is(err, ErrNoCompiler) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func dial(t *testing.T, p *Proc) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(60 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

const request = "GET /plaintext HTTP/1.1\r\nHost: floor\r\n\r\n"

// exchange sends a request, holds the answer against what the http app sends, byte by byte but for the date, which it
// returns.
func exchange(t *testing.T, conn net.Conn, r *bufio.Reader) time.Time {
	t.Helper()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, len(beforeDate+dateFormat+afterDate))
	if _, err := io.ReadFull(r, answer); err != nil {
		t.Fatal(err)
	}
	date, ok := strings.CutPrefix(string(answer), beforeDate)
	date, tail := strings.CutSuffix(date, afterDate)
	if !ok || !tail {
		t.Fatalf("answer %q", answer)
	}
	at, err := time.Parse(dateFormat, date)
	if age := time.Since(at); err != nil || age < -time.Second || age > 5*time.Second {
		t.Fatalf("date %q is %v old (%v)", date, age, err)
	}
	return at
}

func TestDateFollowsTheClock(t *testing.T) {
	t.Parallel() // waits more than it works
	each(t, func(t *testing.T, which Which) {
		t.Parallel()
		p := start(t, which, nil)
		conn := dial(t, p) // its deadline ends the loop
		r := bufio.NewReader(conn)
		first := exchange(t, conn, r)
		time.Sleep(1200 * time.Millisecond) // beyond SO_RCVTIMEO: an idle connection is kept
		for !exchange(t, conn, r).After(first) {
			time.Sleep(50 * time.Millisecond)
		}
	})
}

func TestAnswers(t *testing.T) {
	each(t, func(t *testing.T, which Which) {
		p := start(t, which, nil)
		conn := dial(t, p)
		r := bufio.NewReader(conn)
		for range 3 {
			exchange(t, conn, r)
		}
		// The end of the stream, here in the same segment train as a request, is answered and then followed.
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		if err := conn.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if rest, err := io.ReadAll(r); err != nil || len(rest) != len(beforeDate+dateFormat+afterDate) {
			t.Errorf("after half-close: %d bytes, %v", len(rest), err)
		}
	})
}

// A client of the standard library accepts the answer: Content-Length is right.
func TestStandardClient(t *testing.T) {
	each(t, func(t *testing.T, which Which) {
		p := start(t, which, nil)
		client := http.Client{Transport: &http.Transport{}}
		defer client.CloseIdleConnections()
		for range 3 {
			resp, err := client.Get("http://" + p.Addr.String() + "/plaintext")
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || string(body) != "Hello, World!" || resp.StatusCode != http.StatusOK {
				t.Fatalf("%s %q %v", resp.Status, body, err)
			}
		}
	})
}

func TestCloseAfterAnswer(t *testing.T) {
	each(t, func(t *testing.T, which Which) {
		p := start(t, which, nil, CloseAfterAnswer)
		for range 3 {
			conn := dial(t, p)
			r := bufio.NewReader(conn)
			exchange(t, conn, r)
			if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
				t.Errorf("after the answer: %v, expected EOF", err)
			}
		}
	})
}

// A client that sends without reading fills both buffers: the server stops reading, owes, and pays to the byte. What it
// is sent comes in pieces as large as its input buffer, since a read gets one answer however many requests it holds.
func TestPartialWrites(t *testing.T) {
	t.Parallel() // waits more than it works
	each(t, func(t *testing.T, which Which) {
		t.Parallel()
		p := start(t, which, nil)
		conn := dialNarrow(t, p)
		var pieces atomic.Int64
		stalled, sent := make(chan struct{}), make(chan error, 1)
		go func() { sent <- sendUntil(stalled, conn, &pieces) }()
		waitStalled(&pieces)
		time.Sleep(900 * time.Millisecond) // beyond SO_SNDTIMEO: a write that blocked returns, and is made again
		close(stalled)
		all, err := io.ReadAll(conn)
		if err := errors.Join(err, <-sent); err != nil {
			t.Fatal(err)
		}
		for i, answer := range strings.Split(string(all), beforeDate)[1:] {
			if len(answer) != len(dateFormat+afterDate) || !strings.HasSuffix(answer, afterDate) {
				t.Fatalf("answer %d is %q", i, answer)
			}
		}
	})
}

// sendUntil sends until stop is closed, then ends the stream.
func sendUntil(stop <-chan struct{}, conn *net.TCPConn, pieces *atomic.Int64) error {
	piece := make([]byte, readSize)
	for {
		if _, err := conn.Write(piece); err != nil {
			return err
		}
		pieces.Add(1)
		select {
		case <-stop:
			return conn.CloseWrite()
		default:
		}
	}
}

// dialNarrow dials with segments so small that the kernel gives the server's side a send buffer of tens of KiB
// (tcp_sndbuf_expand counts in segments), and with a small receive buffer: few answers fill both.
func dialNarrow(t *testing.T, p *Proc) *net.TCPConn {
	t.Helper()
	dialer := net.Dialer{Control: func(_, _ string, c syscall.RawConn) (err error) {
		return errors.Join(err, c.Control(func(fd uintptr) {
			err = errors.Join(unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, 536),
				unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 8192))
		}))
	}}
	conn, err := dialer.DialContext(t.Context(), "tcp", p.Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(60 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

// waitStalled returns when sending has stood still for 200 ms, because the server reads no more.
func waitStalled(pieces *atomic.Int64) {
	for before := int64(0); ; time.Sleep(200 * time.Millisecond) {
		now := pieces.Load()
		if now == before && now > 0 {
			return
		}
		before = now
	}
}

// A client that vanishes with answers on their way (RST, SIGPIPE) does not end the server.
func TestVanishingClient(t *testing.T) {
	each(t, func(t *testing.T, which Which) {
		p := start(t, which, nil)
		for range 20 {
			conn := dial(t, p)
			if _, err := io.WriteString(conn, strings.Repeat(request, 100)); err != nil {
				t.Fatal(err)
			}
			if err := conn.SetLinger(0); err != nil {
				t.Fatal(err)
			}
			conn.Close()
		}
		conn := dial(t, p)
		exchange(t, conn, bufio.NewReader(conn))
	})
}

func TestPinnedAndCPUClock(t *testing.T) {
	each(t, func(t *testing.T, which Which) {
		ours, err := sys.AllowedCPUs()
		if err != nil {
			t.Fatal(err)
		}
		last := ours[len(ours)-1]
		p := start(t, which, []int{last})
		conn := dial(t, p)
		r := bufio.NewReader(conn)
		exchange(t, conn, r) // by whoever serves, who is there now
		expectPinned(t, p, last)
		before, err := p.CPU()
		if err != nil {
			t.Fatal(err)
		}
		for range 500 {
			exchange(t, conn, r)
		}
		after, err := p.CPU()
		if err != nil {
			t.Fatal(err)
		}
		// 500 requests are 1,000 system calls at least, and none of them takes less than 100 ns.
		if used := after - before; used < 100*time.Microsecond || used > 10*time.Second {
			t.Errorf("500 requests used %v", used)
		}
	})
}

// expectPinned checks every thread of every process.
func expectPinned(t *testing.T, p *Proc, cpu int) {
	t.Helper()
	pids, err := Processes(p.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range tasks {
			tid, err := strconv.Atoi(task.Name())
			var theirs unix.CPUSet
			if err := errors.Join(err, unix.SchedGetaffinity(tid, &theirs)); err != nil {
				t.Fatal(err)
			}
			if theirs.Count() != 1 || !theirs.IsSet(cpu) {
				t.Errorf("thread %d of process %d runs on %d CPUs, expected only CPU %d", tid, pid, theirs.Count(), cpu)
			}
		}
	}
}

func TestStopAndContext(t *testing.T) {
	each(t, func(t *testing.T, which Which) {
		p := start(t, which, nil)
		if err := errors.Join(p.Stop(), p.Stop()); err != nil {
			t.Error(err)
		}
		if _, err := p.CPU(); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("CPU clock of a process that has ended: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		p, err := Start(ctx, which, nil)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		<-p.ended
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestStopReportsAnEarlierEnd(t *testing.T) {
	each(t, func(t *testing.T, which Which) {
		p, err := Start(t.Context(), which, nil)
		if errors.Is(err, ErrNoCompiler) && os.Getenv("CI") == "" {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(p.Pid, syscall.SIGUSR1); err != nil { // its default action ends the C floor; Go ignores it
			t.Fatal(err)
		}
		if which == Go {
			if err := syscall.Kill(p.Pid, syscall.SIGABRT); err != nil {
				t.Fatal(err)
			}
		}
		<-p.ended
		if err := p.Stop(); err == nil || !strings.Contains(err.Error(), "ended by itself") {
			t.Errorf("after a crash: %v", err)
		}
	})
}

func TestStartRefuses(t *testing.T) {
	if _, err := Start(t.Context(), "pascal", nil); err == nil {
		t.Error("an unknown yardstick started")
	}
	if _, err := Start(t.Context(), Go, []int{1023}); !errors.Is(err, unix.EINVAL) {
		t.Errorf("on a CPU that is not there: %v", err)
	}
	each(t, func(t *testing.T, which Which) {
		wrong := [][]string{{"-nonsense"}, {Workers(0)}, {Workers(-1)}, {Workers(1), Workers(1)}}
		if which != Prethread && which != Prefork {
			wrong = append(wrong, []string{Workers(8)}) // has no pool
		}
		for _, args := range wrong {
			_, err := Start(t.Context(), which, nil, args...)
			if errors.Is(err, ErrNoCompiler) && os.Getenv("CI") == "" {
				t.Skip(err)
			}
			if err == nil || !strings.Contains(err.Error(), "usage") {
				t.Errorf("with the arguments %q: %v", args, err)
			}
		}
	})
}

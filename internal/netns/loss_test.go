package netns_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/c10kit/c10kit/internal/netns"
	"github.com/c10kit/c10kit/probe/netstat"
	"golang.org/x/sys/unix"
)

// lose sets a loss on what net made.
func lose(t *testing.T, conn syscall.Conn, percent float64) {
	t.Helper()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = netns.Loss(int(fd), percent) }); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
}

// listen makes a listener of plain TCP, closed at the end of the test.
func listen(t *testing.T) net.Listener {
	t.Helper()
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	listener, err := config.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

// window returns what the namespace's counters say of a function's time.
func window(t *testing.T, during func()) netstat.Values {
	t.Helper()
	reader, err := netstat.Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	before, err := reader.Read()
	if err != nil {
		t.Fatal(err)
	}
	during()
	after, err := reader.Read()
	if err != nil {
		t.Fatal(err)
	}
	return after.Sub(before)
}

// exchange sends n small messages back and forth on each of several connections, to
// echo servers behind one listener with that loss, and checks what comes back.
func exchange(t *testing.T, percent float64, connections, n int) {
	t.Helper()
	listener := listen(t)
	lose(t, listener.(*net.TCPListener), percent)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn) // a broken connection shows at the client
			})
		}
	})
	var clients sync.WaitGroup
	for range connections {
		clients.Go(func() {
			if err := talk(listener.Addr().String(), n); err != nil {
				t.Error(err)
			}
		})
	}
	clients.Wait()
	listener.Close()
	all.Wait()
}

func talk(addr string, n int) error {
	conn, err := net.DialTimeout("tcp4", addr, 20*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	for i := range n {
		sent := []byte{byte(i), byte(i >> 8), 1, 2, 3}
		got := make([]byte, len(sent))
		if _, err := conn.Write(sent); err != nil {
			return err
		}
		if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, sent) {
			return fmt.Errorf("message %d: %v, error %v, expected %v", i, got, err, sent)
		}
	}
	return nil
}

// TestLoss checks that loss makes the sender repeat itself and that all data arrives
// all the same, and that without loss nothing is repeated.
func TestLoss(t *testing.T) {
	if !netns.Test(t, nil) {
		return
	}
	const connections, n = 8, 40
	quiet := window(t, func() { exchange(t, 0, connections, n) })
	// None, but for an acknowledgement that a busy machine was 200 ms late with.
	needless, ok := quiet.Get(netstat.RetransSegs)
	if !ok || needless > 2 {
		t.Errorf("without loss %d segments repeated, known %v, expected 0", needless, ok)
	}
	lossy := window(t, func() { exchange(t, 5, connections, n) })
	repeated, ok := lossy.Get(netstat.RetransSegs)
	// 320 requests, and acknowledgements besides, of which none is lost once in 13 million runs.
	if !ok || repeated <= needless {
		t.Errorf("with 5%% loss %d segments repeated, known %v, expected some", repeated, ok)
	}
	t.Logf("5%% loss, %d messages: %d segments repeated", connections*n, repeated)
}

// TestLossTotal checks 100% and its end on one listener.
func TestLossTotal(t *testing.T) {
	if !netns.Test(t, nil) {
		return
	}
	listener := listen(t)
	lose(t, listener.(*net.TCPListener), 100)
	if conn, err := net.DialTimeout("tcp4", listener.Addr().String(), 200*time.Millisecond); err == nil {
		conn.Close()
		t.Error("connected through a loss of 100%")
	}
	lose(t, listener.(*net.TCPListener), 0)
	lose(t, listener.(*net.TCPListener), 0) // off twice is no error
	conn, err := net.DialTimeout("tcp4", listener.Addr().String(), 10*time.Second)
	if err != nil {
		t.Fatalf("after the loss was taken off: %v", err)
	}
	conn.Close()
}

// TestLossMultipath checks that the error about net's default listeners says what to do.
func TestLossMultipath(t *testing.T) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_MPTCP)
	if err != nil {
		t.Skipf("no Multipath TCP here: %v", err)
	}
	defer unix.Close(fd)
	err = netns.Loss(fd, 5)
	if !errors.Is(err, unix.EOPNOTSUPP) || !strings.Contains(err.Error(), "SetMultipathTCP(false)") {
		t.Errorf("error %v, expected EOPNOTSUPP with its cure", err)
	}
}

// TestLossErrors checks shares that are none, and a descriptor that is none.
func TestLossErrors(t *testing.T) {
	for _, percent := range []float64{-1, 100.1, math.NaN(), math.Inf(1)} {
		if err := netns.Loss(-1, percent); err == nil {
			t.Errorf("a loss of %v was taken", percent)
		}
	}
	for _, percent := range []float64{0, 5, 100} {
		if err := netns.Loss(-1, percent); !errors.Is(err, unix.EBADF) {
			t.Errorf("a loss of %v on descriptor -1: error %v, expected EBADF", percent, err)
		}
	}
}

// TestLossShare counts what gets through, on UDP, where nothing is repeated.
func TestLossShare(t *testing.T) {
	const sent = 5000
	for _, percent := range []float64{0.5, 5, 50, 99} {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		lose(t, conn, percent)
		lost := 0
		for range sent {
			lost += 1 - pass(t, conn)
		}
		conn.Close()
		p := percent / 100
		mean, sigma := sent*p, math.Sqrt(sent*p*(1-p))
		// Five standard deviations: wrong once in 1.7 million.
		if math.Abs(float64(lost)-mean) > 5*sigma {
			t.Errorf("a loss of %v%%: %d of %d lost, expected %.0f ± %.0f", percent, lost, sent, mean, 5*sigma)
		}
	}
}

// pass sends a datagram to the socket itself, and returns how many came out. On
// loopback it is in the queue, or lost, when send returns.
func pass(t *testing.T, conn *net.UDPConn) (received int) {
	t.Helper()
	if _, err := conn.WriteTo([]byte{1}, conn.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var buf [8]byte
	err = raw.Control(func(fd uintptr) {
		n, _, recvErr := unix.Recvfrom(int(fd), buf[:], unix.MSG_DONTWAIT)
		if recvErr == nil {
			received = n
		} else if recvErr != unix.EAGAIN {
			t.Errorf("recvfrom: %v", recvErr)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return received
}

package models_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models"
)

func listen(t *testing.T, addr string, reusePort bool) *models.Listener {
	t.Helper()
	l, err := models.Listen(addr, 16, reusePort)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// connect returns both ends of a connection.
func connect(t *testing.T, l *models.Listener) (client, accepted int) {
	t.Helper()
	family, to := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: int(l.Addr.Port()), Addr: [4]byte{127, 0, 0, 1}})
	if l.Addr.Addr().Is6() {
		family, to = unix.AF_INET6, &unix.SockaddrInet6{Port: int(l.Addr.Port()), Addr: netip.IPv6Loopback().As16()}
	}
	client, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(client) })
	if err := unix.Connect(client, to); err != nil {
		t.Fatal(err)
	}
	accepted, _, err = unix.Accept4(l.FD, unix.SOCK_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(accepted) })
	return client, accepted
}

// TestInheritedOptions: an accepted socket has what was set on its listener, so
// that no connection costs a setsockopt.
func TestInheritedOptions(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		l := listen(t, addr, false)
		_, fd := connect(t, l)
		if v, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY); err != nil || v != 1 {
			t.Errorf("%s: TCP_NODELAY of an accepted socket is %d (%v)", addr, v, err)
		}
		for name, o := range map[string]int{"SO_RCVTIMEO": unix.SO_RCVTIMEO, "SO_SNDTIMEO": unix.SO_SNDTIMEO} {
			tv, err := unix.GetsockoptTimeval(fd, unix.SOL_SOCKET, o)
			if err != nil || time.Duration(tv.Nano()) != models.Tick {
				t.Errorf("%s: %s of an accepted socket is %v (%v), want %v", addr, name, tv, err, models.Tick)
			}
		}
		if flags, err := unix.FcntlInt(uintptr(l.FD), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("%s: the listener would be inherited by an exec: flags %#x, %v", addr, flags, err)
		}
	}
}

func TestListenAddresses(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:0": "127.0.0.1", ":0": "127.0.0.1", "localhost:0": "127.0.0.1", "[::1]:0": "::1",
		"127.1.2.3:0": "127.1.2.3", "[::ffff:127.0.0.1]:0": "127.0.0.1",
	} {
		l, err := models.Listen(addr, 1, false)
		if err != nil {
			t.Errorf("%s: %v", addr, err)
			continue
		}
		if l.Addr.Addr().String() != want || l.Addr.Port() == 0 {
			t.Errorf("%s listens on %s, want a port of %s", addr, l.Addr, want)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	for addr, want := range map[string]string{
		"":                "no host and port",
		"8080":            "no host and port",
		"::1":             "no host and port",
		"127.0.0.1":       "no host and port",
		"127.0.0.1:":      "the port is not a number from 0 to 65535",
		"127.0.0.1:http":  "the port is not a number from 0 to 65535",
		"127.0.0.1:65536": "the port is not a number from 0 to 65535",
		"127.0.0.1:-1":    "the port is not a number from 0 to 65535",
		"example.org:80":  "the host is not an IP address",
		"127.0.0:80":      "the host is not an IP address",
	} {
		_, err := models.Listen(addr, 1, false)
		full := fmt.Sprintf("address %q: %s%s", addr, want, addrHint)
		if err == nil || err.Error() != full {
			t.Errorf("%q: %v, want %s", addr, err, full)
		}
	}
}

func TestListenErrors(t *testing.T) {
	l := listen(t, "127.0.0.1:0", false)
	addr := l.Addr.String()
	_, err := models.Listen(addr, 1, false)
	want := "listening on " + addr + ": bind: address already in use"
	if !errors.Is(err, unix.EADDRINUSE) || err.Error() != want {
		t.Errorf("a taken address: %v, want %s", err, want)
	}
	if _, err := models.Listen(addr, 1, true); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("SO_REUSEPORT on one side only: %v, want EADDRINUSE", err)
	}
	if _, err := models.Listen("192.0.2.1:0", 1, false); !errors.Is(err, unix.EADDRNOTAVAIL) {
		t.Errorf("an address of nobody: %v, want EADDRNOTAVAIL", err)
	}
	shared := listen(t, "127.0.0.1:0", true)
	listen(t, shared.Addr.String(), true)
}

// TestShutdownWakesAccept: every thread that sleeps in accept(2) gets EINVAL, once
// and for ever.
func TestShutdownWakesAccept(t *testing.T) {
	l := listen(t, "127.0.0.1:0", false)
	const sleepers = 8
	got := make(chan error, sleepers)
	for range sleepers {
		go func() {
			for {
				_, _, err := unix.Accept4(l.FD, unix.SOCK_CLOEXEC)
				if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
					got <- err
					return
				}
			}
		}()
	}
	time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
	for range 2 { // a second time is no error
		if err := l.Shutdown(); err != nil {
			t.Fatal(err)
		}
	}
	for range sleepers {
		select {
		case err := <-got:
			if !errors.Is(err, unix.EINVAL) {
				t.Errorf("accept ended with %v, want EINVAL", err)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("an accept still sleeps")
		}
	}
	if _, _, err := unix.Accept4(l.FD, 0); !errors.Is(err, unix.EINVAL) {
		t.Errorf("accept after the shutdown: %v, want EINVAL", err)
	}
}

func TestSetNonblock(t *testing.T) {
	l := listen(t, "127.0.0.1:0", false)
	if err := l.SetNonblock(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := unix.Accept4(l.FD, 0); !errors.Is(err, unix.EAGAIN) {
		t.Errorf("accept with an empty queue: %v, want EAGAIN", err)
	}
	gone := &models.Listener{FD: 1 << 20}
	var call *os.SyscallError
	if err := gone.Close(); !errors.As(err, &call) || call.Syscall != "close" {
		t.Errorf("closing no descriptor: %v", err)
	}
}

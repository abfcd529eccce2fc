package models

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Tick is how often a blocking worker that waits in read(2) or write(2) wakes up
// to compare clock and drain flag: SO_RCVTIMEO and SO_SNDTIMEO of the listener,
// inherited by every accepted socket, so that no connection costs a system call
// for its timeouts.
const Tick = time.Second

// Listener is a listening TCP socket as the kernel has it, without Go's network
// poller: models accept from it by the system call they are about.
type Listener struct {
	FD   int
	Addr netip.AddrPort // as bound, with the port that the kernel chose
	kept bool           // bound only, by Keep
}

// Listen opens a listening socket. What is set on it is inherited by accepted
// sockets (tcp(7), socket(7)), which therefore need no setsockopt of their own:
// TCP_NODELAY and the two Tick timeouts. SO_REUSEPORT is set if asked; only then can
// a second Listen share the address.
func Listen(addr string, backlog int, reusePort bool) (*Listener, error) {
	l, err := bind(addr, reusePort)
	if err != nil {
		return nil, err
	}
	if err := unix.Listen(l.FD, backlog); err != nil {
		unix.Close(l.FD)
		return nil, fmt.Errorf("listening on %s: %w", l.Addr, os.NewSyscallError("listen", err))
	}
	return l, nil
}

// Keep binds a socket to an address and does not listen, so that the port is known
// and taken before whoever serves it has started: a model whose Traits say Listens.
// With SO_REUSEADDR on both sides, which net.Listen, nginx and httpd all set, the
// other may bind and listen beside it: the kernel refuses that only where one of the
// two listens already (inet_csk_get_port). SO_REUSEPORT, if asked, is for one that
// sets it too.
func Keep(addr string, reusePort bool) (*Listener, error) {
	l, err := bind(addr, reusePort)
	if err == nil {
		l.kept = true
	}
	return l, err
}

func bind(addr string, reusePort bool) (*Listener, error) {
	ap, err := resolve(addr)
	if err != nil {
		return nil, err
	}
	family := unix.AF_INET
	if ap.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := setUp(fd, ap, reusePort); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("listening on %s: %w", ap, err)
	}
	bound, err := localAddr(fd)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return &Listener{FD: fd, Addr: bound}, nil
}

func setUp(fd int, ap netip.AddrPort, reusePort bool) error {
	options := []struct{ level, name, value int }{
		{unix.SOL_SOCKET, unix.SO_REUSEADDR, 1},
		{unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
	}
	if reusePort {
		options = append(options, struct{ level, name, value int }{unix.SOL_SOCKET, unix.SO_REUSEPORT, 1})
	}
	for _, o := range options {
		if err := unix.SetsockoptInt(fd, o.level, o.name, o.value); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	tick := unix.NsecToTimeval(int64(Tick))
	for _, name := range []int{unix.SO_RCVTIMEO, unix.SO_SNDTIMEO} {
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, name, &tick); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	return os.NewSyscallError("bind", unix.Bind(fd, sockaddr(ap)))
}

// Shutdown wakes every thread and process that is blocked in accept(2) on the
// listener: they get EINVAL. The queue behind it is reset by the kernel.
func (l *Listener) Shutdown() error {
	if l.kept {
		return nil // nobody waits for it
	}
	err := unix.Shutdown(l.FD, unix.SHUT_RD)
	if err == unix.ENOTCONN { // already shut down
		return nil
	}
	return os.NewSyscallError("shutdown", err)
}

// Close closes the descriptor. Call it when no worker uses it any more.
func (l *Listener) Close() error { return os.NewSyscallError("close", unix.Close(l.FD)) }

// SetNonblock makes accept answer EAGAIN instead of waiting, for a loop that
// waits elsewhere.
func (l *Listener) SetNonblock() error {
	return os.NewSyscallError("fcntl", unix.SetNonblock(l.FD, true))
}

// resolve turns host:port into an address: a literal, localhost, or nothing for
// 127.0.0.1. Names are not looked up: a server should not depend on a resolver to
// know where it listens.
func resolve(addr string) (netip.AddrPort, error) {
	bad := func(why string) (netip.AddrPort, error) {
		return netip.AddrPort{}, fmt.Errorf("address %q: %s (want HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080)", addr, why)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return bad("no host and port")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return bad("the port is not a number from 0 to 65535")
	}
	if host == "" || host == "localhost" {
		host = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return bad("the host is not an IP address")
	}
	if ip.Zone() != "" {
		return bad("an IPv6 zone is not supported")
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(n)), nil
}

func sockaddr(ap netip.AddrPort) unix.Sockaddr {
	if ap.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(ap.Port()), Addr: ap.Addr().As16()}
}

func localAddr(fd int) (netip.AddrPort, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, os.NewSyscallError("getsockname", err)
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)), nil
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port)), nil
	}
	return netip.AddrPort{}, fmt.Errorf("getsockname: an address of family %T", sa)
}

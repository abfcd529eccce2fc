package inetdiag

import (
	"net/netip"
	"runtime"
	"testing"

	"github.com/c10kit/c10kit/internal/netns"
	"golang.org/x/sys/unix"
)

// standing makes n TIME_WAITs on the server's side, 2,000 from each source address.
// Half of a connection's time is the socket calls; package net would double it.
func standing(b *testing.B, n int) netip.AddrPort {
	b.Helper()
	fatal := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	listener, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	fatal(err)
	defer unix.Close(listener)
	server := &unix.SockaddrInet4{Port: 8080, Addr: [4]byte{127, 0, 0, 1}}
	fatal(unix.Bind(listener, server))
	fatal(unix.Listen(listener, 16))
	for i := range n {
		client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
		fatal(err)
		fatal(unix.SetsockoptInt(client, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1))
		fatal(unix.Bind(client, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 1, byte(1 + i/2000)}}))
		fatal(unix.Connect(client, server))
		accepted, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
		fatal(err)
		fatal(unix.Close(accepted)) // closed first: the TIME_WAIT is the server's
		fatal(unix.Close(client))
	}
	return netip.AddrPortFrom(netip.AddrFrom4(server.Addr), uint16(server.Port))
}

// BenchmarkTimeWaits has the price of one count with 30,000 TIME_WAITs: cpu-ns/op by
// the thread's own CPU clock. sockets=0 asks for another port, with the same 30,000
// standing: what the walk alone costs, without sending.
func BenchmarkTimeWaits(b *testing.B) {
	if !netns.Test(b, nil) {
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const n = 30_000
	addr := standing(b, n)
	conn := openConn(b)
	for name, c := range map[string]struct {
		addr netip.AddrPort
		want int
	}{
		"sockets=30000": {addr, n},
		"sockets=0":     {netip.AddrPortFrom(addr.Addr(), 8081), 0},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			before := threadCPU(b)
			for b.Loop() {
				got, err := conn.TimeWaits(c.addr)
				if err != nil || got.Server != c.want || got.Client != 0 {
					b.Fatalf("%+v, error %v, expected %d", got, err, c.want)
				}
			}
			b.ReportMetric(float64(threadCPU(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// threadCPU is the calling thread's CPU time in ns.
func threadCPU(b *testing.B) int64 {
	b.Helper()
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		b.Fatal(err)
	}
	return ts.Nano()
}

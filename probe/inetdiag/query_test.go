package inetdiag

import (
	"bytes"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// run is the kernel's interpreter (inet_diag_bc_run), for the three operations that
// are used here.
func run(t *rapid.T, code []byte, s sock) bool {
	left := len(code)
	for at := 0; left > 0; {
		op := code[at:]
		yes, no := int(op[1]), int(native.Uint16(op[2:]))
		truth := false
		switch op[0] {
		case opLocal:
			truth = holds(op[opSize:], s.family, s.local)
		case opRemote:
			truth = holds(op[opSize:], s.family, s.remote)
		case opJump:
		default:
			t.Fatalf("operation %d", op[0])
		}
		step := no
		if truth {
			step = yes
		}
		if step < opSize || step%4 != 0 || step > left+opSize {
			t.Fatalf("a step of %d with %d left", step, left)
		}
		at, left = at+step, left-step
	}
	return left == 0
}

// holds compares as the kernel does: an IPv4 condition with a mapped address too.
func holds(cond []byte, family byte, end netip.AddrPort) bool {
	if port := int32(native.Uint32(cond[4:])); port != -1 && port != int32(end.Port()) {
		return false
	}
	if cond[0] == unix.AF_UNSPEC || cond[1] == 0 {
		return true
	}
	addr := end.Addr()
	if cond[0] == unix.AF_INET && family == unix.AF_INET6 {
		if !addr.Is4In6() {
			return false
		}
		addr = addr.Unmap()
	} else if cond[0] != family {
		return false
	}
	n := int(cond[1]) / 8
	return bytes.Equal(cond[condSize:condSize+n], addr.AsSlice()[:n])
}

// TestBytecode checks the filter on sockets that differ from what is asked for in
// little: it lets through exactly those with the address at an end that is asked.
func TestBytecode(t *testing.T) {
	addrs := []string{"127.0.0.1", "127.0.0.2", "::1", "::2", "::ffff:127.0.0.1", "0.0.0.0", "::"}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string, from []string) netip.AddrPort {
			port := rapid.Uint16Range(80, 82).Draw(t, label+" port")
			return netip.AddrPortFrom(netip.MustParseAddr(rapid.SampledFrom(from).Draw(t, label)), port)
		}
		family, from := byte(unix.AF_INET), addrs[:2]
		if rapid.Bool().Draw(t, "IPv6") {
			family, from = unix.AF_INET6, addrs[2:5]
		}
		s := sock{family: family, local: draw("local", from), remote: draw("remote", from)}
		asked := draw("asked", addrs)
		q := query{
			addr: netip.AddrPortFrom(asked.Addr().Unmap(), asked.Port()),
			ends: end(rapid.IntRange(1, 3).Draw(t, "ends")),
		}
		is := func(e netip.AddrPort) bool {
			return e.Port() == asked.Port() && (asked.Addr().IsUnspecified() || e.Addr().Unmap() == asked.Addr().Unmap())
		}
		local, remote := q.ends&localEnd != 0 && is(s.local), q.ends&remoteEnd != 0 && is(s.remote)
		if got := run(t, q.bytecode(), s); got != (local || remote) {
			t.Fatalf("%+v of %v to %v: accepted %v, expected %v", q, s.local, s.remote, got, local || remote)
		}
		if q.ends != localEnd|remoteEnd || !local && !remote {
			return
		}
		if atLocal, atRemote := q.matched(row(s.encode())); atLocal != local || atRemote != remote {
			t.Fatalf("%v of %v to %v: at local end %v, remote %v, expected %v, %v", asked, s.local, s.remote, atLocal, atRemote, local, remote)
		}
	})
}

// TestAddresses checks which addresses are refused, and what stays of a Conn then.
func TestAddresses(t *testing.T) {
	conn := openConn(t)
	for _, addr := range []netip.AddrPort{{}, portOf("127.0.0.1:0"), netip.AddrPortFrom(netip.Addr{}, 80)} {
		if n, err := conn.TimeWaits(addr); err == nil {
			t.Errorf("%v: %+v, expected an error", addr, n)
		}
		if l, err := conn.Listeners(addr); err == nil {
			t.Errorf("%v: %+v, expected an error", addr, l)
		}
	}
	for _, text := range []string{"127.0.0.1:1", "[::1]:1", "[fe80::1%lo]:1", "0.0.0.0:1"} {
		if _, _, err := conn.everyState(portOf(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

package inetdiag

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/internal/sys"
)

// Listener is a TCP socket in LISTEN. Of several with SO_REUSEPORT each has its own,
// and its own accept queue.
type Listener struct {
	Addr   netip.AddrPort // as it was bound; 0.0.0.0 and :: take what no exact one takes
	V6Only bool           // bound to an IPv6 address and closed to IPv4
	Inode  uint32         // N of the link socket:[N] in /proc/PID/fd of whoever holds it
	UID    uint32         // user that made it

	Queued  uint32 // connections that wait to be accepted
	Backlog uint32 // how many may: listen(2)'s, cut to net.core.somaxconn

	// Drops counts segments for this socket that were thrown away since it was made, most of them SYNs and last ACKs
	// of handshakes that met a full accept queue. DropsKnown is false if the kernel did not say, before Linux 4.7.
	Drops      uint32
	DropsKnown bool
}

// Listeners returns the sockets that a SYN to addr can end in, in the kernel's order:
// those bound to just this address if there are any, else those bound to 0.0.0.0,
// else those bound to :: that take this family, which is how the kernel prefers them.
// An unspecified address means all listeners of the port. Nobody listening is an
// empty slice, and no error.
func (c *Conn) Listeners(addr netip.AddrPort) ([]Listener, error) {
	var all []Listener
	port := addr
	if addr.Addr().IsValid() { // the filter names the port only, since wildcards have to be seen as well
		port = netip.AddrPortFrom(netip.IPv6Unspecified(), addr.Port())
	}
	question := query{states: Listen.bit(), ext: 1 << (attrSKMeminf - 1), addr: port, ends: localEnd}
	err := c.eachFamily(question, func(q query) error {
		kept := len(all)
		return c.dump(q, func() { all = all[:kept] }, func(r row) { all = append(all, listener(r)) })
	})
	if err != nil {
		return nil, err
	}
	return sys.Preferred(all, addr.Addr(), func(l Listener) (netip.Addr, bool) { return l.Addr.Addr(), l.V6Only }), nil
}

// listener decodes a row in state LISTEN.
func listener(r row) Listener {
	l := Listener{
		Addr:    netip.AddrPortFrom(r.local(), r.localPort()),
		Inode:   r.inode(),
		UID:     r.uid(),
		Queued:  r.rqueue(),
		Backlog: r.wqueue(),
	}
	if flag := r.attribute(attrV6Only); len(flag) > 0 {
		l.V6Only = flag[0] != 0
	}
	const drops = 4 * unix.SK_MEMINFO_DROPS // an array of 32-bit words
	if memory := r.attribute(attrSKMeminf); len(memory) >= drops+4 {
		l.Drops, l.DropsKnown = native.Uint32(memory[drops:]), true
	}
	return l
}

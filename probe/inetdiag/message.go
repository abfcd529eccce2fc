package inetdiag

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Netlink headers and inet_diag's structures are in the machine's byte order, ports
// and addresses in the network's.
var (
	native  = binary.NativeEndian
	network = binary.BigEndian
)

// Sizes of linux/netlink.h and linux/inet_diag.h.
const (
	headerSize = unix.SizeofNlMsghdr // 16
	rowSize    = 72                  // struct inet_diag_msg
	attrSize   = 4                   // struct nlattr
)

// message is one netlink message, in the buffer it was read into.
type message struct {
	kind, flags uint16
	seq         uint32
	data        []byte
}

// next cuts the first message off b. Every length is checked: a message longer than
// what was read, or shorter than its header, is an error.
func next(b []byte) (m message, rest []byte, err error) {
	if len(b) < headerSize {
		return m, nil, fmt.Errorf("a netlink message of %d bytes, expected a header of %d", len(b), headerSize)
	}
	length := int(native.Uint32(b))
	if length < headerSize || length > len(b) {
		return m, nil, fmt.Errorf("a netlink message that says it has %d bytes, in %d", length, len(b))
	}
	m = message{kind: native.Uint16(b[4:]), flags: native.Uint16(b[6:]), seq: native.Uint32(b[8:]), data: b[headerSize:length]}
	return m, b[min(align(length), len(b)):], nil
}

// align rounds up to the 4 bytes of NLMSG_ALIGN and NLA_ALIGN.
func align(n int) int { return (n + 3) &^ 3 }

// dumpState is what a buffer of messages says about its dump.
type dumpState struct {
	done        bool // the last message was in it
	interrupted bool // NLM_F_DUMP_INTR: some socket may be missing or there twice
}

// refusedError is the kernel's answer that it will not dump, or not go on.
type refusedError struct{ errno unix.Errno }

func (e *refusedError) Error() string { return e.errno.Error() }

// scan gives the rows of one read to visit. Messages of another dump are passed over.
func scan(b []byte, seq uint32, visit func(row)) (state dumpState, err error) {
	for len(b) > 0 {
		var m message
		if m, b, err = next(b); err != nil {
			return state, err
		}
		if m.seq != seq {
			continue
		}
		state.interrupted = state.interrupted || m.flags&unix.NLM_F_DUMP_INTR != 0
		switch m.kind {
		case unix.NLMSG_DONE, unix.NLMSG_ERROR:
			state.done = true
			return state, outcome(m)
		case unix.SOCK_DIAG_BY_FAMILY, getSocketTCP:
			if len(m.data) < rowSize {
				return state, fmt.Errorf("a socket in %d bytes, expected at least %d", len(m.data), rowSize)
			}
			visit(row(m.data))
		}
	}
	return state, nil
}

// outcome is the result that DONE and ERROR carry: a negated errno, 0 for success.
func outcome(m message) error {
	if len(m.data) < 4 {
		if m.kind == unix.NLMSG_DONE {
			return nil // nothing said, nothing wrong
		}
		return fmt.Errorf("a netlink error of %d bytes, expected at least 4", len(m.data))
	}
	if code := int32(native.Uint32(m.data)); code < 0 {
		return &refusedError{unix.Errno(-int64(code))}
	}
	return nil
}

// row is an inet_diag_msg with the attributes behind it, at least rowSize bytes. It
// lies in the Conn's buffer, and each field is decoded only when asked for: a count
// of 30,000 TIME_WAITs looks at six bytes of each.
type row []byte

func (r row) family() byte       { return r[0] }
func (r row) state() State       { return State(r[1]) }
func (r row) localPort() uint16  { return network.Uint16(r[4:]) }
func (r row) remotePort() uint16 { return network.Uint16(r[6:]) }
func (r row) local() netip.Addr  { return r.addr(8) }
func (r row) remote() netip.Addr { return r.addr(24) }
func (r row) rqueue() uint32     { return native.Uint32(r[56:]) }
func (r row) wqueue() uint32     { return native.Uint32(r[60:]) }
func (r row) uid() uint32        { return native.Uint32(r[64:]) }
func (r row) inode() uint32      { return native.Uint32(r[68:]) }

// addr returns an address as the socket has it: ::ffff:1.2.3.4 stays what it is.
func (r row) addr(at int) netip.Addr {
	if r.family() == unix.AF_INET {
		return netip.AddrFrom4([4]byte(r[at : at+4]))
	}
	return netip.AddrFrom16([16]byte(r[at : at+16]))
}

// attribute returns the data of the first attribute of that kind, nil if there is
// none or what is behind the socket is no list of attributes.
func (r row) attribute(kind uint16) []byte {
	for b := []byte(r[rowSize:]); len(b) >= attrSize; {
		length := int(native.Uint16(b))
		if length < attrSize || length > len(b) {
			return nil
		}
		const flags = unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER
		if native.Uint16(b[2:])&^uint16(flags) == kind {
			return b[attrSize:length]
		}
		b = b[min(align(length), len(b)):]
	}
	return nil
}

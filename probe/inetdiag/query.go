package inetdiag

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Numbers of linux/inet_diag.h that x/sys has not got.
const (
	reqBytecode  = 1  // INET_DIAG_REQ_BYTECODE, attribute of a request
	attrSKMeminf = 7  // INET_DIAG_SKMEMINFO, attribute of an answer
	attrV6Only   = 11 // INET_DIAG_SKV6ONLY

	opJump   = 1 // INET_DIAG_BC_JMP
	opLocal  = 7 // INET_DIAG_BC_S_COND
	opRemote = 8 // INET_DIAG_BC_D_COND

	getSocketTCP = 18 // TCPDIAG_GETSOCK, message type of the older interface

	requestSize = 56 // struct inet_diag_req_v2
	olderSize   = 60 // struct inet_diag_req
	idSize      = 48 // struct inet_diag_sockid: for asking for one socket
	opSize      = 4  // struct inet_diag_bc_op
	condSize    = 8  // struct inet_diag_hostcond without its address
)

// end is a side of a connection.
type end uint8

const (
	localEnd end = 1 << iota
	remoteEnd
)

// query is what one dump asks for: TCP sockets of a family, in some states, one of
// whose ends is addr: without zone, IPv4 as such, an unspecified one for every address.
type query struct {
	family byte
	states uint32 // a bit for each State
	ext    uint8  // a bit for each attribute wanted, from bit 0 for number 1
	addr   netip.AddrPort
	ends   end
}

// bothFamilies is AF_UNSPEC: sockets of IPv4 and IPv6 in one walk over the table,
// which costs more than the sockets do. sock_diag knows no such family; the older
// interface, TCPDIAG_GETSOCK, has none but it, and is still in every kernel that was
// tried.
const bothFamilies = unix.AF_UNSPEC

// encode returns the request message.
func (q query) encode(seq uint32) []byte {
	kind, body := uint16(unix.SOCK_DIAG_BY_FAMILY), q.request()
	if q.family == bothFamilies {
		kind, body = getSocketTCP, q.olderRequest()
	}
	code := q.bytecode()
	length := headerSize + len(body) + attrSize + len(code)
	b := make([]byte, 0, length)
	b = native.AppendUint32(b, uint32(length))
	b = native.AppendUint16(b, kind)
	b = native.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	b = native.AppendUint32(b, seq)
	b = native.AppendUint32(b, 0) // from whom: the kernel fills it in
	b = append(b, body...)
	b = native.AppendUint16(b, uint16(attrSize+len(code)))
	b = native.AppendUint16(b, reqBytecode)
	return append(b, code...)
}

func (q query) request() []byte {
	b := append(make([]byte, 0, requestSize), q.family, unix.IPPROTO_TCP, q.ext, 0)
	b = native.AppendUint32(b, q.states)
	return append(b, make([]byte, idSize)...)
}

func (q query) olderRequest() []byte {
	b := append(make([]byte, 0, olderSize), q.family, 0, 0, q.ext)
	b = append(b, make([]byte, idSize)...)
	b = native.AppendUint32(b, q.states)
	return native.AppendUint32(b, 0) // idiag_dbs, unused
}

// bytecode is the filter that the kernel runs over each socket. An operation has an
// offset to go on from if it is true and one if it is not; going on exactly at the
// end accepts, 4 bytes behind the end rejects. For both ends it is
//
//	local cond, else ---+
//	jump to the end ----|---> accept
//	remote cond  <------+
//	accept, else reject
//
// with the jump because the kernel's check of a program follows the true branches
// and refuses jumps to where it has not been that way.
func (q query) bytecode() []byte {
	local, remote := q.condition(opLocal), q.condition(opRemote)
	switch q.ends {
	case localEnd:
		return withElse(local, len(local)+opSize)
	case remoteEnd:
		return withElse(remote, len(remote)+opSize)
	}
	code := withElse(local, len(local)+opSize) // to behind the jump
	code = append(code, opJump, opSize)
	code = native.AppendUint16(code, uint16(opSize+len(remote)))
	return append(code, withElse(remote, len(remote)+opSize)...)
}

// withElse sets where an operation goes on if it is false; if it is true it goes on
// behind itself.
func withElse(op []byte, offset int) []byte {
	native.PutUint16(op[2:], uint16(offset))
	return op
}

// condition is an operation that compares an end with port and address. The kernel
// matches an IPv4 address with the IPv4-mapped addresses of IPv6 sockets too.
func (q query) condition(code byte) []byte {
	addr := q.addr.Addr()
	family, prefix, bytes := byte(unix.AF_UNSPEC), byte(0), []byte(nil)
	if !addr.IsUnspecified() {
		family, prefix, bytes = unix.AF_INET6, byte(addr.BitLen()), addr.AsSlice()
		if addr.Is4() {
			family = unix.AF_INET
		}
	}
	size := opSize + condSize + len(bytes)
	b := append(make([]byte, 0, size), code, byte(size), 0, 0)
	b = append(b, family, prefix, 0, 0)
	b = native.AppendUint32(b, uint32(q.addr.Port()))
	return append(b, bytes...)
}

// matched says at which end of a socket, which the kernel's filter let through, the
// address is. The kernel looked at the addresses already: they are compared again
// only for a socket with the port at both ends.
func (q query) matched(r row) (local, remote bool) {
	port := q.addr.Port()
	local, remote = r.localPort() == port, r.remotePort() == port
	if want := q.addr.Addr(); local && remote && !want.IsUnspecified() {
		local, remote = r.local().Unmap() == want, r.remote().Unmap() == want
	}
	return local, remote
}

// eachFamily asks for IPv4 and IPv6 sockets, as far as sockets with the address can
// be there: an IPv4 address in both tables, together where the kernel can do that,
// an IPv6 address in one.
func (c *Conn) eachFamily(q query, ask func(query) error) error {
	addr := q.addr.Addr().Unmap().WithZone("")
	if !addr.IsValid() || q.addr.Port() == 0 {
		return fmt.Errorf("inetdiag: %v is no address of a server: expected one with a port, such as 127.0.0.1:8080 or [::]:8080", q.addr)
	}
	q.addr = netip.AddrPortFrom(addr, q.addr.Port())
	if addr.Is6() && !addr.IsUnspecified() {
		q.family = unix.AF_INET6
		return ask(q)
	}
	if !c.apart {
		q.family = bothFamilies
		err := ask(q)
		if !unknownQuestion(err) {
			return err
		}
		c.apart = true
	}
	q.family = unix.AF_INET
	if err := ask(q); err != nil {
		return err
	}
	q.family = unix.AF_INET6
	err := ask(q)
	if errors.Is(err, unix.ENOENT) {
		return nil // IPv4 answered: it is not inet_diag that is missing, but IPv6, and it has no sockets then
	}
	return err
}

// unknownQuestion reports whether an error may mean that the kernel has not got the
// older interface.
func unknownQuestion(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP)
}

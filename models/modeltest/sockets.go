package modeltest

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// This file: the kernel's table of sockets as a witness of servers that keep no
// board. It is asked by NETLINK_SOCK_DIAG (sock_diag(7)): reading /proc/net/tcp takes
// 130 ms where load tests have left 80,000 sockets in TIME_WAIT.

// socket is one end of a connection that a descriptor belongs to.
type socket struct {
	local, remote uint16 // ports
	toRead        uint64 // bytes received and not yet read
	toSend        uint64 // bytes written and not yet acknowledged
}

// table is what concerns one server.
type table struct {
	server []socket // its connections
	client []socket // the other ends
}

// inFlight returns how many bytes the server has written that its clients have not
// read.
func (t table) inFlight() (n uint64) {
	for _, s := range t.server {
		n += s.toSend
	}
	for _, s := range t.client {
		n += s.toRead
	}
	return n
}

// sockets reads the table. A connection that was not yet accepted, or is closed, has no
// descriptor and is not in it.
func (c *Child) sockets() (t table, err error) {
	addr, err := netip.ParseAddrPort(c.Addr())
	if err != nil {
		return t, err
	}
	if t.server, err = diagnose(addr.Port(), 0); err == nil {
		t.client, err = diagnose(0, addr.Port())
	}
	return t, err
}

// seeSockets waits for the table to show what is wanted.
func (c *Child) seeSockets(what string, reached func(table) bool) error {
	return c.see(what, "the table of sockets", func() (any, bool, error) {
		t, err := c.sockets()
		return t, err == nil && reached(t), err
	})
}

// taken waits until the server has read all that the clients have sent.
func (c *Child) taken(clients ...*Client) error {
	ports := map[uint16]bool{}
	for _, cl := range clients {
		ports[uint16(cl.conn.LocalAddr().(*net.TCPAddr).Port)] = true
	}
	return c.seeSockets("what was sent as read", func(t table) bool {
		read := 0
		for _, s := range t.server {
			if ports[s.remote] && s.toRead == 0 {
				read++
			}
		}
		return read == len(clients)
	})
}

// Of linux/inet_diag.h: the request after the header of a netlink message, and one
// answer.
//
//	inet_diag_req_v2: family 0  protocol 1  states 4  local port 8  remote port 10
//	inet_diag_msg:    local port 4  remote port 6  rqueue 56  wqueue 60  inode 68
const (
	requestSize = 56
	answerSize  = 72
)

// connected are the states of a connection, as bits: established, the two of a
// handshake, FIN_WAIT1 and 2, CLOSE_WAIT, LAST_ACK, CLOSING. Left out are TIME_WAIT,
// LISTEN and what is only bound, as models.Keep has it.
const connected = 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5 | 1<<8 | 1<<9 | 1<<11

// diagnose lists the IPv4 connections with the given ports; 0 is any.
func diagnose(local, remote uint16) (all []socket, err error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	ask := make([]byte, unix.SizeofNlMsghdr+requestSize)
	binary.NativeEndian.PutUint32(ask, uint32(len(ask)))
	binary.NativeEndian.PutUint16(ask[4:], unix.SOCK_DIAG_BY_FAMILY)
	binary.NativeEndian.PutUint16(ask[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	request := ask[unix.SizeofNlMsghdr:]
	request[0], request[1] = unix.AF_INET, unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(request[4:], connected)
	binary.BigEndian.PutUint16(request[8:], local)
	binary.BigEndian.PutUint16(request[10:], remote)
	if err := unix.Sendto(fd, ask, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, os.NewSyscallError("sendto", err)
	}
	for answers := make([]byte, 64<<10); ; {
		n, _, err := unix.Recvfrom(fd, answers, 0)
		if err != nil {
			return nil, os.NewSyscallError("recvfrom", err)
		}
		messages, err := syscall.ParseNetlinkMessage(answers[:n])
		if err != nil {
			return nil, fmt.Errorf("sock_diag: %w", err)
		}
		for _, m := range messages {
			switch {
			case m.Header.Type == unix.NLMSG_DONE:
				return all, nil
			case m.Header.Type != unix.SOCK_DIAG_BY_FAMILY || len(m.Data) < answerSize:
				return nil, fmt.Errorf("sock_diag answers with a message of type %d, %d bytes", m.Header.Type, len(m.Data))
			case binary.NativeEndian.Uint32(m.Data[68:]) != 0: // it has an inode, so a descriptor
				all = append(all, socket{
					local:  binary.BigEndian.Uint16(m.Data[4:]),
					remote: binary.BigEndian.Uint16(m.Data[6:]),
					toRead: uint64(binary.NativeEndian.Uint32(m.Data[56:])),
					toSend: uint64(binary.NativeEndian.Uint32(m.Data[60:])),
				})
			}
		}
	}
}

package cmd

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/c10kit/c10kit/bench/floor"
)

// Whether somebody listens is read from /proc/net: a connection to find it out would be
// one that the server accepts, and counts, and that the load did not make.

// tcpListen is TCP_LISTEN as /proc/net/tcp has it.
const tcpListen = "0A"

// listens reports whether a process below the guard listens on the address. A wildcard
// counts too. Where not every process may be looked into (one that changed its user),
// any listener on the address does: the address is kept for the command.
func listens(guard, command int, addr netip.AddrPort) (bool, error) {
	inodes, err := listeners(fmt.Sprintf("/proc/%d/net", command), addr)
	if err != nil || len(inodes) == 0 {
		return false, err
	}
	pids, err := floor.Processes(guard)
	if err != nil {
		return false, err
	}
	hidden := false
	for _, pid := range pids {
		own, err := sockets(pid)
		hidden = hidden || errors.Is(err, fs.ErrPermission)
		for _, inode := range own {
			if inodes[inode] {
				return true, nil
			}
		}
	}
	return hidden, nil
}

// listeners returns the inodes of the sockets that listen on the address, in the
// network namespace of the given /proc/PID/net.
func listeners(net string, addr netip.AddrPort) (map[string]bool, error) {
	inodes := map[string]bool{}
	for _, name := range []string{"tcp", "tcp6"} {
		f, err := os.Open(net + "/" + name)
		if errors.Is(err, fs.ErrNotExist) { // no IPv6, or the process has ended
			continue
		}
		if err != nil {
			return nil, err
		}
		err = parseListeners(f, addr, inodes)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s/%s: %w", net, name, err)
		}
	}
	return inodes, nil
}

// parseListeners adds the inodes of those that listen on the address. The kernel prints
// listeners before connections (tcp_seq_next), so it stops at the first connection: of
// those in TIME_WAIT alone there may be 30,000.
func parseListeners(r io.Reader, addr netip.AddrPort, inodes map[string]bool) error {
	const local, state, inode = 1, 3, 9
	lines := bufio.NewScanner(r)
	lines.Scan() // the heading
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) <= inode {
			return fmt.Errorf("line %q", lines.Text())
		}
		if f[state] != tcpListen {
			return nil
		}
		at, err := parseAddr(f[local])
		if err != nil {
			return err
		}
		if at.Port() == addr.Port() && (at.Addr() == addr.Addr() || wildcard(at.Addr(), addr.Addr())) {
			inodes[f[inode]] = true
		}
	}
	return lines.Err()
}

// wildcard reports whether a listener on at takes connections to addr: 0.0.0.0 those of
// IPv4, :: all (or, with IPV6_V6ONLY, which /proc does not tell, those of IPv6).
func wildcard(at, addr netip.Addr) bool {
	return at == netip.IPv6Unspecified() || at == netip.IPv4Unspecified() && addr.Is4()
}

// parseAddr reads an address of /proc/net/tcp: words of 32 bits in the machine's byte
// order, printed as hexadecimal numbers, a colon, and the port.
func parseAddr(s string) (netip.AddrPort, error) {
	host, port, _ := strings.Cut(s, ":")
	raw, err := hex.DecodeString(host)
	n, portErr := strconv.ParseUint(port, 16, 16)
	if err != nil || portErr != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, fmt.Errorf("address %q", s)
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	ip, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(ip.Unmap(), uint16(n)), nil
}

// sockets returns the inodes of the sockets that a process holds.
func sockets(pid int) ([]string, error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var inodes []string
	for _, e := range entries {
		target, err := os.Readlink(dir + "/" + e.Name())
		if err != nil { // closed meanwhile
			continue
		}
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			inodes = append(inodes, strings.TrimSuffix(inode, "]"))
		}
	}
	return inodes, nil
}

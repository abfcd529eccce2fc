package probe

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"

	"github.com/c10kit/c10kit/internal/sys"
)

// Listener is a socket that listens.
type Listener struct {
	Addr  netip.AddrPort // as it was bound
	Inode uint64         // as /proc/PID/fd shows it: socket:[INODE]
	UID   uint32         // whose it is
}

// Listeners returns the sockets of the calling thread's network namespace that a SYN to
// addr can end in: those bound to just that address, or those bound to the wildcard if
// there are none (sys.Preferred). Of [::] no file shows whether it has IPV6_V6ONLY: it is
// taken not to. An unspecified addr means all listeners of the port. None is not an error.
//
// It reads /proc/net/tcp and tcp6, proc_pid_net(5), a line for each listener of the
// namespace; who has sock_diag(7) at hand asks that.
func (p Proc) Listeners(addr netip.AddrPort) ([]Listener, error) {
	return p.reader().listeners("thread-self", addr)
}

// ListenersOf is Listeners in the network namespace of a process. The error wraps
// ErrGone when the process has ended.
func (p Proc) ListenersOf(pid int, addr netip.AddrPort) ([]Listener, error) {
	r := p.reader()
	process, err := r.stat(pid)
	if err == nil {
		var found []Listener
		if found, err = r.listeners(r.folder(&process), addr); err == nil {
			return found, nil
		}
	}
	if gone(err) {
		return nil, fmt.Errorf("process %d: %w", pid, ErrGone)
	}
	return nil, err
}

// listeners reads the tables in the folder of a process or thread.
func (r *reader) listeners(folder string, addr netip.AddrPort) ([]Listener, error) {
	var found []Listener
	for _, name := range []string{"/net/tcp", "/net/tcp6"} {
		fd, err := r.file(folder + name).open(0)
		if gone(err) && name == "/net/tcp6" {
			continue // a kernel without IPv6
		}
		if err != nil {
			return nil, explain(err)
		}
		f := os.NewFile(uintptr(fd), r.root+"/"+folder+name)
		found, err = appendListeners(found, f, addr.Port())
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
	}
	return sys.Preferred(found, addr.Addr(), func(l Listener) (netip.Addr, bool) { return l.Addr.Addr(), false }), nil
}

// appendListeners appends those of the port. The kernel prints listeners before
// connections (tcp_seq_next), so it stops at the first connection: of those in TIME_WAIT
// alone there may be 100,000, and the walk over them is what the file costs.
func appendListeners(to []Listener, table io.Reader, port uint16) ([]Listener, error) {
	lines := bufio.NewScanner(table)
	lines.Scan() // the heading
	for lines.Scan() {
		l, ok, err := parseListener(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("line %q: %w", lines.Text(), err)
		}
		if !ok {
			return to, nil
		}
		if l.Addr.Port() == port {
			to = append(to, l)
		}
	}
	return to, lines.Err()
}

// parseListener reads a line of /proc/net/tcp or tcp6, proc_pid_net(5): number, local
// address, remote, state (0A listens), queues, timer, retransmissions, user, timeout,
// inode. Not ok is a socket that does not listen.
func parseListener(line []byte) (l Listener, ok bool, err error) {
	f := bytes.Fields(line)
	if len(f) < 10 {
		return Listener{}, false, fmt.Errorf("%d fields, want 10 or more", len(f))
	}
	if string(f[3]) != "0A" {
		return Listener{}, false, nil
	}
	addr, err := parseAddr(f[1])
	uid, err1 := strconv.ParseUint(string(f[7]), 10, 32)
	inode, err2 := strconv.ParseUint(string(f[9]), 10, 64)
	return Listener{addr, inode, uint32(uid)}, true, errors.Join(err, err1, err2)
}

// parseAddr reads an address: words of 32 bits in the machine's order, as hexadecimal
// numbers, a colon, and the port.
func parseAddr(text []byte) (netip.AddrPort, error) {
	host, port, _ := bytes.Cut(text, []byte{':'})
	ip, err := hex.AppendDecode(nil, host)
	n, portErr := strconv.ParseUint(string(port), 16, 16)
	if err != nil || portErr != nil || len(ip) != 4 && len(ip) != 16 {
		return netip.AddrPort{}, fmt.Errorf("address %q", text)
	}
	for word := range slices.Chunk(ip, 4) { // little-endian on both of our architectures
		slices.Reverse(word)
	}
	a, _ := netip.AddrFromSlice(ip)
	return netip.AddrPortFrom(a, uint16(n)), nil
}

package probe

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Listener is a socket that listens.
type Listener struct {
	Addr  netip.AddrPort
	Inode uint64 // as /proc/PID/fd shows it: socket:[INODE]
	UID   uint32 // whose it is
}

// Listeners returns the sockets of the calling thread's network namespace that
// accept connections to addr, those bound to the wildcard address too. It reads
// /proc/net/tcp and tcp6, which cost a line for each socket of the machine; who has
// sock_diag(7) at hand asks that. None is not an error.
func (p Proc) Listeners(addr netip.AddrPort) ([]Listener, error) {
	var found []Listener
	r := p.reader()
	for _, name := range []string{"thread-self/net/tcp", "thread-self/net/tcp6"} {
		text, err := r.file(name).read()
		if gone(err) && strings.HasSuffix(name, "6") {
			continue // a kernel without IPv6
		}
		if err != nil {
			return nil, explain(err)
		}
		for line := range bytes.Lines(text) {
			if l, ok := parseListener(line); ok && accepts(l.Addr, addr) {
				found = append(found, l)
			}
		}
	}
	return found, nil
}

// accepts reports whether a socket bound to local takes connections to addr. One
// bound to [::] takes IPv4 too, unless IPV6_V6ONLY is set, which no file shows.
func accepts(local, addr netip.AddrPort) bool {
	a, b := local.Addr().Unmap(), addr.Addr().Unmap()
	return local.Port() == addr.Port() &&
		(a == b || a.IsUnspecified() && (a.Is6() || b.Is4()))
}

// parseListener reads a line of /proc/net/tcp or tcp6, proc_pid_net(5): number, local
// address, remote, state (0A listens), queues, timer, retransmissions, user, timeout, inode.
func parseListener(line []byte) (Listener, bool) {
	f := bytes.Fields(line)
	if len(f) < 10 || !bytes.Equal(f[3], []byte("0A")) {
		return Listener{}, false
	}
	host, port, ok := bytes.Cut(f[1], []byte{':'})
	ip := make([]byte, hex.DecodedLen(len(host)))
	_, err := hex.Decode(ip, host)
	if !ok || err != nil || len(ip) != 4 && len(ip) != 16 {
		return Listener{}, false
	}
	for word := range slices.Chunk(ip, 4) { // words in the machine's order, little-endian on both of ours
		slices.Reverse(word)
	}
	a, _ := netip.AddrFromSlice(ip)
	n, err1 := strconv.ParseUint(string(port), 16, 16)
	uid, err2 := strconv.ParseUint(string(f[7]), 10, 32)
	inode, err3 := strconv.ParseUint(string(f[9]), 10, 64)
	return Listener{netip.AddrPortFrom(a, uint16(n)), inode, uint32(uid)}, errors.Join(err1, err2, err3) == nil
}

// ErrNobody is what Owners says when nothing listens.
var ErrNobody = errors.New("nothing listens there: is the server running, and in this network namespace?")

// OtherUserError says that a server cannot be found because another user's
// descriptors may not be read.
type OtherUserError struct {
	UID uint32 // of the socket
}

func (e *OtherUserError) Error() string {
	return fmt.Sprintf("it is held by a process of user %d, whose descriptors user %d may not read: "+
		"run as that user or as root, or name the process with --pid", e.UID, os.Geteuid())
}

// Is makes errors.Is(e, fs.ErrPermission) true.
func (e *OtherUserError) Is(target error) bool { return target == fs.ErrPermission }

// Owners returns the processes that hold one of the sockets, reduced to those that
// have no holder above them: c10kit's supervisor, the master of nginx or httpd. Several are
// several servers that share the port.
//
// Left out, unless they are all there is: the calling process, which may have made
// the socket for its child, and service managers (process 1, systemd), which hold it for
// socket activation.
func (p Proc) Owners(sockets []Listener) ([]Process, error) {
	if len(sockets) == 0 {
		return nil, ErrNobody
	}
	r := p.reader()
	all, err := r.all()
	if err != nil {
		return nil, err
	}
	links := map[string]bool{}
	for _, s := range sockets {
		links[fmt.Sprintf("socket:[%d]", s.Inode)] = true
	}
	var holders, bystanders []int
	denied := map[int]bool{}
	for pid, proc := range all.process {
		holds, err := r.holds(pid, links)
		switch {
		case errors.Is(err, fs.ErrPermission):
			denied[pid] = true
		case !holds:
		case pid == 1 || pid == os.Getpid() || proc.Name == "systemd":
			bystanders = append(bystanders, pid)
		default:
			holders = append(holders, pid)
		}
	}
	if len(holders) == 0 {
		holders = bystanders
	}
	if len(holders) == 0 && len(denied) > 0 {
		return nil, &OtherUserError{sockets[0].UID}
	}
	if len(holders) == 0 {
		return nil, errors.New("no process that /proc shows holds it (another PID namespace, or hidepid): name the process with --pid")
	}
	return all.topmost(all.masters(holders, denied)), nil
}

// holds reports whether a process has one of the links among its descriptors.
func (r *reader) holds(pid int, links map[string]bool) (bool, error) {
	fds, err := r.process(pid, "fd").list(nil)
	if err != nil {
		return false, err
	}
	for _, fd := range fds {
		if to, err := os.Readlink(fmt.Sprintf("%s/%d/fd/%d", r.root, pid, fd)); err == nil && links[to] {
			return true, nil
		}
	}
	return false, nil
}

// masters adds the parents of holders that could not be looked into and have the
// same name: the master of a pool whose workers have given up its rights.
func (c census) masters(holders []int, denied map[int]bool) []int {
	for i := 0; i < len(holders); i++ {
		p := c.process[holders[i]]
		if up, ok := c.process[p.Parent]; ok && denied[up.PID] && up.Name == p.Name && !slices.Contains(holders, up.PID) {
			holders = append(holders, up.PID)
		}
	}
	slices.Sort(holders)
	return holders
}

// Find returns the server that listens at addr: Listeners and Owners together.
func (p Proc) Find(addr netip.AddrPort) (Process, error) {
	sockets, err := p.Listeners(addr)
	if err != nil {
		return Process{}, err
	}
	owners, err := p.Owners(sockets)
	if err != nil {
		return Process{}, fmt.Errorf("the server at %v: %w", addr, err)
	}
	if len(owners) > 1 {
		return Process{}, fmt.Errorf("the server at %v: %d servers listen there, %v: name one with --pid", addr, len(owners), owners)
	}
	return owners[0], nil
}

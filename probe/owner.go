package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"
)

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
	links := linksOf(sockets)
	var holders, bystanders []int
	denied := map[int]bool{}
	for pid, proc := range all.process {
		holds, err := r.holds(&proc, links)
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

// Holds reports whether a process of the tree holds one of the sockets. If none does of
// those that may be looked into, and some may not, the error wraps fs.ErrPermission.
func (p Proc) Holds(tree Tree, sockets []Listener) (bool, error) {
	r, links := p.reader(), linksOf(sockets)
	var denied error
	for i := range tree {
		holds, err := r.holds(&tree[i], links)
		switch {
		case holds:
			return true, nil
		case err != nil && !gone(err):
			denied = explain(err)
		}
	}
	return false, denied
}

// linksOf is what the sockets are called in the folder fd.
func linksOf(sockets []Listener) map[string]bool {
	links := map[string]bool{}
	for _, s := range sockets {
		links[fmt.Sprintf("socket:[%d]", s.Inode)] = true
	}
	return links
}

// holds reports whether a process has one of the links among its descriptors.
func (r *reader) holds(p *Process, links map[string]bool) (bool, error) {
	if p.Zombie() { // it has none; to other users it looks like root's
		return false, nil
	}
	folder := r.folder(p) + "/fd"
	fds, err := r.file(folder).list(nil)
	if err != nil {
		return false, err
	}
	for _, fd := range fds {
		if to, err := os.Readlink(fmt.Sprintf("%s/%s/%d", r.root, folder, fd)); err == nil && links[to] {
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

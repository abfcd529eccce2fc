package cmd

import (
	"errors"
	"io/fs"
	"net/netip"

	"github.com/c10kit/c10kit/probe"
)

// listens reports whether a process below the guard listens where connections to the
// address go: on it or, if nobody does, on all addresses. Where not every process may be
// looked into (one that changed its user), any listener there does: the address is kept
// for the command. It is read from /proc: a connection to find it out would be one that the server
// accepts, and counts, and that the load did not make.
func listens(guard, command int, addr netip.AddrPort) (bool, error) {
	proc := probe.Proc{}
	sockets, err := proc.ListenersOf(command, addr) // its network namespace may be its own
	if err != nil || len(sockets) == 0 {
		return false, err
	}
	tree, err := proc.Tree(guard)
	if err != nil {
		return false, err
	}
	held, err := proc.Holds(tree, sockets)
	if errors.Is(err, fs.ErrPermission) {
		return true, nil
	}
	return held, err
}

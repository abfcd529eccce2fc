package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"

	"github.com/c10kit/c10kit/probe"
	"github.com/c10kit/c10kit/probe/inetdiag"
)

// errNobodyHere says that the server cannot be found by its socket.
var errNobodyHere = errors.New("nobody listens at this address in this network namespace: is the server in another, as in a container? name it with --pid")

// owners asks the kernel which sockets listen at addr, and /proc whose they are.
func owners(addr netip.AddrPort) ([]probe.Process, error) {
	sockets, err := listeners(addr)
	switch {
	case err != nil:
		return nil, err
	case len(sockets) == 0:
		return nil, errNobodyHere
	}
	return probe.Proc{}.Owners(sockets)
}

func listeners(addr netip.AddrPort) ([]probe.Listener, error) {
	diag, err := inetdiag.Open()
	if err != nil {
		return probe.Proc{}.Listeners(addr) // reads the table of all sockets instead
	}
	defer diag.Close()
	sockets, err := diag.Listeners(addr)
	if err != nil {
		return nil, err
	}
	found := make([]probe.Listener, len(sockets))
	for i, l := range sockets {
		found[i] = probe.Listener{Addr: l.Addr, Inode: uint64(l.Inode), UID: l.UID}
	}
	return found, nil
}

// role is what a process that was named by --pid is to the address that is loaded.
type role struct {
	note  string // what its figures are not; "" if they are all of the server's
	below bool   // the server has processes above it
}

// roleOf compares the process with the owners of the address, found or not.
func roleOf(pid int, addr netip.AddrPort, owners []probe.Process, err error) role {
	tree, gone := probe.Proc{}.Tree(pid)
	var other *probe.OtherUserError
	switch {
	case gone != nil || errors.Is(err, errNobodyHere):
		return role{} // said elsewhere
	case errors.As(err, &other):
		return role{note: fmt.Sprintf("whether process %d holds the socket of %s cannot be told: a process of user %d does, whose descriptors user %d may not read",
			pid, addr, other.UID, os.Geteuid())}
	case err != nil:
		return role{note: fmt.Sprintf("whether process %d holds the socket of %s cannot be told: %v", pid, addr, err)}
	case contains(tree, os.Getpid()):
		return role{note: fmt.Sprintf("process %d is above this program: what the load costs is in its figures", pid)}
	}
	inside := 0
	for _, o := range owners {
		if contains(tree, o.PID) {
			inside++
		}
	}
	if inside > 0 {
		if inside == len(owners) {
			return role{}
		}
		return role{note: fmt.Sprintf("process %d is one of %d that share %s, %v: what the others cost is missing", pid, len(owners), addr, owners)}
	}
	for _, o := range owners {
		if tree, err := (probe.Proc{}).Tree(o.PID); err == nil && contains(tree, pid) {
			return role{below: true, note: fmt.Sprintf("process %d is only a part of the server at %s: --pid %d (%s) is all of it", pid, addr, o.PID, o.Name)}
		}
	}
	return role{note: fmt.Sprintf("process %d does not hold the socket of %s, and none below it does: these are not the figures of the server there, which is %v", pid, addr, owners)}
}

func contains(t probe.Tree, pid int) bool {
	return slices.ContainsFunc(t, func(p probe.Process) bool { return p.PID == pid })
}

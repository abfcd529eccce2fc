package netns

import (
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// Where classic BPF programs find what is not in the packet: linux/filter.h, and
// "BPF extensions" in the kernel's Documentation/networking/filter.rst.
const (
	ancillary = 0xfffff000 // SKF_AD_OFF, -0x1000
	random    = 56         // SKF_AD_RANDOM: 32 random bits
)

// Loss makes the kernel throw away that share of the segments that arrive for a
// socket, each with the same probability, in percent: 0 takes the filter off, 100
// lets nothing in. Set on a listening socket it hits SYNs and is inherited by every
// connection accepted afterwards, not by those that are there already. It needs no
// sch_netem and hits nobody else on the machine. Newer kernels (seen on 6.18, where
// UDP is free) want CAP_NET_ADMIN over a TCP socket's network namespace for it: EPERM
// for an ordinary user, unless inside of [Test] or [Command]. A Multipath TCP
// socket, which net.Listen makes unless ListenConfig.SetMultipathTCP(false) says
// otherwise, takes no filter: EOPNOTSUPP.
//
// Only what arrives is lost, so a connection loses in both directions only if both
// ends have a filter. A segment on loopback may be 64 KiB large, and is lost as one.
// The socket's drops (ss -m, probe/inetdiag) count what the filter threw away.
func Loss(fd int, percent float64) error {
	if !(percent >= 0 && percent <= 100) { // in this form it refuses NaN
		return fmt.Errorf("netns: a loss of %v percent: expected 0 to 100", percent)
	}
	if percent == 0 {
		err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
		if err == unix.ENOENT { // there was none
			err = nil
		}
		return lossError("setsockopt SO_DETACH_FILTER", err)
	}
	filter := lossFilter(percent)
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program)
	return lossError("setsockopt SO_ATTACH_FILTER", err)
}

func lossError(call string, err error) error {
	switch err {
	case unix.EPERM:
		return fmt.Errorf("netns: %w: a filter on TCP needs CAP_NET_ADMIN: make the socket in a namespace of Test or Command, or as root",
			os.NewSyscallError(call, err))
	case unix.EOPNOTSUPP:
		return fmt.Errorf("netns: %w: a Multipath TCP socket takes no filter; make it with IPPROTO_TCP "+
			"(net.ListenConfig.SetMultipathTCP(false))", os.NewSyscallError(call, err))
	}
	return os.NewSyscallError(call, err)
}

// lossFilter is the program: a random word at or above the threshold keeps the
// segment whole, one below drops it.
func lossFilter(percent float64) []unix.SockFilter {
	const drop, keep = 0, math.MaxUint32
	threshold := percent / 100 * (1 << 32)
	if threshold >= 1<<32 {
		return []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: drop}}
	}
	return []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: ancillary + random},
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, Jt: 1, K: uint32(threshold)},
		{Code: unix.BPF_RET | unix.BPF_K, K: drop},
		{Code: unix.BPF_RET | unix.BPF_K, K: keep},
	}
}

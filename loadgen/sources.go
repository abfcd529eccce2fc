package loadgen

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// maxSources bounds ParseSources: 4096 addresses of 28,232 ephemeral ports each
// are over a hundred million connections to one server address.
const maxSources = 4096

// loopback4 is the block from which every address is local on Linux without
// configuration; other sources would need routes and answer from elsewhere.
var loopback4 = netip.MustParsePrefix("127.0.0.0/8")

// ParseSources reads local addresses to connect from: a CIDR block such as
// 127.0.1.0/28, all of whose addresses are taken, or a comma-separated list of
// addresses and blocks. All must lie in 127.0.0.0/8, none may come twice, and
// there are at most 4096.
func ParseSources(s string) ([]netip.Addr, error) {
	var list []netip.Addr
	for field := range strings.SplitSeq(s, ",") {
		block, err := parseBlock(strings.TrimSpace(field))
		if err != nil {
			return nil, fmt.Errorf("sources %q: %w", s, err)
		}
		for a := block.Addr(); block.Contains(a); a = a.Next() {
			list = append(list, a)
			if len(list) > maxSources {
				return nil, fmt.Errorf("sources %q: more than %d addresses", s, maxSources)
			}
		}
	}
	if err := checkSources(list); err != nil {
		return nil, fmt.Errorf("sources %q: %w", s, err)
	}
	return list, nil
}

func parseBlock(field string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(field); err == nil {
		return p.Masked(), nil
	}
	a, err := netip.ParseAddr(field)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is no address such as 127.0.1.1 and no block such as 127.0.1.0/28", field)
	}
	return a.Prefix(a.BitLen())
}

// PortRange are the ports from First to Last, both included.
type PortRange struct{ First, Last uint16 }

// ipLocalPortRange is IP_LOCAL_PORT_RANGE (Linux 6.3, ip(7)).
const ipLocalPortRange = 51

// option is the value of IP_LOCAL_PORT_RANGE.
func (r PortRange) option() int32 { return int32(uint32(r.First) | uint32(r.Last)<<16) }

// NarrowsPorts tries whether the kernel knows Config.Ports: from Linux 6.3 on.
func NarrowsPorts() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	return os.NewSyscallError("setsockopt IP_LOCAL_PORT_RANGE", unix.SetsockoptInt(fd, unix.IPPROTO_IP, ipLocalPortRange, 0))
}

func checkSources(list []netip.Addr) error {
	if len(list) > maxSources {
		return fmt.Errorf("more than %d addresses", maxSources)
	}
	seen := make(map[netip.Addr]bool, len(list))
	for _, a := range list {
		switch {
		case !loopback4.Contains(a):
			return fmt.Errorf("%v is outside 127.0.0.0/8", a)
		case a == netip.AddrFrom4([4]byte{127, 0, 0, 0}) || a == netip.AddrFrom4([4]byte{127, 255, 255, 255}):
			return errors.New("127.0.0.0 and 127.255.255.255 are the block's network and broadcast addresses")
		case seen[a]:
			return fmt.Errorf("%v is named twice", a)
		}
		seen[a] = true
	}
	return nil
}

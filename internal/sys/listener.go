package sys

import "net/netip"

// Preferred keeps of listeners, all of one port, those that a SYN to addr can end in:
// those bound to just this address if there are any, else those bound to 0.0.0.0, else
// those bound to :: that take this family. An unspecified addr keeps all. bound tells
// of a listener its address, IPv4 in IPv6 as such, and whether it has IPV6_V6ONLY.
// The kept ones are in the order of all, which is overwritten.
func Preferred[L any](all []L, addr netip.Addr, bound func(L) (at netip.Addr, v6Only bool)) []L {
	addr = addr.Unmap().WithZone("")
	if addr.IsUnspecified() {
		return all
	}
	best := noMatch
	kept := all[:0]
	for _, l := range all {
		at, v6Only := bound(l)
		switch rank := rankOf(at, v6Only, addr); {
		case rank == noMatch || rank > best:
		case rank < best:
			best, kept = rank, append(kept[:0], l)
		default:
			kept = append(kept, l)
		}
	}
	return kept
}

// noMatch is the rank of a listener that does not take an address; lower is better.
const noMatch = 4

// rankOf orders listeners as the kernel's compute_score does, after its two look-ups,
// exact and wildcard: for IPv4 a socket of IPv4 goes before one of IPv6.
func rankOf(at netip.Addr, v6Only bool, addr netip.Addr) int {
	switch {
	case at == addr:
		return 0
	case at.Unmap() == addr:
		return 1
	case at == netip.IPv4Unspecified() && addr.Is4():
		return 2
	case at == netip.IPv6Unspecified() && (addr.Is6() || !v6Only):
		return 3
	}
	return noMatch
}

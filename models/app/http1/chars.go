package http1

import "encoding/binary"

// This file: which bytes may stand where.

// What a byte may be part of, one bit each.
const (
	isToken  = 1 << iota // tchar: RFC 9110, section 5.6.2
	isTarget             // what a request target is made of, without % and ?
	isHost               // reg-name without %: RFC 3986, section 3.2.2
	isValue              // field-vchar, SP and HTAB: RFC 9110, section 5.5
	isHex
	isIPv6 // inside the brackets of an IP literal
)

// class has the bits of every byte. RFC 3986 allows fewer bytes in a target than
// isTarget does: browsers leave [ ] \ ^ ` { | } in a query as they are, no harm
// comes of them, so they pass. Quotes, angle brackets, # and everything that is
// not ASCII do not.
var class = func() (t [256]uint8) {
	set := func(bit uint8, s string) {
		for i := range len(s) {
			t[s[i]] |= bit
		}
	}
	const (
		digit    = "0123456789"
		alpha    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		subDelim = "!$&'()*+,;="
	)
	set(isToken, "!#$%&'*+-.^_`|~"+digit+alpha)
	set(isTarget, "-._~:@/[]\\^`{|}"+subDelim+digit+alpha)
	set(isHost, "-._~"+subDelim+digit+alpha)
	set(isHex, digit+"abcdefABCDEF")
	set(isIPv6, digit+"abcdefABCDEF:.")
	for i := range 256 {
		if i >= ' ' && i != 0x7f || i == '\t' {
			t[i] |= isValue
		}
	}
	return t
}()

func is(bit, ch uint8) bool { return class[ch]&bit != 0 }

// all reports whether every byte of s has the bit.
func all(bit uint8, s []byte) bool {
	for _, ch := range s {
		if class[ch]&bit == 0 {
			return false
		}
	}
	return true
}

// A word with the same byte in all eight places.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// validValue reports whether s holds no control character but HTAB: eight bytes
// at a time, since field values are most of a browser's request. (x-0x20) & ^x has
// a high bit set if, and only if, some byte of x is below 0x20; the same of
// x^0x7f and 1 finds DEL. A word with a hit is looked at byte by byte: it may be a
// tab.
func validValue(s []byte) bool {
	if len(s) < 8 {
		return all(isValue, s)
	}
	for i := 0; i < len(s)-8; i += 8 {
		if odd(binary.LittleEndian.Uint64(s[i:])) && !all(isValue, s[i:i+8]) {
			return false
		}
	}
	// The last eight overlap those before, which costs less than a rest byte by byte.
	last := s[len(s)-8:]
	return !odd(binary.LittleEndian.Uint64(last)) || all(isValue, last)
}

// odd reports whether a byte of x is a control character.
func odd(x uint64) bool {
	del := x ^ 0x7f*ones
	return ((x-0x20*ones)&^x|(del-ones)&^del)&highs != 0
}

// equalFold reports whether s, which holds no control character, is the string
// lower in any case. lower is made of letters, digits and -/: in lower case: all have
// the bit that a capital lacks, and what has it set by force and equals one of them
// is the same letter or a control character.
func equalFold(s []byte, lower string) bool {
	n := len(lower)
	switch {
	case len(s) != n:
		return false
	case n >= 8: // the last eight overlap the first
		return n <= 16 && fold8(s) == load8(lower) && fold8(s[n-8:]) == load8(lower[n-8:]) ||
			n > 16 && equalFold(s[:8], lower[:8]) && equalFold(s[8:], lower[8:])
	}
	for i := range n {
		if s[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}

func fold8(s []byte) uint64 { return binary.LittleEndian.Uint64(s) | 0x20*ones }

func load8(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// blank reports whether ch is SP or HTAB.
func blank(ch byte) bool { return ch == ' ' || ch == '\t' }

// trim cuts optional whitespace off both ends: RFC 9110, section 5.6.3.
func trim(s []byte) []byte {
	for len(s) > 0 && blank(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && blank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// unhex returns the value of a hexadecimal digit.
func unhex(ch byte) byte {
	switch {
	case ch <= '9':
		return ch - '0'
	default:
		return ch&^0x20 - 'A' + 10
	}
}

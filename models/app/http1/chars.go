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
	for len(s) >= 8 {
		x := binary.LittleEndian.Uint64(s)
		del := x ^ 0x7f*ones
		if ((x-0x20*ones)&^x|(del-ones)&^del)&highs != 0 && !all(isValue, s[:8]) {
			return false
		}
		s = s[8:]
	}
	return all(isValue, s)
}

// equalFold reports whether s is the ASCII string lower, in any case. lower must be
// in lower case.
func equalFold(s []byte, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i := range len(lower) {
		ch := s[i]
		if ch-'A' < 26 {
			ch |= 0x20
		}
		if ch != lower[i] {
			return false
		}
	}
	return true
}

// trim cuts optional whitespace off both ends: RFC 9110, section 5.6.3.
func trim(s []byte) []byte {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
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

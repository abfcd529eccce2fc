package http1

import (
	"bytes"
	"math/bits"
	"unsafe"
)

// quick parses a head that lies complete at the start of w, in one pass over it,
// eight bytes at a time, and returns its length. It returns 0, leaving h to be
// reset, for whatever is not quite as nearly everybody sends it: scan and parse
// look at that with care and decide. What quick accepts, they would accept with
// the same outcome; the tests send everything both ways.
func (h *head) quick(w []byte) int {
	w = w[:min(len(w), maxHead)]
	lf := bytes.IndexByte(w, '\n')
	if lf < 1 || lf >= maxLine || w[lf-1] != '\r' || h.requestLine(w[:lf-1]) != nil {
		return 0
	}
	p := lf + 1
	for n := 0; p+2 <= len(w); n++ {
		if pair(w, p) == crlf {
			if h.judge() != nil {
				return 0
			}
			h.lines = n + 1
			return p + 2
		}
		colon := nameEnd(w, p)
		if n >= maxFields || colon == p || colon+2 > len(w) {
			return 0
		}
		from := colon + 1
		switch pair(w, colon) {
		case colonBlank:
			from++
		default:
			if w[colon] != ':' {
				return 0
			}
		}
		to := valueEnd(w, from)
		if to+2 > len(w) || pair(w, to) != crlf {
			return 0
		}
		if from < to && (w[from] <= ' ' || w[to-1] <= ' ') {
			return 0 // more white space to trim; there are no control characters but HTAB
		}
		h.fields[n] = field{span{uint16(p), uint16(colon - p)}, span{uint16(from), uint16(to - from)}}
		if knownFirst>>(w[p]&0x1f)&1 != 0 && h.known(w[p:colon], w[from:to], h.fields[n].value) != nil {
			return 0
		}
		p = to + 2
	}
	return 0
}

// Two bytes as pair loads them.
const (
	crlf       = '\r' | '\n'<<8
	colonBlank = ':' | ' '<<8
)

// knownFirst has the bit of each letter that a field begins with which known takes:
// Host, Expect, Connection, Content-Length, Transfer-Encoding. The low five bits of
// a letter are the same in both cases.
const knownFirst = 1<<('h'&0x1f) | 1<<('e'&0x1f) | 1<<('c'&0x1f) | 1<<('t'&0x1f)

// nameEnd returns where the token that starts at p ends: at the first byte that is
// neither letter nor hyphen, as far as whole words go, then byte by byte.
//
// With the high bits out of the way, adding 0x80-'a' to a byte sets its high bit if
// it is 'a' or more, adding 0x7f-'z' if it is more than 'z': no byte carries into
// the next.
func nameEnd(w []byte, p int) int {
	const low = 0x7f * ones
	for p+8 <= len(w) {
		x := word(w, p)
		lower := (x | 0x20*ones) & low
		letter := (lower + (0x80-'a')*ones) &^ (lower + (0x7f-'z')*ones)
		noHyphen := (x&low ^ '-'*ones) + low
		if other := (noHyphen&^letter | x) & highs; other != 0 {
			p += bits.TrailingZeros64(other) >> 3
			break
		}
		p += 8
	}
	for p < len(w) && class[w[p]]&isToken != 0 {
		p++
	}
	return p
}

// valueEnd returns where the first control character but HTAB is, from p on.
func valueEnd(w []byte, p int) int {
	for p+16 <= len(w) {
		first, second := controls(word(w, p)), controls(word(w, p+8))
		if first|second == 0 {
			p += 16
			continue
		}
		if first != 0 {
			p += bits.TrailingZeros64(first) >> 3
		} else {
			p += 8 + bits.TrailingZeros64(second)>>3
		}
		if class[w[p]]&isValue == 0 {
			return p
		}
		p++
	}
	for p < len(w) && class[w[p]]&isValue != 0 {
		p++
	}
	return p
}

// controls marks the high bits of the bytes of x that are below 0x20 or DEL. Bytes
// above one that is marked, or above 0xff, may be marked without being either, so
// whoever finds a mark looks at the lowest and goes on behind it.
func controls(x uint64) uint64 { return ((x - 0x20*ones) | (x + ones)) &^ x & highs }

// word loads the eight bytes at p, pair two: the caller has checked that they are
// there. The compiler cannot see that they are and would check again, at the cost of
// half the loop. Both architectures are little-endian and load from any address.
func word(w []byte, p int) uint64 {
	return *(*uint64)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(w)), p))
}

func pair(w []byte, p int) uint16 {
	return *(*uint16)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(w)), p))
}

package http1

import (
	"bytes"

	"github.com/c10kit/c10kit/models/buf"
)

// What the framing of a chunked body may cost, beside its data.
const (
	maxSizeLine = 256      // a size line with its extensions and CR LF
	maxExcess   = 16 << 10 // all extensions and needlessly long sizes of a body
	maxTrailer  = 8 << 10  // the trailer section
	plainDigits = 8        // digits of a size that are not excess

	// copyBelow is the size of a piece that is copied rather than shared: below it
	// the descriptor costs more than the copy, and a body of one-byte chunks would
	// pin a block for each few of its bytes.
	copyBelow = 512
)

// chunked decodes the chunked transfer coding as it arrives: RFC 9112, section 7.1.
//
//	+--> size --(size > 0)--> data --> dataEnd --+
//	|     |                                      |
//	|     +--(size = 0)--> trailer --> decoded   |
//	+--------------------------------------------+
type chunked struct {
	state  chunkState
	left   int64 // of the chunk's data
	total  int64 // announced by all sizes so far
	looked int   // bytes of the current line that hold no LF
	excess int
	fields int // of the trailer section, and its bytes
	bytes  int
}

type chunkState uint8

const (
	chunkSize chunkState = iota
	chunkData
	chunkDataEnd
	chunkTrailer
	chunkDecoded
)

// decode moves the data that in holds to the end of out, at most limit bytes over
// the whole body, and reports whether the body is complete; what follows it stays
// in in. errTooLarge is returned as soon as a size announces more than limit.
func (d *chunked) decode(in, out *buf.Chain, limit int64) (done bool, r *refusal) {
	for in.Len() > 0 {
		before := in.Len()
		switch d.state {
		case chunkSize:
			r = d.takeSize(in, limit)
		case chunkData:
			d.takeData(in, out)
		case chunkDataEnd:
			r = d.takeDataEnd(in)
		case chunkTrailer:
			r = d.takeTrailer(in)
		}
		if r != nil || d.state == chunkDecoded {
			return r == nil, r
		}
		if in.Len() == before {
			return false, nil // an incomplete line
		}
	}
	return false, nil
}

// line returns the next line of at most limit bytes, without its CR LF, and its
// length with it; 0 if the line is not complete.
func (d *chunked) line(in *buf.Chain, limit int, long *refusal) ([]byte, int, *refusal) {
	lf := in.IndexByte('\n', d.looked)
	switch {
	case lf >= limit, lf < 0 && in.Len() >= limit:
		return nil, 0, long
	case lf < 0:
		d.looked = in.Len()
		return nil, 0, nil
	}
	d.looked = 0
	line := in.Contiguous(lf + 1)
	if lf == 0 || line[lf-1] != '\r' {
		return nil, 0, errBareLF
	}
	return line[:lf-1], lf + 1, nil
}

func (d *chunked) takeSize(in *buf.Chain, limit int64) *refusal {
	line, n, r := d.line(in, maxSizeLine, errChunkLine)
	if n == 0 {
		return r
	}
	size, digits := int64(0), 0
	for digits < len(line) && is(isHex, line[digits]) {
		if size > (1<<63-1)>>4 {
			return errChunkSize
		}
		size = size<<4 | int64(unhex(line[digits]))
		digits++
	}
	if digits == 0 {
		return errChunkSize
	}
	d.excess += max(0, len(line)-min(digits, plainDigits))
	if d.excess > maxExcess || !validExtensions(line[digits:]) {
		return errChunkExt
	}
	if size > limit-d.total {
		return errTooLarge
	}
	in.TrimFront(n)
	d.total += size
	d.left = size
	d.state = chunkData
	if size == 0 {
		d.state = chunkTrailer
	}
	return nil
}

func (d *chunked) takeData(in, out *buf.Chain) {
	n := int(min(d.left, int64(in.Len())))
	d.left -= int64(n)
	if d.left == 0 {
		d.state = chunkDataEnd
	}
	if n >= copyBelow {
		out.Move(in, n)
		return
	}
	for n > 0 {
		w := in.First()
		w = w[:min(n, len(w))]
		out.Append(w)
		in.TrimFront(len(w))
		n -= len(w)
	}
}

func (d *chunked) takeDataEnd(in *buf.Chain) *refusal {
	var b [2]byte
	n := in.CopyTo(b[:], 0)
	switch {
	case b[0] != '\r', n == 2 && b[1] != '\n':
		return errChunkEnd
	case n == 2:
		in.TrimFront(2)
		d.state = chunkSize
	}
	return nil
}

// takeTrailer takes a line of the trailer section. The fields are checked and
// dropped: merging them into the head is how a request is made to mean something
// else after it was judged (RFC 9110, section 6.5.1).
func (d *chunked) takeTrailer(in *buf.Chain) *refusal {
	line, n, r := d.line(in, maxTrailer-d.bytes, errTrailerLarge)
	if n == 0 {
		return r
	}
	d.bytes += n
	if len(line) == 0 {
		d.state = chunkDecoded
		in.TrimFront(n)
		return nil
	}
	if d.fields++; d.fields > maxFields {
		return errTrailerLarge
	}
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || !all(isToken, line[:colon]) || !validValue(line[colon+1:]) {
		return errTrailer
	}
	in.TrimFront(n)
	return nil
}

// validExtensions reports whether s is made of chunk extensions: RFC 9112, section
// 7.1.1. Their meaning is nobody's.
func validExtensions(s []byte) bool {
	for len(s) > 0 {
		if s = skipBlank(s); len(s) == 0 || s[0] != ';' {
			return false
		}
		n := 0
		if s, n = skipToken(skipBlank(s[1:])); n == 0 {
			return false
		}
		after := skipBlank(s)
		if len(after) == 0 || after[0] != '=' {
			continue
		}
		s = skipBlank(after[1:])
		if len(s) > 0 && s[0] == '"' {
			s, n = skipQuoted(s)
		} else {
			s, n = skipToken(s)
		}
		if n == 0 {
			return false
		}
	}
	return true
}

func skipBlank(s []byte) []byte {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	return s
}

func skipToken(s []byte) (rest []byte, n int) {
	for n < len(s) && is(isToken, s[n]) {
		n++
	}
	return s[n:], n
}

// skipQuoted skips a quoted string: RFC 9110, section 5.6.4; n is 0 if it has no
// end.
func skipQuoted(s []byte) (rest []byte, n int) {
	for i := 1; i < len(s) && is(isValue, s[i]); i++ {
		switch s[i] {
		case '"':
			return s[i+1:], i + 1
		case '\\':
			if i++; i < len(s) && !is(isValue, s[i]) {
				return s, 0
			}
		}
	}
	return s, 0
}

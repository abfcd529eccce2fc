package http1

import (
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
	fields int // of the trailer section, its bytes, and where it stands
	bytes  int
	part   trailerPart
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

// line returns a size line without its CR LF, and its length with it; 0 if the line
// is not complete.
func (d *chunked) line(in *buf.Chain) ([]byte, int, *refusal) {
	lf := in.IndexByte('\n', d.looked)
	switch {
	case lf >= maxSizeLine, lf < 0 && in.Len() >= maxSizeLine:
		return nil, 0, errChunkLine
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
	line, n, r := d.line(in)
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

// takeTrailer takes what has come of the trailer section, which is checked and
// dropped: merging its fields into the head is how a request is made to mean
// something else after it was judged (RFC 9110, section 6.5.1). Byte by byte, since
// nothing of it need be kept: waiting for whole lines would look at the start of a
// long one again and again.
func (d *chunked) takeTrailer(in *buf.Chain) *refusal {
	for d.state == chunkTrailer && in.Len() > 0 {
		n := 0
		for _, ch := range in.First() {
			n++
			if d.bytes++; d.bytes > maxTrailer {
				return errTrailerLarge
			}
			if r := d.trailerByte(ch); r != nil {
				return r
			}
			if d.state != chunkTrailer {
				break
			}
		}
		in.TrimFront(n)
	}
	return nil
}

// trailerPart is where in a line of the trailer section the decoder is.
type trailerPart uint8

const (
	lineStart trailerPart = iota
	lineName
	lineValue
	lineEnd // LF is missing
	lastEnd // LF of the empty line is missing
)

func (d *chunked) trailerByte(ch byte) *refusal {
	switch {
	case d.part == lineStart && ch == '\r':
		d.part = lastEnd
	case d.part == lineStart && is(isToken, ch):
		d.part = lineName
		if d.fields++; d.fields > maxFields {
			return errTrailerLarge
		}
	case d.part == lineName && ch == ':':
		d.part = lineValue
	case d.part == lineName && is(isToken, ch), d.part == lineValue && is(isValue, ch):
	case d.part == lineValue && ch == '\r':
		d.part = lineEnd
	case d.part == lineEnd && ch == '\n':
		d.part = lineStart
	case d.part == lastEnd && ch == '\n':
		d.state = chunkDecoded
	case ch == '\n':
		return errBareLF
	default:
		return errTrailer
	}
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
	for len(s) > 0 && blank(s[0]) {
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

package http1

import (
	"bytes"

	"github.com/c10kit/c10kit/models/buf"
)

// What a head may cost.
const (
	maxLine   = 8 << 10  // the request line with its CR LF
	maxHead   = 16 << 10 // the whole head with its empty line
	maxFields = 100
	maxBlank  = 4 // empty lines before the request line: RFC 9112, section 2.2
)

// span is a piece of the head: an offset and a length instead of a slice, so that
// it is a quarter of its size and survives when the head moves to other memory.
type span struct{ off, n uint16 }

func (s span) of(head []byte) []byte { return head[s.off : int(s.off)+int(s.n)] }

// head is the head of a request, while it arrives and when it is parsed.
//
//	GET /bytes/7?x HTTP/1.1\r\n
//	Host: localhost\r\n
//	\r\n
//	                       ^ ends[0]
//	               ^ ends[1]; the empty line is not among them
//
// Arriving, it is looked at once: at says how far, win and base in which window of
// the chain that is. A model adds to the end of Conn.In and nobody else changes it
// meanwhile, so the window stays. Looking from the front again at each wake-up
// would make a head that comes a byte at a time, each in a block of its own, cost
// the square of its length.
type head struct {
	win    *buf.Buf // where at is; nil: at the front
	base   int      // chain offset of win
	at     int      // the next byte to look at
	start  int      // where the line that at is in starts
	prev   byte     // the last byte of the window before win
	blanks uint8    // empty lines that were skipped before the head
	lines  int      // complete lines: ends[:lines]

	method  method
	minor   uint8 // HTTP/1.minor, 0 or 1
	star    bool  // the target is *, or OPTIONS of an authority alone
	percent bool  // the path needs decoding
	target  span
	path    span // without query; of an absolute form, what follows the authority
	query   span
	host    span // in force: of the absolute form, if the target is one

	framing
	fields [maxFields]field
	ends   [1 + maxFields]uint16
}

type field struct{ name, value span }

// reset makes h ready for the next head. The arrays are not touched.
func (h *head) reset() {
	h.win, h.base, h.at, h.start, h.prev, h.blanks, h.lines = nil, 0, 0, 0, 0, 0, 0
	h.method, h.minor, h.star, h.percent = mUnknown, 1, false, false
	h.path, h.query, h.host = span{}, span{}, span{}
	h.framing = framing{length: -1}
}

// receive looks for a head in what in holds, parses it and returns its length, 0 if
// it is not complete yet.
func (h *head) receive(in *buf.Chain) (int, *refusal) {
	// Only the first time: a head that comes in pieces is not begun again with each.
	if w := in.First(); h.at == 0 && h.blanks == 0 && len(w) > 0 {
		if n := h.quick(w); n > 0 {
			return n, nil
		}
		h.reset()
	}
	n, r := h.scan(in)
	if n == 0 || r != nil {
		return 0, r
	}
	return n, h.parse(in.Contiguous(n))
}

// scan looks for the end of the head in what in holds and returns the head's
// length, 0 if it is not complete yet. It finds lines by their LF and judges what
// can be judged before the rest is here: first byte, sizes, line ends and, as soon
// as it is complete, the request line. Whether the bytes come at once or one by
// one makes no difference to what it says.
func (h *head) scan(in *buf.Chain) (int, *refusal) {
	if h.at == 0 {
		if more, r := h.first(in); !more || r != nil {
			return 0, r
		}
		h.win = in.Front()
	}
	for {
		w := h.win.Bytes()
		w = w[:min(len(w), maxHead-h.base)]
		for {
			i := bytes.IndexByte(w[h.at-h.base:], '\n')
			if i < 0 {
				break
			}
			lf := h.at + i
			done, moved, r := h.line(in, w, lf)
			if done || r != nil {
				return lf + 1, r
			}
			if moved {
				w = h.win.Bytes()
			}
		}
		h.at = h.base + len(w)
		switch {
		case h.lines == 0 && h.at >= maxLine:
			return 0, errLineTooLong
		case h.at >= maxHead:
			return 0, errHeadTooLarge
		case h.win.Next() == nil:
			return 0, nil
		}
		h.base += len(w)
		h.prev = w[len(w)-1]
		h.win = h.win.Next()
	}
}

// first skips empty lines and judges the first byte of a head. It reports whether
// there is one.
func (h *head) first(in *buf.Chain) (bool, *refusal) {
	for in.Len() > 0 {
		if w := in.First(); is(isToken, w[0]) {
			return true, nil
		}
		var b [2]byte
		n := in.CopyTo(b[:], 0)
		switch {
		case b[0] == '\n':
			return false, errBareLF
		case b[0] != '\r':
			return false, errFirstByte
		case n == 1:
			return false, nil
		case b[1] != '\n':
			return false, errFirstByte
		case h.blanks == maxBlank:
			return false, errLeadingLines
		}
		h.blanks++
		in.TrimFront(2)
	}
	return false, nil
}

// line takes the line that the LF at offset lf ends; w is the window that the LF
// is in. done: it was the empty line. moved: the request line lay in several
// windows and was pulled together, which made a new window of it.
func (h *head) line(in *buf.Chain, w []byte, lf int) (done, moved bool, r *refusal) {
	if h.lines == 0 && lf >= maxLine {
		return false, false, errLineTooLong
	}
	before := h.prev
	if lf > h.base {
		before = w[lf-h.base-1]
	}
	if before != '\r' {
		return false, false, errBareLF
	}
	end := lf - 1
	switch {
	case h.lines == 0:
		line := []byte(nil)
		if h.base == 0 {
			line = w[:end]
		} else {
			line = in.Contiguous(lf + 1)[:end]
			h.win, h.base, moved = in.Front(), 0, true
		}
		if r := h.requestLine(line); r != nil {
			return false, moved, r
		}
	case end == h.start:
		return true, false, nil
	case h.lines > maxFields:
		return false, false, errManyFields
	}
	h.ends[h.lines] = uint16(end)
	h.lines++
	h.at, h.start = lf+1, lf+1
	return false, moved, nil
}

// parse judges the fields of a complete head, b. What it finds refers to b by
// offsets.
func (h *head) parse(b []byte) *refusal {
	start := int(h.ends[0]) + 2
	for i := 1; i < h.lines; i++ {
		end := int(h.ends[i])
		line := b[start:end]
		colon := 0
		for colon < len(line) && class[line[colon]]&isToken != 0 {
			colon++
		}
		if colon == 0 || colon == len(line) || line[colon] != ':' {
			return misnamed(line, colon)
		}
		from, to := colon+1, len(line)
		for from < to && blank(line[from]) {
			from++
		}
		for from < to && blank(line[to-1]) {
			to--
		}
		value := line[from:to]
		if !validValue(value) {
			return errFieldValue
		}
		f := &h.fields[i-1]
		f.name = span{uint16(start), uint16(colon)}
		f.value = span{uint16(start + from), uint16(to - from)}
		if r := h.known(line[:colon], value, f.value); r != nil {
			return r
		}
		start = end + 2
	}
	return h.judge()
}

// misnamed says what is wrong with a field line whose name ends at colon.
func misnamed(line []byte, colon int) *refusal {
	switch {
	case len(line) == colon:
		return errNoColon
	case !blank(line[colon]):
		return errFieldName
	case colon == 0:
		return errFolded
	default:
		return errFieldColon
	}
}

// count returns how many fields the head has.
func (h *head) count() int { return h.lines - 1 }

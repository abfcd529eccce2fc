package loadgen

import "bytes"

// fault says in which way an answer breaks its protocol; 0 is none.
type fault uint8

const (
	noFault fault = iota
	faultVersion
	faultStatusLine
	faultStatus
	faultUpgrade
	faultLineEnd
	faultField
	faultHeadSize
	faultLength
	faultTwoLengths
	faultCoding
	faultChunk
	faultTrailer
	faultUnasked
	faultEcho
)

var faultNames = [...]string{
	noFault:         "no fault",
	faultVersion:    "answer does not begin with HTTP/1.0 or HTTP/1.1",
	faultStatusLine: "malformed status line",
	faultStatus:     "status outside 100..599",
	faultUpgrade:    "101 Switching Protocols without an Upgrade request",
	faultLineEnd:    "line not ended by CR LF",
	faultField:      "malformed header field",
	faultHeadSize:   "header section larger than 64 KiB",
	faultLength:     "malformed Content-Length",
	faultTwoLengths: "several Content-Length, or one beside Transfer-Encoding",
	faultCoding:     "Transfer-Encoding other than chunked, given twice, or in an HTTP/1.0 answer",
	faultChunk:      "malformed chunk",
	faultTrailer:    "malformed trailer section",
	faultUnasked:    "bytes that no request asked for",
	faultEcho:       "echo differs from what was sent",
}

// String returns the fault as a clause.
func (f fault) String() string { return faultNames[f] }

// maxHead bounds a header section, and by the same number a trailer section.
const maxHead = 64 << 10

// framing is what a header section says about the rest of its answer.
type framing struct {
	length  uint64 // of the body; meaning only if neither of the next two
	chunked bool
	toEOF   bool // body ends with the connection (RFC 9112, 6.3, rule 8)
	close   bool // the server will close after this answer
	status  uint16
}

// scanStage is where in an answer a scanner stands.
type scanStage uint8

const (
	atHead scanStage = iota
	inBody
	inBodyToEOF
	atChunkSize
	inChunkExt
	atChunkSizeLF
	inChunk
	atChunkCR
	atChunkLF
	atTrailer
	inTrailerName
	inTrailer
	atTrailerLF
	atLastLF
)

// scanner recognises one HTTP/1.x answer after the other in a byte stream cut
// anywhere. It is strict: what two implementations could read differently is a
// fault. A connection has one; its state is a few integers, and head holds the
// beginning of a header section only while that is incomplete (its memory is
// kept for the next time).
//
//	atHead -> inBody | inBodyToEOF | atChunkSize -> ... -> atHead
type scanner struct {
	head   []byte
	left   uint64 // bytes of the body or chunk still to come; size while it is read
	now    framing
	lines  int32 // bytes of the current chunk-size line or of the trailers
	stage  scanStage
	noBody bool // HEAD: answers have no body whatever their header says
}

// lastHead remembers the last complete header section and what it said. Answers
// of a server under load differ in nothing, or once a second in their Date: one
// comparison of memory replaces the parse for all but one in thousands. Equal
// bytes have an equal meaning, so strictness loses nothing.
type lastHead struct {
	bytes []byte
	said  framing
}

// feed consumes bytes of the answer that s is in. It returns how many it used
// and whether the answer is complete, and then stops, so that p[used:] belongs
// to the next. After a fault the stream is lost.
func (s *scanner) feed(p []byte, last *lastHead) (used int, done bool, f fault) {
	if s.stage == atHead {
		if used, done, f = s.feedHead(p, last); done || f != noFault || s.stage == atHead {
			return used, done, f
		}
	}
	switch s.stage {
	case inBody:
		n := min(s.left, uint64(len(p)-used))
		s.left -= n
		if used += int(n); s.left == 0 {
			s.stage = atHead
			return used, true, noFault
		}
		return used, false, noFault
	case inBodyToEOF:
		return len(p), false, noFault
	}
	n, done, f := s.feedChunked(p[used:])
	return used + n, done, f
}

// feedHead consumes header sections, interim ones (1xx) included, until a final
// one is complete. It leaves s at the body, or reports done if there is none.
func (s *scanner) feedHead(p []byte, last *lastHead) (used int, done bool, f fault) {
	for used < len(p) {
		said, n, complete := framing{}, 0, false
		rest := p[used:]
		if h := last.bytes; len(s.head) == 0 && len(h) > 0 && len(rest) >= len(h) && string(rest[:len(h)]) == string(h) {
			said, n, complete = last.said, len(h), true
		} else if said, n, complete, f = s.parse(rest, last); f != noFault {
			return used, false, f
		}
		used += n
		if !complete {
			return used, false, noFault
		}
		if said.status < 200 {
			continue
		}
		return used, s.begin(said), noFault
	}
	return used, false, noFault
}

// parse looks for the end of the header section in rest, after what s.head has
// of it. If it is there, it parses the section and remembers it in last; if not,
// it keeps rest. n is how many bytes of rest it used.
func (s *scanner) parse(rest []byte, last *lastHead) (said framing, n int, complete bool, f fault) {
	section, had := rest, len(s.head)
	if had > 0 {
		s.head = append(s.head, rest...)
		section = s.head
	}
	end, f := headEnd(section, had)
	if f != noFault {
		return said, 0, false, f
	}
	if end == 0 {
		if had == 0 {
			s.head = append(s.head, rest...)
		}
		return said, len(rest), false, noFault
	}
	if said, f = parseHead(section[:end]); f != noFault {
		return said, 0, false, f
	}
	last.bytes, last.said = append(last.bytes[:0], section[:end]...), said
	s.head = s.head[:0]
	return said, end - had, true, noFault
}

// begin enters the body that said announces, by the rules of RFC 9112, 6.3, and
// reports whether there is none.
func (s *scanner) begin(said framing) (done bool) {
	s.now = said
	switch {
	case s.noBody || said.status == 204 || said.status == 304:
		// No body, but a server that would end it by closing still closes.
		return true
	case said.chunked:
		s.stage, s.left, s.lines = atChunkSize, 0, 0
	case said.toEOF:
		s.stage = inBodyToEOF
	case said.length == 0:
		return true
	default:
		s.stage, s.left = inBody, said.length
	}
	return false
}

// eof reports whether the end of the connection completes the answer.
func (s *scanner) eof() bool { return s.stage == inBodyToEOF }

// unseen returns how many bytes are certain to come that are only counted.
func (s *scanner) unseen() uint64 {
	if s.stage == inBody || s.stage == inChunk {
		return s.left
	}
	return 0
}

// skip is feed for n of the unseen bytes without their being read.
func (s *scanner) skip(n int) (done bool) {
	if s.left -= uint64(n); s.left > 0 {
		return false
	}
	if s.stage == inChunk {
		s.stage = atChunkCR
		return false
	}
	s.stage = atHead
	return true
}

// reset makes s ready for a new connection.
func (s *scanner) reset() {
	s.stage, s.head, s.now = atHead, s.head[:0], framing{}
}

// headEnd returns the length of the header section that h begins with, or 0 if
// it is incomplete. It looks for line ends from index seen on. The beginning of
// the version and each line's CR are checked at once, so that a server that
// speaks another protocol is found out by its first bytes and not by a timeout.
func headEnd(h []byte, seen int) (int, fault) {
	const version = "HTTP/1."
	if n := min(len(h), len(version)); string(h[:n]) != version[:n] {
		return 0, faultVersion
	}
	for i := seen; i < len(h); i++ {
		n := bytes.IndexByte(h[i:], '\n')
		if n < 0 {
			break
		}
		if i += n; i == 0 || h[i-1] != '\r' {
			return 0, faultLineEnd
		}
		if i >= maxHead {
			return 0, faultHeadSize
		}
		if i >= 3 && h[i-2] == '\n' {
			return i + 1, noFault
		}
	}
	if len(h) >= maxHead {
		return 0, faultHeadSize
	}
	return 0, noFault
}

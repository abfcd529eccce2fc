package loadgen

// maxChunkLine bounds a chunk-size line with its extensions.
const maxChunkLine = 4096

// feedChunked consumes bytes of a chunked body (RFC 9112, 7.1), one state a
// byte but for the data of a chunk, which is skipped whole:
//
//	SIZE [;ext] CR LF  data CR LF  ...  0 CR LF  trailers  CR LF
func (s *scanner) feedChunked(p []byte) (used int, done bool, f fault) {
	for used < len(p) {
		if s.stage == inChunk {
			n := min(s.left, uint64(len(p)-used))
			used += int(n)
			if s.left -= n; s.left == 0 {
				s.stage = atChunkCR
			}
			continue
		}
		b := p[used]
		used++
		if s.stage >= atTrailer {
			done, f = s.trailerByte(b)
		} else {
			f = s.chunkByte(b)
		}
		if done || f != noFault {
			return used, done, f
		}
	}
	return used, false, noFault
}

// chunkByte takes a byte outside of chunk data.
func (s *scanner) chunkByte(b byte) fault {
	switch s.stage {
	case atChunkSize, inChunkExt:
		return s.sizeByte(b)
	case atChunkSizeLF:
		if b != '\n' {
			return faultChunk
		}
		s.stage = inChunk
		if s.left == 0 {
			s.stage, s.lines = atTrailer, 0
		}
	case atChunkCR:
		if b != '\r' {
			return faultChunk
		}
		s.stage = atChunkLF
	case atChunkLF:
		if b != '\n' {
			return faultChunk
		}
		s.stage, s.lines = atChunkSize, 0
	}
	return noFault
}

// sizeByte takes a byte of a chunk-size line: at most 15 hexadecimal digits,
// then an extension of any text.
func (s *scanner) sizeByte(b byte) fault {
	if s.lines++; s.lines > maxChunkLine {
		return faultChunk
	}
	if b == '\r' && s.lines > 1 {
		s.stage = atChunkSizeLF
		return noFault
	}
	if s.stage == inChunkExt {
		if !isText([]byte{b}) {
			return faultChunk
		}
		return noFault
	}
	d, ok := hexDigit(b)
	switch {
	case ok && s.lines <= 15:
		s.left = s.left<<4 | uint64(d)
	case s.lines > 1 && b == ';':
		s.stage = inChunkExt
	default:
		return faultChunk
	}
	return noFault
}

// trailerByte takes a byte after the last chunk. Trailers are skipped: none of
// them may change how the message is framed (RFC 9110, 6.5.1).
func (s *scanner) trailerByte(b byte) (done bool, f fault) {
	if s.lines++; s.lines > maxHead {
		return false, faultTrailer
	}
	switch s.stage {
	case atTrailer: // beginning of a line
		switch {
		case b == '\r':
			s.stage = atLastLF
		case tokenByte[b]:
			s.stage = inTrailerName
		default:
			return false, faultTrailer
		}
	case inTrailerName:
		if b == ':' {
			s.stage = inTrailer
		} else if !tokenByte[b] {
			return false, faultTrailer
		}
	case inTrailer:
		if b == '\r' {
			s.stage = atTrailerLF
		} else if b < ' ' && b != '\t' || b == 0x7f {
			return false, faultTrailer
		}
	case atTrailerLF:
		if b != '\n' {
			return false, faultTrailer
		}
		s.stage = atTrailer
	case atLastLF:
		if b != '\n' {
			return false, faultTrailer
		}
		s.stage = atHead
		return true, noFault
	}
	return false, noFault
}

func hexDigit(b byte) (byte, bool) {
	switch {
	case '0' <= b && b <= '9':
		return b - '0', true
	case 'a' <= b && b <= 'f':
		return b - 'a' + 10, true
	case 'A' <= b && b <= 'F':
		return b - 'A' + 10, true
	}
	return 0, false
}

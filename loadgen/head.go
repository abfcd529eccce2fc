package loadgen

import "bytes"

// parseHead reads a complete header section, h, which ends with an empty line.
func parseHead(h []byte) (framing, fault) {
	line, rest := cutLine(h)
	said, minor, f := parseStatusLine(line)
	if f != noFault {
		return said, f
	}
	p := headParser{said: &said, minor: minor}
	for {
		if line, rest = cutLine(rest); len(line) == 0 {
			break
		}
		if f := p.field(line); f != noFault {
			return said, f
		}
	}
	return said, p.finish()
}

// cutLine splits h after its first CR LF, which must exist: headEnd saw it.
func cutLine(h []byte) (line, rest []byte) {
	i := bytes.IndexByte(h, '\n')
	return h[:i-1], h[i+1:]
}

// parseStatusLine reads HTTP/1.x SP 3DIGIT [SP reason] (RFC 9112, 4). The space
// after the code may be missing: several servers drop it with the reason, and
// nothing else can be meant.
func parseStatusLine(line []byte) (said framing, minor byte, f fault) {
	const prefix = len("HTTP/1.x ")
	if len(line) < prefix+3 || line[prefix-1] != ' ' || (len(line) > prefix+3 && line[prefix+3] != ' ') {
		return said, 0, faultStatusLine
	}
	if minor = line[prefix-2]; minor != '0' && minor != '1' {
		return said, 0, faultVersion
	}
	for _, d := range line[prefix : prefix+3] {
		if d < '0' || d > '9' {
			return said, 0, faultStatusLine
		}
		said.status = said.status*10 + uint16(d-'0')
	}
	if !isText(line[prefix+3:]) {
		return said, 0, faultStatusLine
	}
	switch {
	case said.status < 100 || said.status > 599:
		return said, 0, faultStatus
	case said.status == 101:
		return said, 0, faultUpgrade
	}
	return said, minor, noFault
}

// headParser collects what the fields of one header section say about framing.
type headParser struct {
	said      *framing
	minor     byte
	hasLength bool
	keepAlive bool
}

// field reads one field line (RFC 9112, 5). A line that continues the previous
// one (obs-fold) begins with white space, which is no token: it is refused.
func (p *headParser) field(line []byte) fault {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 {
		return faultField
	}
	for _, b := range line[:colon] {
		if !tokenByte[b] {
			return faultField
		}
	}
	value := bytes.Trim(line[colon+1:], " \t")
	if !isText(value) {
		return faultField
	}
	switch name := line[:colon]; len(name) {
	case len("Connection"):
		if foldEqual(name, "connection") {
			p.connection(value)
		}
	case len("Content-Length"):
		if foldEqual(name, "content-length") {
			return p.contentLength(value)
		}
	case len("Transfer-Encoding"):
		if foldEqual(name, "transfer-encoding") {
			return p.transferEncoding(value)
		}
	}
	return noFault
}

func (p *headParser) connection(value []byte) {
	for item := range bytes.SplitSeq(value, []byte(",")) {
		switch item = bytes.Trim(item, " \t"); {
		case foldEqual(item, "close"):
			p.said.close = true
		case foldEqual(item, "keep-alive"):
			p.keepAlive = true
		}
	}
}

func (p *headParser) contentLength(value []byte) fault {
	if p.hasLength {
		return faultTwoLengths
	}
	p.hasLength = true
	if len(value) == 0 || len(value) > 18 {
		return faultLength
	}
	for _, d := range value {
		if d < '0' || d > '9' {
			return faultLength
		}
		p.said.length = p.said.length*10 + uint64(d-'0')
	}
	return noFault
}

// transferEncoding knows chunked alone. Others are for clients that have sent
// TE, which this one never does (RFC 9112, 7.4).
func (p *headParser) transferEncoding(value []byte) fault {
	if p.said.chunked || !foldEqual(value, "chunked") {
		return faultCoding
	}
	p.said.chunked = true
	return noFault
}

// finish draws the conclusions that need all fields.
func (p *headParser) finish() fault {
	switch {
	case p.said.chunked && p.hasLength:
		return faultTwoLengths
	case p.said.chunked && p.minor == '0':
		return faultCoding
	}
	p.said.toEOF = !p.said.chunked && !p.hasLength
	if p.minor == '0' && !p.keepAlive {
		p.said.close = true
	}
	return noFault
}

// isText reports whether b may stand in a field value or reason: no control
// character but the tab (RFC 9110, 5.5).
func isText(b []byte) bool {
	for _, c := range b {
		if (c < ' ' && c != '\t') || c == 0x7f {
			return false
		}
	}
	return true
}

// foldEqual reports whether b equals lower but for the case of ASCII letters.
func foldEqual(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

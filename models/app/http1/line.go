package http1

import "bytes"

// method is a request method that this server knows: RFC 9110, section 9, and
// PATCH of RFC 5789.
type method uint8

const (
	mUnknown method = iota
	mGet
	mHead
	mPost
	mPut
	mDelete
	mOptions
	mTrace
	mPatch
	mConnect
	methods // how many
)

var methodNames = [methods]string{"", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT"}

// methodOf returns the method of the given name, which is case-sensitive.
func methodOf(name []byte) method {
	switch string(name) {
	case "GET":
		return mGet
	case "HEAD":
		return mHead
	case "POST":
		return mPost
	case "PUT":
		return mPut
	case "DELETE":
		return mDelete
	case "OPTIONS":
		return mOptions
	case "TRACE":
		return mTrace
	case "PATCH":
		return mPatch
	case "CONNECT":
		return mConnect
	}
	return mUnknown
}

// requestLine judges the request line without its CR LF: RFC 9112, section 3.
// What is malformed is 400 before what is merely not supported is 505 or 501.
func (h *head) requestLine(line []byte) *refusal {
	// The request line that nearly everybody sends.
	if n := len(line) - len(" HTTP/1.1"); n > 4 && string(line[:5]) == "GET /" && string(line[n:]) == " HTTP/1.1" {
		h.method, h.minor = mGet, 1
		h.target = span{4, uint16(n - 4)}
		return h.scanTarget(line)
	}
	sp := bytes.IndexByte(line, ' ')
	last := bytes.LastIndexByte(line, ' ')
	if sp <= 0 || sp == last || !all(isToken, line[:sp]) {
		return errRequestLine
	}
	version := line[last+1:]
	if len(version) != 8 || string(version[:5]) != "HTTP/" || version[6] != '.' ||
		version[5]-'0' > 9 || version[7]-'0' > 9 {
		return errVersionForm
	}
	h.target = span{uint16(sp + 1), uint16(last - sp - 1)}
	if r := h.scanTarget(line); r != nil {
		return r
	}
	if version[5] != '1' {
		return errVersion
	}
	// A minor version that is higher than ours is answered as the highest we speak:
	// RFC 9110, section 2.5.
	h.minor = min(version[7]-'0', 1)
	switch h.method = methodOf(line[:sp]); h.method {
	case mUnknown:
		return errMethod
	case mConnect:
		return errConnect
	}
	return h.targetForm(line)
}

// scanTarget judges the bytes of the target and finds its path and query, as of an
// origin form: RFC 9112, section 3.2.1.
func (h *head) scanTarget(line []byte) *refusal {
	t := h.target.of(line)
	if len(t) == 0 {
		return errRequestLine
	}
	end := len(t)
	for i := range t {
		if class[t[i]]&isTarget != 0 {
			continue
		}
		switch {
		case t[i] == '?':
			if end == len(t) {
				end = i
			}
		case t[i] != '%':
			return errTargetChar
		case i+2 >= len(t) || !is(isHex, t[i+1]) || !is(isHex, t[i+2]):
			return errPercent
		case end == len(t):
			h.percent = true
		}
	}
	h.path = span{h.target.off, uint16(end)}
	if end < len(t) {
		h.query = span{h.target.off + uint16(end) + 1, uint16(len(t) - end - 1)}
	}
	return nil
}

// targetForm finds out which of the four forms of RFC 9112, section 3.2, the
// target has, and whether the method may use it. The authority form belongs to
// CONNECT, which was refused.
func (h *head) targetForm(line []byte) *refusal {
	t := h.target.of(line)
	switch {
	case t[0] == '/':
		return nil
	case len(t) == 1 && t[0] == '*' && h.method == mOptions:
		h.star = true
		return nil
	}
	const scheme = "http://"
	if len(t) < len(scheme) || !equalFold(t[:len(scheme)], scheme) {
		return errTargetForm
	}
	path := h.path.of(line)
	if len(path) < len(scheme) {
		return errTargetForm
	}
	authority := path[len(scheme):]
	if i := bytes.IndexByte(authority, '/'); i >= 0 {
		authority = authority[:i]
	}
	if len(authority) == 0 || !validHost(authority) {
		return errAuthority
	}
	skip := uint16(len(scheme) + len(authority))
	h.host = span{h.target.off + uint16(len(scheme)), uint16(len(authority))}
	h.path = span{h.path.off + skip, h.path.n - skip}
	// OPTIONS of an authority alone is what a proxy's client means by *.
	h.star = h.path.n == 0 && h.query.n == 0 && h.method == mOptions
	return nil
}

// validHost reports whether s is a host with or without a port: RFC 9110, section
// 7.2, and RFC 3986, section 3.2.2. User information is refused with the rest.
func validHost(s []byte) bool {
	if len(s) > 0 && s[0] == '[' {
		i := bytes.IndexByte(s, ']')
		if i < 3 || !all(isIPv6, s[1:i]) {
			return false
		}
		s = s[i+1:]
		return len(s) == 0 || s[0] == ':' && validPort(s[1:])
	}
	for i := 0; i < len(s); i++ {
		if class[s[i]]&isHost != 0 {
			continue
		}
		switch {
		case s[i] == ':':
			return validPort(s[i+1:])
		case s[i] != '%' || i+2 >= len(s) || !is(isHex, s[i+1]) || !is(isHex, s[i+2]):
			return false
		}
	}
	return true
}

// validPort reports whether s is a port number, which may be missing after its
// colon.
func validPort(s []byte) bool {
	n := 0
	for _, ch := range s {
		if ch -= '0'; ch > 9 {
			return false
		}
		if n = 10*n + int(ch); n > 65535 {
			return false
		}
	}
	return true
}

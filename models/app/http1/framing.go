package http1

// framing is what the fields say about where the message ends and what becomes of
// the connection.
type framing struct {
	length  int64 // Content-Length, -1 without one
	hasHost bool
	hasTE   bool
	chunked bool // the last coding is chunked
	coding  bool // some coding is not chunked
	close   bool // Connection: close
	keep    bool // Connection: keep-alive
	expect  bool // Expect: 100-continue
	strange bool // another expectation
}

// known takes in a field if it is one that the server itself acts on. at is where
// value stands in the head.
func (h *head) known(name, value []byte, at span) *refusal {
	switch len(name) {
	case len("Host"):
		if equalFold(name, "host") {
			return h.takeHost(value, at)
		}
	case len("Expect"):
		if equalFold(name, "expect") {
			meant := equalFold(value, "100-continue")
			h.expect = h.expect || meant
			h.strange = h.strange || !meant
		}
	case len("Connection"):
		if equalFold(name, "connection") {
			h.takeConnection(value)
		}
	case len("Content-Length"):
		if equalFold(name, "content-length") {
			return h.takeLength(value)
		}
	case len("Transfer-Encoding"):
		if equalFold(name, "transfer-encoding") {
			return h.takeCodings(value)
		}
	}
	return nil
}

// takeHost: RFC 9112, section 3.2. An empty Host is what a client sends whose URI
// has no authority, so it passes. The authority of an absolute form stays in force.
func (h *head) takeHost(value []byte, at span) *refusal {
	switch {
	case h.hasHost:
		return errTwoHosts
	case !validHost(value):
		return errHost
	}
	h.hasHost = true
	if h.host.n == 0 {
		h.host = at
	}
	return nil
}

// takeLength: RFC 9112, section 6.3. A recipient may fold equal duplicates into
// one; here they are refused, since nobody but a smuggler sends them.
func (h *head) takeLength(value []byte) *refusal {
	if h.length >= 0 {
		return errTwoLengths
	}
	n, ok := parseDecimal(value)
	if !ok {
		return errLength
	}
	h.length = n
	return nil
}

// takeCodings: RFC 9112, section 6.1. Several fields are one list.
func (h *head) takeCodings(value []byte) *refusal {
	h.hasTE = true
	for more := true; more; {
		var coding []byte
		coding, value, more = nextElement(value)
		switch {
		case len(coding) == 0:
		case h.chunked:
			return errNotChunkedLast
		case equalFold(coding, "chunked"):
			h.chunked = true
		default:
			h.coding = true
		}
	}
	return nil
}

// takeConnection: RFC 9112, section 9.3. Options other than these two name fields
// for a proxy to remove.
func (h *head) takeConnection(value []byte) {
	for more := true; more; {
		var option []byte
		option, value, more = nextElement(value)
		h.close = h.close || equalFold(option, "close")
		h.keep = h.keep || equalFold(option, "keep-alive")
	}
}

// judge decides what the fields mean together.
func (h *head) judge() *refusal {
	switch {
	case !h.hasHost && h.minor > 0:
		return errNoHost
	case h.hasTE && h.length >= 0:
		return errLengthAndTE
	case h.hasTE && h.minor == 0:
		return errTEIn10
	case h.hasTE && !h.chunked:
		// Without chunked at the end nobody knows where the body ends, whether or not
		// the codings are known: 400 by RFC 9112, section 6.3.
		return errNotChunkedLast
	case h.coding:
		return errCoding
	case h.minor == 0:
		h.expect = false // not HTTP/1.0's: RFC 9110, section 10.1.1
	case h.strange:
		return errExpectation
	}
	return nil
}

// persistent reports whether the client wants the connection to stay.
func (h *head) persistent() bool { return !h.close && (h.minor > 0 || h.keep) }

// hasBody reports whether a body follows.
func (h *head) hasBody() bool { return h.chunked || h.length > 0 }

// nextElement cuts the first element off a comma-separated list.
func nextElement(list []byte) (element, rest []byte, more bool) {
	for i, ch := range list {
		if ch == ',' {
			return trim(list[:i]), list[i+1:], true
		}
	}
	return trim(list), nil, false
}

// parseDecimal returns the value of s, which must consist of digits and fit.
func parseDecimal(s []byte) (int64, bool) {
	if len(s) == 0 {
		return 0, false
	}
	n := int64(0)
	for _, ch := range s {
		if ch -= '0'; ch > 9 || n > (1<<63-1-int64(ch))/10 {
			return 0, false
		}
		n = 10*n + int64(ch)
	}
	return n, true
}

package http1

// refusal is why a request gets an error answer and its connection a close.
type refusal struct {
	status int
	reason string // the answer's body, for whoever reads the dump
}

func bad(reason string) *refusal { return &refusal{400, reason} }

// Every way in which a request can be refused before a handler sees it. They are
// made once: refusing allocates nothing.
var (
	// RFC 9112, section 2.2: message parsing.
	errFirstByte    = bad("a request starts with a method; this is no HTTP")
	errLeadingLines = bad("too many empty lines before the request line")
	errBareLF       = bad("a line must end with CR LF, not with LF alone")
	errTruncated    = bad("the connection was closed inside the request")

	// RFC 9112, section 3: request line.
	errRequestLine  = bad("the request line is not METHOD SP TARGET SP VERSION")
	errVersionForm  = bad("the version is not HTTP/digit.digit")
	errTargetChar   = bad("the request target holds a byte that a URI may not")
	errTargetForm   = bad("the request target is in no form that this method may use")
	errPercent      = bad("the request target holds a % without two hexadecimal digits")
	errAuthority    = bad("the authority of the request target is not valid")
	errLineTooLong  = &refusal{414, "the request line is longer than 8 KiB"}
	errVersion      = &refusal{505, "this server speaks HTTP/1.0 and HTTP/1.1"}
	errMethod       = &refusal{501, "this method is not known here"}
	errConnect      = &refusal{501, "this server is no proxy: CONNECT is not implemented"}
	errHeadTooLarge = &refusal{431, "the head is larger than 16 KiB"}
	errManyFields   = &refusal{431, "the head has more than 100 fields"}

	// RFC 9112, section 5: field syntax; section 3.2: Host.
	errFieldName   = bad("a field name must be a token")
	errFieldColon  = bad("no white space is allowed between a field name and its colon")
	errNoColon     = bad("a field line has no colon")
	errFolded      = bad("a field line may not start with white space: line folding is obsolete")
	errFieldValue  = bad("a field value holds a control character")
	errNoHost      = bad("an HTTP/1.1 request needs a Host field")
	errTwoHosts    = bad("a request may have only one Host field")
	errHost        = bad("the Host field is not a host and a port")
	errExpectation = &refusal{417, "the only expectation met here is 100-continue"}

	// RFC 9112, section 6: message body.
	errLength         = bad("Content-Length is not a decimal number, or too large a one")
	errTwoLengths     = bad("a request may have only one Content-Length field")
	errLengthAndTE    = bad("Content-Length and Transfer-Encoding in one request contradict each other")
	errTEIn10         = bad("HTTP/1.0 has no Transfer-Encoding")
	errNotChunkedLast = bad("the last transfer coding must be chunked, once")
	errCoding         = &refusal{501, "the only transfer coding understood here is chunked"}
	errTooLarge       = &refusal{413, "the body is larger than this server buffers"}

	// RFC 9112, section 7.1: chunked coding.
	errChunkSize    = bad("a chunk size is not a hexadecimal number, or too large a one")
	errChunkLine    = bad("a chunk size line is longer than 256 bytes")
	errChunkExt     = bad("a chunk extension is malformed, or there is too much of them")
	errChunkEnd     = bad("chunk data is not followed by CR LF")
	errTrailer      = bad("a trailer field is malformed")
	errTrailerLarge = &refusal{431, "the trailer section is larger than 8 KiB or 100 fields"}

	// RFC 9110, section 15.5: what there is here, and when.
	errNotFound   = &refusal{404, "there is nothing here"}
	errNotAllowed = &refusal{405, "this resource has no such method; see Allow"}
	errTimeout    = &refusal{408, "the request took too long to arrive"}
	errShed       = &refusal{503, "too many connections; try again"}
)

package peers

import (
	"bytes"
	"strconv"
)

// Request is one that Scan found. Its slices are of the input.
type Request struct {
	Method, Path []byte // the path without a query
	Body         []byte
	HTTP10       bool
	Close        bool // the connection ends after the answer
	Status       int  // of what cannot be understood: it is answered with this, and the connection ends
}

// maxHead bounds the head of a request that is not complete.
const maxHead = 64 << 10

var (
	lineEnd = []byte("\r\n")
	headEnd = []byte("\r\n\r\n")
)

// Scan finds the first request of in. n is its length, 0 if more input is needed.
//
// It is what the benchmark servers of evio and gnet have in its place: a scan for
// the ends of lines, the length of the body and whether the connection stays, and
// no check of anything else (compare models/app/http1). A chunked body is 501, one
// that is longer than maxBody 413.
func Scan(in []byte, maxBody int64) (r Request, n int) {
	end := bytes.Index(in, headEnd)
	if end < 0 {
		if len(in) > maxHead {
			return Request{Status: 431, Close: true}, len(in)
		}
		return r, 0
	}
	line, fields, _ := bytes.Cut(in[:end], lineEnd)
	if !r.scanLine(line) {
		return Request{Status: 400, Close: true}, len(in)
	}
	n = end + len(headEnd)
	length := r.scanFields(fields)
	switch {
	case r.Status != 0:
	case length > maxBody:
		r.Status = 413
	case int64(len(in)-n) < length:
		return r, 0
	default:
		r.Body = in[n : n+int(length)]
		return r, n + int(length)
	}
	r.Close = true
	return r, len(in)
}

// scanLine takes a request line apart.
func (r *Request) scanLine(line []byte) bool {
	var target, version []byte
	var ok bool
	if r.Method, target, ok = bytes.Cut(line, []byte(" ")); !ok {
		return false
	}
	if target, version, ok = bytes.Cut(target, []byte(" ")); !ok || !bytes.HasPrefix(version, []byte("HTTP/1.")) {
		return false
	}
	r.Path, _, _ = bytes.Cut(target, []byte("?"))
	r.HTTP10 = version[len(version)-1] == '0'
	r.Close = r.HTTP10
	return true
}

// scanFields looks for the fields that decide where a request ends.
func (r *Request) scanFields(fields []byte) (length int64) {
	for len(fields) > 0 {
		var line []byte
		line, fields, _ = bytes.Cut(fields, lineEnd)
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch len(name) {
		case len("Content-Length"):
			if bytes.EqualFold(name, []byte("Content-Length")) {
				n, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
				if err != nil || n < 0 {
					r.Status = 400
				}
				length = n
			}
		case len("Connection"):
			if bytes.EqualFold(name, []byte("Connection")) {
				r.Close = bytes.EqualFold(bytes.TrimSpace(value), []byte("close")) ||
					r.HTTP10 && !bytes.EqualFold(bytes.TrimSpace(value), []byte("keep-alive"))
			}
		case len("Transfer-Encoding"):
			if bytes.EqualFold(name, []byte("Transfer-Encoding")) {
				r.Status = 501
			}
		}
	}
	return length
}

package peers

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
)

// Site answers requests that Scan found with the paths of the http app, but for
// those that wait. Its methods are safe from several loops at a time.
type Site struct {
	Clock   *Clock
	MaxBody int64 // of a request's body, all of which are buffered
	Lab     bool  // allows /crash
}

// apart is the size from which on Serve does not copy a body behind its head.
const apart = 16 << 10

// Serve answers the complete requests of in: it appends to out and returns it with
// what is left of in, and whether the connection ends after that. A large body is
// handed to flush, with what has been appended before it, so that a library that can
// write both as they are may do so; it returns what to append to from then on.
func (s *Site) Serve(in, out []byte, flush func(out, body []byte) []byte) (answers, rest []byte, end bool) {
	for len(in) > 0 && !end {
		r, n := Scan(in, s.MaxBody)
		if n == 0 {
			break
		}
		in, end = in[n:], r.Close
		var body []byte
		out, body = s.answer(out, &r)
		if body != nil {
			out = flush(out, body)
		}
	}
	return out, in, end
}

// answer appends the answer to a request, but for a body that is returned beside.
func (s *Site) answer(out []byte, r *Request) (head, body []byte) {
	status, contentType, content := s.find(r)
	out = s.head(out, r, status, contentType, len(content))
	switch {
	case string(r.Method) == http.MethodHead:
		return out, nil
	case len(content) >= apart:
		return out, content
	}
	return append(out, content...), nil
}

// head appends the head of an answer: the fields of models/app, in their order.
func (s *Site) head(out []byte, r *Request, status int, contentType string, length int) []byte {
	out = append(out, "HTTP/1.1 "...)
	out = strconv.AppendInt(out, int64(status), 10)
	out = append(out, ' ')
	out = append(out, http.StatusText(status)...)
	out = append(out, "\r\nServer: "+Server+"\r\nDate: "...)
	out = append(out, s.Clock.Date()...)
	out = append(out, "\r\nContent-Type: "...)
	out = append(out, contentType...)
	out = append(out, "\r\nContent-Length: "...)
	out = strconv.AppendInt(out, int64(length), 10)
	switch {
	case r.Close:
		out = append(out, "\r\nConnection: close"...)
	case r.HTTP10:
		out = append(out, "\r\nConnection: keep-alive"...)
	}
	if status == http.StatusMethodNotAllowed {
		out = append(out, "\r\nAllow: GET, HEAD, POST"...)
	}
	return append(out, "\r\n\r\n"...)
}

// find returns what there is for a request.
func (s *Site) find(r *Request) (status int, contentType string, content []byte) {
	if r.Status != 0 {
		return problem(r.Status)
	}
	switch string(r.Method) {
	case http.MethodGet, http.MethodHead:
		return s.get(string(r.Path))
	case http.MethodPost:
		return post(r)
	}
	return problem(http.StatusMethodNotAllowed)
}

func (s *Site) get(path string) (status int, contentType string, content []byte) {
	switch path {
	case "/plaintext":
		return http.StatusOK, Text, []byte(Hello)
	case "/json":
		return http.StatusOK, JSON, []byte(HelloJSON)
	case "/crash":
		if s.Lab {
			Crash()
		}
	}
	if number, ok := strings.CutPrefix(path, "/bytes/"); ok {
		if n, ok := Number(number, MaxSlice); ok {
			return http.StatusOK, Octet, Slice(n)
		}
	}
	if number, ok := strings.CutPrefix(path, "/hash/"); ok {
		if sum, ok := Hash(number); ok {
			return http.StatusOK, Text, []byte(sum)
		}
	}
	return problem(http.StatusNotFound)
}

func post(r *Request) (status int, contentType string, content []byte) {
	switch string(r.Path) {
	case "/echo":
		return http.StatusOK, Octet, r.Body
	case "/sink":
		if answer, err := Sink(bytes.NewReader(r.Body)); err == nil {
			return http.StatusOK, JSON, []byte(answer)
		}
	}
	return problem(http.StatusNotFound)
}

func problem(status int) (int, string, []byte) {
	return status, Text, []byte(http.StatusText(status) + "\n")
}

package http1test

import "strings"

// Case is a request and what must become of it.
type Case struct {
	Name string
	// Raw is what the client sends, byte by byte.
	Raw string
	// Source is the rule: a section of an RFC, or the client that it was captured of.
	Source string
	// Status is the answer's of the http app. In Hostile, 0 means that a bare close
	// will do (once the client has closed its side, if it is not closed before), since
	// nobody is there who could read HTTP.
	Status int

	// What a valid request means; unused in Hostile.
	Method, Target, Host string
	Fields               [][2]string // in the order sent, names as sent
	Body                 string
}

// fields splits lines of the form "Name: value".
func fields(lines ...string) [][2]string {
	var all [][2]string
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		all = append(all, [2]string{name, strings.Trim(value, " \t")})
	}
	return all
}

// request builds the raw request of a case out of its parts, as a client that is
// not up to anything would send it.
func request(line string, lines ...string) string {
	return line + "\r\n" + strings.Join(append(lines, "\r\n"), "\r\n")
}

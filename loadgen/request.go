package loadgen

import (
	"bytes"
	"fmt"
	"strings"
)

// batches holds the bytes of every batch that can be sent, built once and
// shared read-only by all threads:
//
//	| plain | plain | ... | plain | closing |
//	 <------- Pipeline times ---->
//
// A batch of n is a prefix, or, when its last request asks the server to close,
// the suffix that ends with closing: either way one slice and one write.
type batches struct {
	bytes   []byte
	plain   int // size of a plain request
	closing int // size of the closing request
}

// of returns the bytes of n requests, 1 <= n <= Pipeline.
func (b *batches) of(n int, closing bool) []byte {
	if closing {
		return b.bytes[len(b.bytes)-b.closing-(n-1)*b.plain:]
	}
	return b.bytes[:n*b.plain]
}

// newBatches builds the batches of a checked Config.
func newBatches(c *Config) *batches {
	plain, closing := buildRequest(c, false), buildRequest(c, true)
	b := &batches{plain: len(plain), closing: len(closing)}
	b.bytes = append(bytes.Repeat(plain, c.Pipeline), closing...)
	return b
}

// buildRequest returns the bytes of one request.
func buildRequest(c *Config, closing bool) []byte {
	switch c.Target.Proto {
	case Echo:
		return echoMessage(c.EchoBytes)
	case Unp:
		return fmt.Appendf(nil, "%d\n", c.Target.Bytes)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", c.Method, c.Target.Path)
	if !hasHeader(c.Headers, "Host") {
		fmt.Fprintf(&b, "Host: %s\r\n", c.Target.Host)
	}
	for _, h := range c.Headers {
		name, value, _ := strings.Cut(h, ":")
		fmt.Fprintf(&b, "%s: %s\r\n", name, strings.TrimSpace(value))
	}
	// RFC 9110, 8.6: a method that anticipates a body says its length, even 0.
	switch {
	case len(c.Body) > 0, c.Method == "POST", c.Method == "PUT", c.Method == "PATCH":
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(c.Body))
	}
	if closing {
		b.WriteString("Connection: close\r\n")
	}
	b.WriteString("\r\n")
	b.Write(c.Body)
	return b.Bytes()
}

func hasHeader(headers []string, name string) bool {
	for _, h := range headers {
		if n, _, _ := strings.Cut(h, ":"); strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// echoMessage returns n printable bytes in which no short run comes twice
// nearby: an echo that lost, doubled or swapped a part does not compare equal.
func echoMessage(n int) []byte {
	m := make([]byte, n)
	x := uint32(2463534242)
	for i := range m {
		x ^= x << 13 // xorshift, Marsaglia 2003
		x ^= x >> 17
		x ^= x << 5
		m[i] = '!' + byte(x%94)
	}
	return m
}

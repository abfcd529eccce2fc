package peers

import (
	"crypto/sha256"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/c10kit/c10kit/models/app"
)

// What /plaintext, /json and /wait answer, and every answer's Server field: as long
// as it is in the answers of models/app.
const (
	Hello     = "Hello, World!"
	HelloJSON = `{"message":"Hello, World!"}`
	Waited    = "waited\n"
	Server    = "c10kit"
)

// Content types, as models/app has them.
const (
	Text  = "text/plain"
	JSON  = "application/json"
	Octet = "application/octet-stream"
)

// Bounds of what a path may be asked for.
const (
	MaxBytes = 1 << 30 // of /bytes/N where a library sends as it goes
	MaxSlice = 1 << 20 // of /bytes/N where an answer is one slice
	maxHash  = 1 << 20 // of /hash/N
	maxWait  = 10 * time.Second
)

// memory is what /bytes sends: app.Pattern, whose period divides its size. Made when a
// peer first needs it: every model's processes link this package.
var memory = sync.OnceValue(func() []byte {
	b := make([]byte, MaxSlice)
	for i := range b {
		b[i] = app.Pattern(int64(i))
	}
	return b
})

// Slice returns the n bytes, at most MaxSlice, that /bytes/n answers. Nobody may
// write to them.
func Slice(n int) []byte { return memory()[:n:n] }

// Number returns the value of a path's decimal number of at most limit.
func Number(s string, limit int) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err == nil && int(n) <= limit
}

// Hash is what /hash/N answers for the given N; not ok is a bad request.
func Hash(number string) (sum string, ok bool) {
	n, ok := Number(number, maxHash)
	if !ok {
		return "", false
	}
	return fmt.Sprintf("%x", sha256.Sum256(Slice(n))), true
}

// Wait returns how long /wait/D is to wait for the given D; not ok is a bad request.
func Wait(duration string) (d time.Duration, ok bool) {
	d, err := time.ParseDuration(duration)
	return d, err == nil && d >= 0 && d <= maxWait
}

// Sink is what /sink answers for a body.
func Sink(body io.Reader) (answer string, err error) {
	h := sha256.New()
	n, err := io.Copy(h, body)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`{"bytes":%d,"sha256":"%x"}`, n, h.Sum(nil)), nil
}

// Stream returns a reader of the n bytes that /bytes/n answers, for more than
// MaxSlice.
func Stream(n int) io.Reader { return &stream{left: n} }

type stream struct{ at, left int }

func (s *stream) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.next())
	s.skip(n)
	return n, nil
}

// next returns what comes next, up to 64 KiB.
func (s *stream) next() []byte {
	m := memory()
	return m[s.at : s.at+min(s.left, len(m)-s.at, 64<<10)]
}

func (s *stream) skip(n int) {
	s.at = (s.at + n) % len(memory())
	s.left -= n
}

// WriteTo hands out the memory itself, without the copy of Read.
func (s *stream) WriteTo(w io.Writer) (int64, error) {
	total := int64(0)
	for s.left > 0 {
		n, err := w.Write(s.next())
		s.skip(n)
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// Crash is a memory fault, for /crash of a lab.
func Crash() { *nowhere = 1 }

// nowhere is a variable so that no checker takes Crash for a mistake.
var nowhere *byte

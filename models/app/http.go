package app

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
	"time"
	"unsafe"

	"github.com/c10kit/c10kit/models/app/http1"
	"github.com/c10kit/c10kit/models/stage"
)

// Bounds of what a path may be asked for.
const (
	maxBytes = 1 << 30          // /bytes/N
	maxHash  = 1 << 20          // /hash/N
	maxWait  = 10 * time.Second // /wait/D, /block/D, /spin/D
)

// newHTTP makes the http app:
//
//	GET  /plaintext   Hello, World! as the TechEmpower benchmarks ask for it
//	GET  /json        the same as JSON
//	GET  /bytes/N     N bytes of Pattern, at most 1 GiB
//	GET  /hash/N      the SHA-256 of N bytes of Pattern, at most 1 MiB
//	GET  /wait/D      an answer after a timer of at most 10 s
//	POST /echo        the request body, buffered
//	POST /sink        length and SHA-256 of the request body, streamed
//
// and, in a lab, what does to a worker the things that models differ in:
//
//	GET  /block/D     holds the thread in a system call
//	GET  /spin/D      burns CPU time
//	GET  /crash       a memory fault
func newHTTP(w *stage.Worker) (stage.Pipeline, error) {
	routes := []http1.Route{
		{Method: "GET", Path: "/plaintext", Handler: plaintext},
		{Method: "GET", Path: "/json", Handler: json},
		{Method: "GET", Path: "/bytes/", Handler: newBodies(w).serve},
		{Method: "GET", Path: "/hash/", Handler: hashN},
		{Method: "GET", Path: "/wait/", Handler: wait},
		{Method: "POST", Path: "/echo", Body: http1.Buffered, Handler: echoBody},
		{Method: "POST", Path: "/sink", Body: http1.Streamed, Handler: sink},
	}
	if w.Lab {
		routes = append(routes, labRoutes...)
	}
	return http1.New(routes)
}

var (
	helloText = []byte("Hello, World!")
	helloJSON = []byte(`{"message":"Hello, World!"}`)
)

func plaintext(x *http1.Exchange) stage.Next { return x.Reply(200, "text/plain", helloText) }

// json answers with a constant: serialising it anew each time, as TechEmpower has
// it done, measures a library, not a model.
func json(x *http1.Exchange) stage.Next { return x.Reply(200, "application/json", helloJSON) }

var octetStream = []byte("application/octet-stream")

func echoBody(x *http1.Exchange) stage.Next {
	contentType := x.Field("content-type")
	if len(contentType) == 0 {
		contentType = octetStream
	}
	return x.ReplyChain(200, contentType, x.Body())
}

// digest is what an Exchange keeps in Scratch for /sink and /hash.
type digest struct {
	hash.Hash
	n   int64
	out []byte // the answer
	sum [sha256.Size]byte
}

// newDigest returns an empty digest, the exchange's own if it has one.
func newDigest(x *http1.Exchange) *digest {
	d, ok := x.Scratch.(*digest)
	if !ok {
		d = &digest{Hash: sha256.New()}
		x.Scratch = d
	}
	d.Reset()
	d.n = 0
	return d
}

// hexTo appends the sum in hexadecimal to b.
func (d *digest) hexTo(b []byte) []byte { return hex.AppendEncode(b, d.Sum(d.sum[:0])) }

func sink(x *http1.Exchange) stage.Next {
	newDigest(x)
	return x.Read(sinkPiece, sinkEnd)
}

func sinkPiece(x *http1.Exchange) {
	d := x.Scratch.(*digest)
	for b := x.Body().Front(); b != nil; b = b.Next() {
		_, _ = d.Write(b.Bytes()) // a hash returns no error
		d.n += int64(b.Len())
	}
}

func sinkEnd(x *http1.Exchange) stage.Next {
	d := x.Scratch.(*digest)
	b := append(d.out[:0], `{"bytes":`...)
	b = strconv.AppendInt(b, d.n, 10)
	b = append(b, `,"sha256":"`...)
	b = append(d.hexTo(b), `"}`...)
	d.out = b
	return x.Reply(200, "application/json", b)
}

func hashN(x *http1.Exchange) stage.Next {
	n, ok := number(x.Rest(), maxHash)
	if !ok {
		return x.Refuse(400, "/hash/N: N is a number of bytes, at most 1048576")
	}
	d := newDigest(x)
	for n > 0 {
		piece := pattern[:min(n, patternSize)]
		_, _ = d.Write(piece) // a hash returns no error
		n -= int64(len(piece))
	}
	d.out = d.hexTo(d.out[:0])
	return x.Reply(200, "text/plain", d.out)
}

func wait(x *http1.Exchange) stage.Next {
	d, ok := duration(x.Rest())
	if !ok {
		return x.Refuse(400, "/wait/D: D is a duration such as 20ms, at most 10s")
	}
	return x.Wait(d, waited)
}

var waitedText = []byte("waited\n")

func waited(x *http1.Exchange) stage.Next { return x.Reply(200, "text/plain", waitedText) }

// number returns the value of a path's decimal number of at most limit.
func number(s []byte, limit int64) (int64, bool) {
	if len(s) == 0 {
		return 0, false
	}
	n := int64(0)
	for _, ch := range s {
		if ch -= '0'; ch > 9 {
			return 0, false
		}
		if n = 10*n + int64(ch); n > limit {
			return 0, false
		}
	}
	return n, true
}

// duration returns the value of a path's duration of at most maxWait.
func duration(s []byte) (time.Duration, bool) {
	if len(s) == 0 {
		return 0, false
	}
	// Without a copy, which a long-lived forked worker could never free again:
	// ParseDuration does not keep its argument.
	d, err := time.ParseDuration(unsafe.String(&s[0], len(s)))
	return d, err == nil && d >= 0 && d <= maxWait
}

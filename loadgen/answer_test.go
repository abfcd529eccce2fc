package loadgen

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// outcome is what a scanner made of a stream.
type outcome struct {
	statuses []int
	ends     []int // offset behind each answer
	closes   []bool
	fault    fault
	open     bool // in the middle of an answer
	toEOF    bool
}

func (o outcome) equal(p outcome) bool {
	return slices.Equal(o.statuses, p.statuses) && slices.Equal(o.ends, p.ends) && slices.Equal(o.closes, p.closes) &&
		o.fault == p.fault && o.open == p.open && o.toEOF == p.toEOF
}

// scan feeds pieces to a scanner until a fault.
func scan(head bool, last *lastHead, pieces ...[]byte) (o outcome) {
	s := scanner{noBody: head}
	at := 0
	for _, p := range pieces {
		for len(p) > 0 {
			used, done, f := s.feed(p, last)
			if f != noFault {
				o.fault = f
				return o
			}
			at += used
			o.open = true
			if p = p[used:]; done {
				o.statuses = append(o.statuses, int(s.now.status))
				o.ends = append(o.ends, at)
				o.closes = append(o.closes, s.now.close)
				o.open = false
			}
		}
	}
	o.toEOF = s.eof()
	return o
}

func bytewise(b []byte) (list [][]byte) {
	for i := range b {
		list = append(list, b[i:i+1])
	}
	return list
}

type answerCase struct {
	name     string
	in       string
	head     bool
	statuses []int
	fault    fault
	open     bool
	toEOF    bool
	closes   bool // of the last answer
}

var answerCases = []answerCase{
	{name: "length", in: hello, statuses: []int{200}},
	{name: "pipelined", in: hello + hello + hello, statuses: []int{200, 200, 200}},
	{name: "empty body", in: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", statuses: []int{200}},
	{name: "no reason", in: "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", statuses: []int{200}},
	{name: "no reason, no space", in: "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", statuses: []int{200}},
	{name: "lower case, white space", in: "HTTP/1.1 404 No\r\ncontent-length:\t 2 \r\nX:\r\n\r\nab", statuses: []int{404}},
	{name: "close", in: "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 1\r\n\r\na", statuses: []int{200}, closes: true},
	{name: "interim", in: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\n" + hello, statuses: []int{200}},
	{name: "204", in: "HTTP/1.1 204 No Content\r\n\r\n" + hello, statuses: []int{204, 200}},
	{name: "304 with length", in: "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n" + hello, statuses: []int{304, 200}},
	{name: "HEAD", head: true, in: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", statuses: []int{200, 200}},
	{name: "HTTP/1.0", in: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", statuses: []int{200}, closes: true},
	{name: "HTTP/1.0 keep-alive", in: "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nab", statuses: []int{200}},
	{name: "until close", in: "HTTP/1.1 200 OK\r\n\r\nsome bytes", open: true, toEOF: true},
	{name: "chunked", in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1a;a=b\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n" + hello, statuses: []int{200, 200}},
	{name: "trailers", in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\nA\r\n0123456789\r\n000\r\nT: v\r\nU:\r\n\r\n", statuses: []int{200}},
	{name: "incomplete head", in: "HTTP/1.1 200 OK\r\nContent-Le", open: true},
	{name: "incomplete body", in: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", open: true},
	{name: "incomplete chunk", in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", open: true},
	{name: "500 then 200", in: "HTTP/1.1 500 E\r\nContent-Length: 3\r\n\r\nerr" + hello, statuses: []int{500, 200}},

	{name: "garbage", in: "SSH-2.0-OpenSSH\r\n", fault: faultVersion},
	{name: "HTTP/2.0", in: "HTTP/2.0 200 OK\r\n\r\n", fault: faultVersion},
	{name: "HTTP/1.2", in: "HTTP/1.2 200 OK\r\n\r\n", fault: faultVersion},
	{name: "lower case version", in: "http/1.1 200 OK\r\n\r\n", fault: faultVersion},
	{name: "bare LF", in: "HTTP/1.1 200 OK\nContent-Length: 0\n\n", fault: faultLineEnd},
	{name: "bare CR", in: "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n", fault: faultField},
	{name: "NUL", in: "HTTP/1.1 200 OK\r\nA: \x00\r\n\r\n", fault: faultField},
	{name: "control in reason", in: "HTTP/1.1 200 \x01\r\n\r\n", fault: faultStatusLine},
	{name: "two spaces", in: "HTTP/1.1  200 OK\r\n\r\n", fault: faultStatusLine},
	{name: "four digits", in: "HTTP/1.1 2000 OK\r\n\r\n", fault: faultStatusLine},
	{name: "letters", in: "HTTP/1.1 2x0 OK\r\n\r\n", fault: faultStatusLine},
	{name: "status 600", in: "HTTP/1.1 600 OK\r\n\r\n", fault: faultStatus},
	{name: "status 099", in: "HTTP/1.1 099 OK\r\n\r\n", fault: faultStatus},
	{name: "upgrade", in: "HTTP/1.1 101 Switching\r\n\r\n", fault: faultUpgrade},
	{name: "no colon", in: "HTTP/1.1 200 OK\r\nabc\r\n\r\n", fault: faultField},
	{name: "no name", in: "HTTP/1.1 200 OK\r\n: a\r\n\r\n", fault: faultField},
	{name: "space before colon", in: "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", fault: faultField},
	{name: "folded", in: "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n", fault: faultField},
	{name: "length list", in: "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello", fault: faultLength},
	{name: "length sign", in: "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", fault: faultLength},
	{name: "length empty", in: "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nhello", fault: faultLength},
	{name: "length huge", in: "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", fault: faultLength},
	{name: "two lengths", in: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", fault: faultTwoLengths},
	{name: "length and chunked", in: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", fault: faultTwoLengths},
	{name: "two codings", in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", fault: faultCoding},
	{name: "gzip", in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", fault: faultCoding},
	{name: "chunked 1.0", in: "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", fault: faultCoding},
	{name: "chunk size", in: chunkedHead + "x\r\n", fault: faultChunk},
	{name: "chunk size empty", in: chunkedHead + "\r\n", fault: faultChunk},
	{name: "chunk size blank", in: chunkedHead + "5 \r\n", fault: faultChunk},
	{name: "chunk size 0x", in: chunkedHead + "0x5\r\nhello", fault: faultChunk},
	{name: "chunk size long", in: chunkedHead + "1111111111111111\r\n", fault: faultChunk},
	{name: "chunk size LF", in: chunkedHead + "5\nhello\r\n", fault: faultChunk},
	{name: "chunk too long", in: chunkedHead + "5\r\nhelloo\r\n", fault: faultChunk},
	{name: "chunk end LF", in: chunkedHead + "5\r\nhello\n0\r\n\r\n", fault: faultChunk},
	{name: "chunk CR CR", in: chunkedHead + "5\r\r", fault: faultChunk},
	{name: "chunk extension bomb", in: chunkedHead + "5;" + strings.Repeat("a", maxChunkLine) + "\r\n", fault: faultChunk},
	{name: "chunk extension control", in: chunkedHead + "5;\x00\r\n", fault: faultChunk},
	{name: "trailer LF", in: chunkedHead + "0\r\n\n", fault: faultTrailer},
	{name: "trailer fold", in: chunkedHead + "0\r\nA: b\r\n c\r\n\r\n", fault: faultTrailer},
	{name: "trailer without colon", in: chunkedHead + "0\r\nA\r\n\r\n", fault: faultTrailer},
	{name: "trailer control", in: chunkedHead + "0\r\nA: \x01\r\n\r\n", fault: faultTrailer},
	{name: "trailer bomb", in: chunkedHead + "0\r\n" + strings.Repeat("A: b\r\n", maxHead/6+1), fault: faultTrailer},
	{name: "head bomb", in: "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", maxHead), fault: faultHeadSize},
	{name: "head bomb of lines", in: "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", maxHead/6) + "\r\n", fault: faultHeadSize},
}

const chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

func TestAnswers(t *testing.T) {
	for _, c := range answerCases {
		t.Run(c.name, func(t *testing.T) {
			var last lastHead
			got := scan(c.head, &last, []byte(c.in))
			if !slices.Equal(got.statuses, c.statuses) || got.fault != c.fault || got.toEOF != c.toEOF {
				t.Fatalf("got %+v", got)
			}
			if c.fault == noFault && got.open != c.open {
				t.Fatalf("open = %v", got.open)
			}
			if n := len(got.closes); n > 0 && got.closes[n-1] != c.closes {
				t.Errorf("closes = %v", got.closes)
			}
			checkSplits(t, c.head, []byte(c.in), got)
		})
	}
}

// checkSplits holds every cut in two, and the cut into single bytes, against
// want; each with a head remembered and without.
func checkSplits(t *testing.T, head bool, in []byte, want outcome) {
	t.Helper()
	step := 1
	if len(in) > 1000 {
		step = len(in) / 20 // a bomb is alike everywhere
	}
	warm := lastHead{}
	scan(head, &warm, in)
	for i := 0; i <= len(in); i += step {
		cold := lastHead{}
		if got := scan(head, &cold, in[:i], in[i:]); !sameVerdict(got, want) {
			t.Fatalf("cut at %d: got %+v, want %+v", i, got, want)
		}
		if got := scan(head, &warm, in[:i], in[i:]); !sameVerdict(got, want) {
			t.Fatalf("cut at %d, head remembered: got %+v, want %+v", i, got, want)
		}
	}
	if got := scan(head, new(lastHead), bytewise(in)...); !sameVerdict(got, want) {
		t.Fatalf("byte by byte: got %+v, want %+v", got, want)
	}
}

// sameVerdict compares what may not depend on the cut. With a fault, which of
// several is found first may: an open line says less than a whole one.
func sameVerdict(a, b outcome) bool {
	if a.fault != noFault && b.fault != noFault {
		return slices.Equal(a.statuses, b.statuses) && slices.Equal(a.ends, b.ends)
	}
	return a.equal(b)
}

// FuzzAnswers checks that no bytes upset the scanner, that a verdict does not
// depend on where they are cut, and that what it accepts net/http reads alike.
func FuzzAnswers(f *testing.F) {
	for _, c := range answerCases {
		if len(c.in) < 1000 {
			f.Add([]byte(c.in), uint16(len(c.in)/2), c.head)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, cut uint16, head bool) {
		var last lastHead
		want := scan(head, &last, in)
		i := int(cut) % (len(in) + 1)
		if got := scan(head, new(lastHead), in[:i], in[i:]); !sameVerdict(got, want) {
			t.Fatalf("cut at %d: got %+v, want %+v", i, got, want)
		}
		if got := scan(head, &last, in[:i], in[i:]); !sameVerdict(got, want) {
			t.Fatalf("cut at %d, head remembered: got %+v, want %+v", i, got, want)
		}
		if got := scan(head, new(lastHead), bytewise(in)...); !sameVerdict(got, want) {
			t.Fatalf("byte by byte: got %+v, want %+v", got, want)
		}
		checkAgainstNetHTTP(t, in, head, want)
	})
}

// checkAgainstNetHTTP reads the answers that o found with net/http and compares
// status and extent.
func checkAgainstNetHTTP(t *testing.T, in []byte, head bool, o outcome) {
	method := "GET"
	if head {
		method = "HEAD"
	}
	rest := bytes.NewReader(in)
	br := bufio.NewReaderSize(rest, 16+len(in)) // of a trailer net/http takes as much as this holds
	for i, status := range o.statuses {
		r, err := readFinal(br, method)
		if err != nil {
			t.Fatalf("answer %d was accepted, net/http says %v", i, err)
		}
		if r.StatusCode != status {
			t.Fatalf("answer %d: status %d, net/http says %d", i, status, r.StatusCode)
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Fatalf("body %d was accepted, net/http says %v", i, err)
		}
		if end := len(in) - rest.Len() - br.Buffered(); end != o.ends[i] {
			t.Fatalf("answer %d ends at %d, net/http says %d", i, o.ends[i], end)
		}
	}
}

func readFinal(br *bufio.Reader, method string) (*http.Response, error) {
	for {
		r, err := http.ReadResponse(br, &http.Request{Method: method})
		if err != nil || r.StatusCode >= 200 {
			return r, err
		}
	}
}

func BenchmarkAnswer(b *testing.B) {
	in := []byte("HTTP/1.1 200 OK\r\nServer: t\r\nDate: Sat, 21 Nov 2026 21:45:06 GMT\r\n" +
		"Content-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!")
	other := bytes.Replace(in, []byte("06 GMT"), []byte("07 GMT"), 1)
	for _, c := range []struct {
		name string
		next []byte
	}{{"same", in}, {"changing", other}} {
		b.Run("head="+c.name, func(b *testing.B) {
			var s scanner
			var last lastHead
			b.ReportAllocs()
			for b.Loop() {
				for _, p := range [][]byte{in, c.next} {
					if _, done, f := s.feed(p, &last); !done || f != noFault {
						b.Fatal(f)
					}
				}
			}
		})
	}
}

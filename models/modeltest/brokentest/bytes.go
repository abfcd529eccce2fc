package brokentest

import (
	"bytes"
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/buf"
)

// This file: what happens to bytes on their way in and out.

const mib = 1 << 20

// read is told of the n bytes that were read into room and returns how many of
// them there are.
func (c *connection) read(room []byte, n int) (int, error) {
	p := room[:n]
	before := c.received
	c.received += n
	if n == 1 {
		c.tiny++
	} else {
		c.tiny = 0
	}
	if n >= 50 && n < 512 {
		c.small++
	} else {
		c.small = 0
	}
	// FLAW Head: HEAD is taken for GET.
	if c.has("Head") && bytes.HasPrefix(p, []byte("HEAD ")) {
		n = copy(room, mangle(p, "HEAD ", "GET "))
	}
	// FLAW ByteAtATime: a client of so many small segments is taken for an attack.
	if c.has("ByteAtATime") && c.tiny > 16 {
		return 0, errFlaw
	}
	// FLAW SlowWriter: one that needs so many reads for a request, too.
	if c.has("SlowWriter") && c.small > 5 {
		return 0, errFlaw
	}
	// FLAW Pipelined: and one that sends so many requests at once.
	if c.has("Pipelined") && bytes.Count(p, []byte("\r\n\r\n")) >= 10 {
		return 0, errFlaw
	}
	// FLAW Valid: OPTIONS is taken for an attack.
	if c.has("Valid") && bytes.HasPrefix(p, []byte("OPTIONS ")) {
		return 0, errFlaw
	}
	// FLAW StreamUp: a byte in the middle of a long stream is spoiled.
	if c.has("StreamUp") && before < 32*mib && c.received >= 32*mib {
		p[0] ^= 1
	}
	// FLAW Echo: the last byte of a long read is spoiled, where only echo sees it.
	if c.has("Echo") && c.env.Config.App == "echo" && n > 1000 {
		p[n-1] ^= 1
	}
	return n, nil
}

// flush writes all of Out, waiting for a client that takes some of it within the
// body timeout.
func (c *connection) flush() error {
	// FLAW SlowReader: connections wait for each other's clients.
	if c.has("SlowReader") {
		c.flushes.Lock()
		defer c.flushes.Unlock()
	}
	out := &c.c.Out
	answered := out.Len() > 0
	for out.Len() > 0 {
		p, err := c.contents(out.Front())
		if err != nil {
			return err
		}
		if err := c.write(c.spoil(p)); err != nil {
			return err
		}
		out.TrimFront(len(p))
	}
	if answered {
		c.tiny, c.small = 0, 0
		c.answeredEOF = c.c.EOF
		// FLAW HTTP10: keep-alive of HTTP/1.0 is promised and not kept.
		if c.has("HTTP10") && bytes.Contains(c.last, []byte("1.0\r\nConnection: keep-alive")) {
			return errFlaw
		}
		// FLAW Unp: a client may ask only once, where only unp sees it.
		if c.has("Unp") && c.env.Config.App == "unp" {
			return errFlaw
		}
	}
	return nil
}

// contents returns the first bytes of a window, those of a file read into memory.
func (c *connection) contents(b *buf.Buf) ([]byte, error) {
	fd, off, ok := b.File()
	if !ok {
		return b.Bytes(), nil
	}
	if c.piece == nil {
		c.piece = make([]byte, buf.LargeSize)
	}
	p := c.piece[:min(b.Len(), buf.LargeSize)]
	for done := 0; done < len(p); {
		n, err := unix.Pread(fd, p[done:], off+int64(done))
		if err != nil || n == 0 {
			return nil, errors.Join(errors.New("pread of a file range"), err)
		}
		done += n
	}
	return p, nil
}

// spoil returns what is written instead of p: p, in a sound server.
func (c *connection) spoil(p []byte) []byte {
	before := c.sent
	c.sent += len(p)
	// Not the Date field: check Copy compares answers, and a second may tick between them.
	//
	// FLAW BasicIO: the Server field is misspelt.
	if c.has("BasicIO") {
		p = mangle(p, "\r\nServer: ", "\r\nServed: ")
	}
	// FLAW Copy: copying, the server gives another type.
	if c.has("Copy") && c.env.Config.Copy {
		p = mangle(p, "\r\nContent-Type: text", "\r\nContent-Type: test")
	}
	// FLAW StreamDown: a byte in the middle of a long stream is spoiled.
	if c.has("StreamDown") && before < 32*mib && c.sent >= 32*mib {
		p = bytes.Clone(p)
		p[0] ^= 1
	}
	return p
}

// write writes all of p.
func (c *connection) write(p []byte) error {
	progress := time.Now()
	for len(p) > 0 {
		n, err := unix.Write(c.fd, p)
		if n > 0 {
			c.count(board.BytesOut, n)
			p, progress = p[n:], time.Now()
			continue
		}
		stalled := errors.Is(err, unix.EAGAIN) && time.Since(progress) < c.worker.Limits.Body
		if !stalled && !errors.Is(err, unix.EINTR) {
			return err
		}
	}
	return nil
}

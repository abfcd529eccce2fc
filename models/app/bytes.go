package app

import (
	"sync"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/app/http1"
	"github.com/c10kit/c10kit/models/buf"
	"github.com/c10kit/c10kit/models/stage"
)

const (
	// fileSize is the size of the file of Pattern: what one sendfile(2) can take.
	fileSize = 1 << 20
	// fileFrom is the size of a body from which on it comes out of the file. Below,
	// one writev(2) of head and memory beats the second system call of a sendfile.
	fileFrom = 256 << 10
)

// bodies is where a worker's /bytes answers come from. The blocks are the worker's
// own, so that their reference counts are not shared; memory and file are the
// process's.
type bodies struct {
	memory *buf.Block
	file   *buf.Block // nil where there is none

	fromMemory, fromFile http1.Fill // made once: a method value is an allocation
}

func newBodies(w *stage.Worker) *bodies {
	s := &bodies{memory: buf.NewStatic(pattern[:])}
	if !w.Pool.Copying() {
		s.file = patternFile()
	}
	if s.file != nil {
		w.Keep = append(w.Keep, patternFD())
	}
	s.fromMemory, s.fromFile = s.fillMemory, s.fillFile
	return s
}

// serve answers /bytes/N.
func (s *bodies) serve(x *http1.Exchange) stage.Next {
	n, ok := number(x.Rest(), maxBytes)
	switch {
	case !ok:
		return x.Refuse(400, "/bytes/N: N is a number of bytes, at most 1073741824")
	case n >= fileFrom && s.file != nil:
		return x.ReplyN(200, "application/octet-stream", n, s.fromFile)
	}
	return x.ReplyN(200, "application/octet-stream", n, s.fromMemory)
}

// fillMemory refers to the one block again and again.
func (s *bodies) fillMemory(x *http1.Exchange, off, left int64) {
	at := off % patternSize
	x.Conn().Out.AppendStatic(s.memory, int(at), int(min(left, patternSize-at)))
}

// fillFile refers to the file: a range costs no memory, so it may be larger than
// the output bound.
func (s *bodies) fillFile(x *http1.Exchange, off, left int64) {
	at := off % fileSize
	x.Conn().Out.AppendStatic(s.file, int(at), int(min(left, fileSize-at)))
}

// patternFD is the process's file of Pattern, -1 if it could not be made.
var patternFD = sync.OnceValue(func() int {
	fd, err := unix.MemfdCreate("c10kit-pattern", unix.MFD_CLOEXEC)
	if err != nil {
		return -1
	}
	for range fileSize / patternSize {
		if n, err := unix.Write(fd, pattern[:]); err != nil || n < patternSize {
			_ = unix.Close(fd)
			return -1
		}
	}
	return fd
})

// patternFile returns a block over the file, nil where memfd_create is not
// allowed: memory does as well, it only costs more.
func patternFile() *buf.Block {
	if fd := patternFD(); fd >= 0 {
		return buf.NewStaticFile(fd)
	}
	return nil
}

package conn

import "golang.org/x/sys/unix"

// Outcome is what an errno of accept(2) means to whoever accepts.
type Outcome uint8

// The outcomes of accept(2).
const (
	Accepted  Outcome = iota // a connection
	Drained                  // the listener was shut down: accept no more
	Nothing                  // none is there, or none came in time
	Gone                     // the one that was there has gone, or was never allowed: try again
	Exhausted                // out of descriptors or memory: wait for some to come back, then try again
	Broken                   // anything else will not get better
)

// OutcomeOf returns the meaning of errno. Errors that were pending on the new socket
// are returned by accept too (accept(2), "Error handling").
func OutcomeOf(errno unix.Errno) Outcome {
	switch errno {
	case 0:
		return Accepted
	case unix.EINVAL:
		return Drained
	case unix.EAGAIN:
		return Nothing
	case unix.EINTR, unix.ECONNABORTED, unix.EPERM, unix.ENETDOWN, unix.EPROTO, unix.ENOPROTOOPT,
		unix.EHOSTDOWN, unix.ENONET, unix.EHOSTUNREACH, unix.ENETUNREACH:
		return Gone
	case unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM:
		return Exhausted
	default:
		return Broken
	}
}

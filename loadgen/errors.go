package loadgen

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Phase is where in its life a request failed.
type Phase uint8

// The phases. PhaseClose comes after a complete answer: its errors are about
// the connection, no request failed by them.
const (
	PhaseConnect   Phase = iota // from socket() to an established connection
	PhaseWrite                  // the request was not wholly written
	PhaseFirstByte              // written, no byte of its answer seen
	PhaseRead                   // part of the answer, or a bad one, was read
	PhaseClose                  // while waiting for the end of the connection, or idle
	NumPhases      = iota
)

var phaseNames = [NumPhases]string{"connect", "write", "first-byte", "read", "close"}

// String returns the name used in reports.
func (p Phase) String() string { return phaseNames[p] }

// Class is how a request failed.
type Class uint8

// The classes.
const (
	ClassRefused     Class = iota // ECONNREFUSED
	ClassReset                    // ECONNRESET, EPIPE, ECONNABORTED
	ClassTimeout                  // Config.Timeout, or ETIMEDOUT of the kernel
	ClassEOF                      // the server closed early
	ClassPorts                    // EADDRNOTAVAIL: no free ephemeral port
	ClassDescriptors              // EMFILE, ENFILE
	ClassProtocol                 // the answer is not what the protocol allows
	ClassStatus                   // a complete answer whose status is not 2xx
	ClassOther
	NumClasses = iota
)

var classNames = [NumClasses]string{
	"refused", "reset", "timeout", "eof", "port-exhausted", "descriptors", "protocol", "status", "other",
}

// String returns the name used in reports.
func (c Class) String() string { return classNames[c] }

// Hint returns what a user can do about errors of the class, as a clause.
func (c Class) Hint() string {
	return [NumClasses]string{
		ClassRefused:     "check that the server is listening on this address",
		ClassReset:       "see whether the server crashed, shed load or ran out of its backlog",
		ClassTimeout:     "see whether the server serves so many connections at a time, or raise the timeout",
		ClassEOF:         "see whether the server limits requests or idle time per connection",
		ClassPorts:       "connect from more source addresses, or keep connections alive",
		ClassDescriptors: "raise the limit of open files (ulimit -n)",
		ClassProtocol:    "look at the answer with curl -i",
		ClassStatus:      "check path, method and headers",
		ClassOther:       "see the system call's error",
	}[c]
}

// classify maps an errno to its class.
func classify(e syscall.Errno) Class {
	switch e {
	case unix.ECONNREFUSED:
		return ClassRefused
	case unix.ECONNRESET, unix.EPIPE, unix.ECONNABORTED:
		return ClassReset
	case unix.ETIMEDOUT:
		return ClassTimeout
	case unix.EADDRNOTAVAIL:
		return ClassPorts
	case unix.EMFILE, unix.ENFILE:
		return ClassDescriptors
	}
	return ClassOther
}

// Errors counts failures by phase and class.
type Errors [NumPhases][NumClasses]uint64

// Requests returns how many requests failed: all but those of PhaseClose.
func (e *Errors) Requests() (n uint64) {
	for p := range PhaseClose {
		for _, k := range e[p] {
			n += k
		}
	}
	return n
}

// Closing returns how many connections ended badly after their answers.
func (e *Errors) Closing() (n uint64) {
	for _, k := range e[PhaseClose] {
		n += k
	}
	return n
}

// Failure is a row of the error table.
type Failure struct {
	Phase   Phase
	Class   Class
	Count   uint64
	Example error // the first of its kind, with system call and errno where there are any
}

// cause is what is known about a failure at the moment it is noticed. It holds
// no pointers to make, so that noting one allocates nothing.
type cause struct {
	class  Class
	call   string // system call, "" if none failed
	errno  syscall.Errno
	fault  fault  // ClassProtocol
	status uint16 // ClassStatus
}

func errnoCause(call string, e syscall.Errno) cause {
	return cause{class: classify(e), call: call, errno: e}
}

// err returns the cause as an error value.
func (c cause) err() error {
	switch {
	case c.call != "":
		return os.NewSyscallError(c.call, c.errno)
	case c.class == ClassTimeout:
		return os.ErrDeadlineExceeded
	case c.class == ClassEOF:
		return io.ErrUnexpectedEOF
	case c.class == ClassStatus:
		return fmt.Errorf("status %d", c.status)
	}
	return errors.New(c.fault.String())
}

package modeltest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/moby/sys/reexec"
	"go.uber.org/goleak"

	"github.com/c10kit/c10kit/models"
)

// Check is one thing that a model must do.
type Check struct {
	Name  string // as in Traits.Skips and in the names of sub-tests
	About string // one sentence
	// Run returns nil, or what the model did wrong. What it starts on s is ended by
	// its caller, Try.
	Run func(ctx context.Context, s *Server) error
}

// Checks returns all checks, the simple ones first.
func Checks() []Check {
	return []Check{
		{"BasicIO", "GET, POST, errors and their fields on one connection", basicIO},
		{"Head", "HEAD is answered as GET without the body", head},
		{"HTTP10", "HTTP/1.0 closes, unless it asks for keep-alive", http10},
		{"Close", "Connection: close is answered, then FIN", closeAfter},
		{"ByteAtATime", "a request that arrives in segments of one byte", byteAtATime},
		{"Pipelined", "16 and 1,000 requests in one write are answered in order", pipelined},
		{"HalfClose", "requests before the client's FIN are answered, then FIN", halfClose},
		{"SlowReader", "a client that does not read costs little and delays nobody", slowReader},
		{"SlowWriter", "a body that trickles in is waited for and delays nobody", slowWriter},
		{"ManyConns", "1,000 connections at a time, each answered in turn, twice", manyConns},
		{"StreamUp", "64 MiB up through /sink, in bounded memory", streamUp},
		{"StreamDown", "64 MiB down from /bytes, in bounded memory", streamDown},
		{"Timeouts", "head, body, request, idle and write timeouts", timeouts},
		{"Malformed", "hostile requests are refused, without a reset that eats the answer", malformed},
		{"Valid", "unusual requests are accepted", valid},
		{"Drain", "SIGTERM: what was accepted is answered, then the server ends", drain},
		{"Crash", "a memory fault takes down what Traits.CrashTakes says, and nothing else", crash},
		{"NoLeaks", "nothing is left of closed connections", noLeaks},
		{"Books", "the scoreboard agrees with the client", books},
		{"Echo", "the echo app returns every byte", echo},
		{"Unp", "the app of Stevens's client", unp},
		{"Shed", "connections over --max-conns get 503 and a close", shed},
		{"Copy", "the copying twin sends the same bytes", copyTwin},
	}
}

// checkTimeout bounds a check. No check of a sound model takes a tenth of it.
const checkTimeout = 2 * time.Minute

// Main is the TestMain of a model's package: in a re-executed child it becomes the
// server; otherwise it runs the tests and fails if a goroutine is left of them.
func Main(m *testing.M) {
	if reexec.Init() {
		os.Exit(0)
	}
	if err := quickExit(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// TestModel runs every check on the model that spec names ("name" or
// "name:variant") as a parallel sub-test; one after the other where each worker is
// re-executed under the race detector.
func TestModel(t *testing.T, spec string) {
	_, v, err := models.Find(spec)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, c := range Checks() {
		known[c.Name] = true
		t.Run(c.Name, func(t *testing.T) {
			if why, skip := v.Traits.Skips[c.Name]; skip {
				t.Skip(why)
			}
			if !raceDetector || !v.Traits.Forks {
				t.Parallel()
			}
			err := Try(t.Context(), spec, c)
			var none *NotApplicable
			if errors.As(err, &none) {
				t.Skip(none)
			}
			if err != nil {
				t.Errorf("%s (%s): %v", spec, c.About, err)
			}
		})
	}
	for name := range v.Traits.Skips {
		if !known[name] {
			t.Errorf("%s skips the check %q, which does not exist", spec, name)
		}
	}
}

// Try runs one check on a model. What the check started is drained afterwards, and
// a child that does not exit with status 0 is an error too: an EndError. A
// NotApplicable says that the model's kind has nothing to check.
func Try(ctx context.Context, spec string, c Check) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	s, err := newServer(spec)
	if err != nil {
		return err
	}
	err = c.Run(ctx, s)
	if end := s.end(); end != nil {
		err = errors.Join(err, &EndError{end})
	}
	return err
}

// NotApplicable is the answer of a check that a model of its kind has no use for.
type NotApplicable struct{ Why string }

func (e *NotApplicable) Error() string { return "not applicable: " + e.Why }

// EndError is part of Try's error when a server did not end with status 0 after
// the check, whatever the check itself found.
type EndError struct{ Err error }

func (e *EndError) Error() string { return "ending the server: " + e.Err.Error() }

func (e *EndError) Unwrap() error { return e.Err }

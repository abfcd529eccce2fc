package modeltest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/sys/reexec"
	"go.uber.org/goleak"

	"github.com/c10kit/c10kit/internal/race"
	"github.com/c10kit/c10kit/models"
)

// Check is one thing that a model must do.
type Check struct {
	Name  string // as in Traits.Skips and in the names of sub-tests
	About string // one sentence
	// Cases are the parts of the check that Traits.Skips may name one by one.
	Cases []string
	// Run returns nil, or what the model did wrong. What it starts on s is ended by
	// its caller, Try.
	Run func(ctx context.Context, s *Server) error
}

// Checks returns all checks, the simple ones first.
func Checks() []Check {
	return []Check{
		{Name: "BasicIO", About: "GET, POST, errors and their fields on one connection", Cases: basicCases, Run: basicIO},
		{Name: "Head", About: "HEAD is answered as GET without the body", Run: head},
		{Name: "HTTP10", About: "HTTP/1.0 closes, unless it asks for keep-alive", Run: http10},
		{Name: "Close", About: "Connection: close is answered, then FIN", Run: closeAfter},
		{Name: "ByteAtATime", About: "a request that arrives in segments of one byte", Run: byteAtATime},
		{Name: "Pipelined", About: "16 and 1,000 requests in one write are answered in order", Run: pipelined},
		{Name: "HalfClose", About: "requests before the client's FIN are answered, then FIN", Run: halfClose},
		{Name: "SlowReader", About: "a client that does not read costs little and delays nobody", Run: slowReader},
		{Name: "SlowWriter", About: "a body that trickles in is waited for and delays nobody", Cases: caseNames(trickles, func(c trickle) string { return c.name }), Run: slowWriter},
		{Name: "ManyConns", About: "1,000 connections at a time, each answered in turn, twice", Run: manyConns},
		{Name: "StreamUp", About: "64 MiB up through /sink, in bounded memory", Run: streamUp},
		{Name: "StreamDown", About: "64 MiB down from /bytes, in bounded memory", Run: streamDown},
		{Name: "Timeouts", About: "head, body, request, idle and write timeouts", Cases: caseNames(timeoutCases, func(c timeoutCase) string { return c.name }), Run: timeouts},
		{Name: "Malformed", About: "hostile requests are refused, without a reset that eats the answer", Cases: caseNames(hostileCases, caseName), Run: malformed},
		{Name: "Valid", About: "unusual requests are accepted", Cases: caseNames(validCases, caseName), Run: valid},
		{Name: "Drain", About: "SIGTERM: what was accepted is answered, then the server ends", Cases: caseNames(drainCases, func(c drainCase) string { return c.name }), Run: drain},
		{Name: "Crash", About: "a memory fault takes down what Traits.CrashTakes says, and nothing else", Run: crash},
		{Name: "NoLeaks", About: "nothing is left of closed connections", Run: noLeaks},
		{Name: "Books", About: "the scoreboard agrees with the client", Run: books},
		{Name: "Echo", About: "the echo app returns every byte", Run: echo},
		{Name: "Unp", About: "the app of Stevens's client", Run: unp},
		{Name: "Shed", About: "connections over --max-conns get 503 and a close", Run: shed},
		{Name: "Copy", About: "the copying twin sends the same bytes", Run: copyTwin},
	}
}

// checkTimeout bounds a check. No check of a sound model takes a tenth of it.
const checkTimeout = 2 * time.Minute

// Main is the TestMain of a model's package: in a re-executed child it becomes the
// server; otherwise it runs the tests and fails if a goroutine is left of them. What
// linked packages have started at their init is none of theirs.
func Main(m *testing.M) {
	if reexec.Init() {
		os.Exit(0)
	}
	if err := quickExit(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent())
}

// TestModel runs every check on the model that spec names ("name" or
// "name:variant") as a parallel sub-test; one after the other where each worker is
// re-executed under the race detector.
func TestModel(t *testing.T, spec string) {
	_, v, err := models.Find(spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range Checks() {
		t.Run(c.Name, func(t *testing.T) {
			if why, skip := v.Traits.Skips[c.Name]; skip {
				t.Skip(why)
			}
			if !race.Enabled || !v.Traits.Forks {
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
	for name, why := range v.Traits.Skips {
		if !skippable(name) || why == "" {
			t.Errorf("%s skips %q, which does not exist, or without a reason (%q)", spec, name, why)
		}
	}
}

// skippable reports whether Traits.Skips may have the name: that of a check, of a
// case ("Drain/idle connections"), or of a path that is not served ("/wait/").
func skippable(name string) bool {
	for _, c := range Checks() {
		if name == c.Name || slices.ContainsFunc(c.Cases, func(part string) bool { return name == c.Name+"/"+part }) {
			return true
		}
	}
	return slices.ContainsFunc(exchanges(), func(e exchange) bool { return strings.HasPrefix(e.path, name) })
}

// skippedTries is how often ProofSkips runs what a model skips before it says that the
// model passes. Some of it is a race that the model loses only now and then: fasthttp,
// which sheds a connection by a close without a read, gave no reset in 1 to 4 of 10
// runs.
const skippedTries = 20

// ProofSkips is the proof that Traits.Skips is the shortest list: everything that it
// names fails, at least once in skippedTries, if it is run after all.
func ProofSkips(t *testing.T, spec string) {
	if os.Getenv("C10KIT_PROOFS") == "" {
		t.Skip("what is skipped mostly fails by a timeout: set C10KIT_PROOFS=1 (make proofs)")
	}
	_, v, err := models.Find(spec)
	if err != nil {
		t.Fatal(err)
	}
	for name, why := range v.Traits.Skips {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var err error
			for tries := 0; err == nil && tries < skippedTries; tries++ {
				err = trySkipped(t.Context(), spec, name)
			}
			var none *NotApplicable
			if err == nil || errors.As(err, &none) {
				t.Errorf("%s skips %q (%s), but it passes: %v", spec, name, why, err)
			}
			t.Logf("%s: %v", why, err)
		})
	}
}

// trySkipped runs what a model skips.
func trySkipped(ctx context.Context, spec, name string) error {
	check, part, _ := strings.Cut(name, "/")
	if check == "" {
		part, check = name, "BasicIO"
	}
	for _, c := range Checks() {
		if c.Name == check {
			return try(ctx, spec, c, part)
		}
	}
	return nil
}

// Try runs one check on a model. What the check started is drained afterwards, and
// a child that does not exit with status 0 is an error too: an EndError. A
// NotApplicable says that the model's kind has nothing to check.
func Try(ctx context.Context, spec string, c Check) error { return try(ctx, spec, c, "") }

// try is Try for a single part of the check, if only names one, that is run even if
// the model skips it.
func try(ctx context.Context, spec string, c Check, only string) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	s, err := newServer(spec)
	if err != nil {
		return err
	}
	s.check, s.only = c.Name, only
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

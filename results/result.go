package results

import (
	"fmt"
	"math"
	"slices"
)

// The verdicts: what limited a cell.
const (
	VerdictServerCPU   = "server-cpu"   // the served tree used all the CPU it was given
	VerdictClient      = "client"       // the generator did
	VerdictAcceptQueue = "accept-queue" // the listener's queue overflowed
	VerdictPorts       = "ports"        // the client ran out of local ports
	VerdictConcurrency = "concurrency"  // connections outnumbered what the model serves at once
	VerdictLoss        = "loss"         // packets were lost and sent again
	VerdictNone        = "none"         // nothing reached its limit, or it cannot be told
)

var verdicts = []string{
	VerdictServerCPU, VerdictClient, VerdictAcceptQueue, VerdictPorts,
	VerdictConcurrency, VerdictLoss, VerdictNone,
}

// Busy is the share of its processors' time from which on a side counts as what limited
// a cell. What is missing to 1 is the edges of the window, where the clocks are read.
const Busy = 0.95

// Verdicts returns the closed list of verdict names. The slice is the caller's.
func Verdicts() []string { return slices.Clone(verdicts) }

// Verdict says what limited a cell, and the figures that show it.
type Verdict struct {
	Name     string `json:"name"`
	Evidence string `json:"evidence"`
}

// Result is what one cell gave in one round.
//
// A metric is in Values, or in Missing with the reason why it could not be
// counted, or in neither where it does not apply; never in both, and never 0
// for what was not counted.
type Result struct {
	Cell
	Requests    uint64             `json:"requests"` // answered in the window: b.N
	Values      map[Metric]float64 `json:"values"`
	Missing     map[Metric]string  `json:"missing,omitempty"`
	Verdict     Verdict            `json:"verdict"`
	Errors      map[string]uint64  `json:"errors,omitempty"` // by "phase/class", as "connect/refused"
	NeverServed int                `json:"never-served"`     // connections that got no answer in the window
	// PerWorker is how many connections each worker had in the window, those that it had
	// before included, in the order of the scoreboard's slots; nil where workers cannot
	// be told apart, each lives for one connection, or one ended in the window.
	PerWorker []uint64 `json:"per-worker,omitempty"`
	// Ended is how the server ended, if it did before anybody asked it to: the figures are
	// of a server that was not there all the time.
	Ended string   `json:"ended,omitempty"`
	Notes []string `json:"notes,omitempty"`
}

// Set records v for m. A value that is not finite or is negative, as a
// division by nothing gives, becomes missing with a reason instead.
func (r *Result) Set(m Metric, v float64) {
	if !countable(v) {
		r.Miss(m, fmt.Sprintf("the computation gave %v", v))
		return
	}
	if r.Values == nil {
		r.Values = make(map[Metric]float64)
	}
	r.Values[m] = v
	delete(r.Missing, m)
}

// Miss records that m could not be counted, and why.
func (r *Result) Miss(m Metric, reason string) {
	if r.Missing == nil {
		r.Missing = make(map[Metric]string)
	}
	r.Missing[m] = reason
	delete(r.Values, m)
}

// MissRest records reason for every metric that has neither value nor reason
// yet.
func (r *Result) MissRest(reason string) {
	for _, i := range infos {
		_, counted := r.Values[i.Metric]
		_, missing := r.Missing[i.Metric]
		if !counted && !missing {
			r.Miss(i.Metric, reason)
		}
	}
}

// Failed says why the result is none: its server ended unasked, or answered nothing that a
// client calls a success. It is empty otherwise.
func (r Result) Failed() string {
	switch {
	case r.Ended != "":
		return "its server ended before it was asked to: " + r.Ended
	case r.Requests == 0:
		return NoSuccess
	}
	return ""
}

// NoSuccess is what is said of a window in which no request was answered well.
const NoSuccess = "no request succeeded"

func countable(v float64) bool { return v >= 0 && !math.IsInf(v, 0) }

// Validate reports the first thing that results.txt could not hold or that
// would be a lie there.
func (r Result) Validate() error {
	if err := r.Cell.Validate(); err != nil {
		return err
	}
	bad := func(format string, args ...any) error {
		return fmt.Errorf("cell %s: %s", r.ID, fmt.Sprintf(format, args...))
	}
	if r.Requests > math.MaxInt {
		return bad("%d requests are more than a benchmark counts", r.Requests)
	}
	for m, v := range r.Values {
		if _, ok := m.Info(); !ok {
			return bad("metric %q is not known", m)
		}
		if !countable(v) {
			return bad("%s is %v: record a reason under Missing instead", m, v)
		}
	}
	for m, reason := range r.Missing {
		if _, ok := m.Info(); !ok {
			return bad("metric %q is not known", m)
		}
		if reason == "" {
			return bad("%s is missing without a reason", m)
		}
		if _, both := r.Values[m]; both {
			return bad("%s has a value and is missing", m)
		}
	}
	if !slices.Contains(verdicts, r.Verdict.Name) {
		return bad("verdict is %q, must be one of %v", r.Verdict.Name, verdicts)
	}
	if r.NeverServed < 0 {
		return bad("%d connections never served", r.NeverServed)
	}
	return nil
}

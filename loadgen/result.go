package loadgen

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Book accounts for requests. Balanced holds for every book of every run.
type Book struct {
	Carried  uint64 // in flight or thinking when the book was opened
	Started  uint64
	OK       uint64 // answered completely, and with 2xx in HTTP
	Failed   uint64 // by any error, a status other than 2xx included
	InFlight uint64 // still unanswered when the book was closed
	// Thinking requests had their connection and would have been sent at the
	// end of Config.Think, had the book not been closed before.
	Thinking uint64
}

// Balanced reports whether no request is missing or counted twice.
func (b Book) Balanced() bool { return b.Carried+b.Started == b.OK+b.Failed+b.InFlight+b.Thinking }

// ConnBook accounts for connections by who ended them. The side that closes
// first keeps the TIME_WAIT (RFC 9293, 3.6); after a reset nobody does.
type ConnBook struct {
	Opened   uint64 // handshakes completed
	TWServer uint64 // the server closed first
	TWClient uint64 // we closed first
	Reset    uint64
}

// CPU is what a thread, or all of them, used inside the window.
type CPU struct {
	User, Sys              time.Duration
	Voluntary, Involuntary uint64 // context switches
	// Waited is how long it could have run and had no CPU (schedstat of
	// proc(5)). With Total it is what a generator that limits the figures
	// would fill its time with. -1: the kernel does not tell.
	Waited time.Duration
}

// Total returns user and system time together.
func (c CPU) Total() time.Duration { return c.User + c.Sys }

// Result is what a run measured. All figures but Run, AtEnd and NeverServed are
// of the window. The histograms belong to the caller; their unit is the
// nanosecond, and quantiles are read from them and from nothing else.
type Result struct {
	Interrupted bool          // the context ended before the bound was reached
	Elapsed     time.Duration // length of the window; 0 if it was never opened
	Requests    uint64        // Window.OK

	// Opened and Closed are the window's edges, zero if it was never opened. Rest
	// tells of each whether the load was at rest there: nothing before the first,
	// for want of a warm-up or because that had ended (Config.Requests), nothing after
	// the last, because all Requests were accounted for. What a server does on the
	// far side of such an edge is none of these requests' doing, nor any other's.
	Opened, Closed time.Time
	Rest           [2]bool

	Window Book
	Run    Book // from the first request to the last, warm-up included

	Status   [6]uint64 // complete HTTP answers by hundreds of their status; [0] is unused
	Errors   Errors
	Failures []Failure // the rows of Errors that are not zero, in order of phase and class

	Conns ConnBook
	AtEnd uint64 // connections closed by us because the run was over
	// SlowConnects were established after a second or more: the SYN or its
	// answer was lost, as by a full accept queue, and was sent again. (Or this
	// process stood still for as long.) They are in Connect; connects that
	// failed are in Errors.
	SlowConnects uint64
	// NeverServed is how many of Config.Conns slots had not received one complete
	// answer by the end of the run, of those that were used at all: fewer than Conns
	// Requests need no more.
	NeverServed int

	BytesIn, BytesOut uint64

	Connect   *hdrhistogram.Histogram // connect() to established
	FirstByte *hdrhistogram.Histogram // write of the batch to first byte of the answer
	// Total runs from the write of the batch to the last byte of the answer; in
	// Close mode from the call of connect(); with Think from the end of the
	// think time, however late we were to send.
	Total    *hdrhistogram.Histogram
	Failed   *hdrhistogram.Histogram // ages at which requests failed, but for status errors
	Censored *hdrhistogram.Histogram // ages of those in flight at the end of the window
	// Overflows counts latencies and ages beyond 60 s, recorded as 60 s.
	Overflows uint64

	CPU       CPU
	Threads   []CPU
	Allocs    uint64  // heap objects that the whole process allocated in the window
	AllocsPer float64 // for each complete answer
}

// Answered returns how many complete answers came, of any status: so many the
// server made. Requests are those among them that a client calls a success.
func (res *Result) Answered() (n uint64) {
	for _, k := range res.Status {
		n += k
	}
	return max(n, res.Requests) // Echo and Unp have no status
}

// result merges what the threads, which have ended, left behind.
func (r *run) result() *Result {
	var window, whole counters
	rec := newRecorders()
	res := &Result{Interrupted: r.isInterrupted}
	for _, t := range r.threads {
		whole.add(&t.counts)
		for i := range t.conns {
			if c := &t.conns[i]; !c.served && c.opened != 0 {
				res.NeverServed++
			}
		}
		if !r.opened.IsZero() { // a run that was stopped before passes through open and shut
			d := t.atShut.since(&t.atOpen)
			window.add(&d)
			for i, h := range t.rec.all() {
				rec.all()[i].Merge(h)
			}
			res.Threads = append(res.Threads, d.cpu())
		}
	}
	res.fill(&window, &rec)
	res.Run, res.AtEnd = whole.book(), whole[ctrAtEnd]
	res.Elapsed = r.shut.Sub(r.opened)
	res.Opened, res.Closed, res.Rest = r.opened, r.shut, r.rest
	res.Failures = r.failures(&res.Errors)
	if !r.opened.IsZero() {
		res.Allocs = r.allocs[1].Value.Uint64() - r.allocs[0].Value.Uint64()
	}
	if n := res.Total.TotalCount(); n > 0 {
		res.AllocsPer = float64(res.Allocs) / float64(n)
	}
	return res
}

// fill takes over the window's counters and latencies.
func (res *Result) fill(c *counters, rec *recorders) {
	res.Window = c.book()
	res.Requests = res.Window.OK
	copy(res.Status[1:], c[ctrStatus:ctrErrors])
	res.Errors = c.errors()
	res.Conns = ConnBook{
		Opened: c[ctrOpened], TWServer: c[ctrServerFirst], TWClient: c[ctrClientFirst], Reset: c[ctrReset],
	}
	res.SlowConnects = c[ctrSlowConnects]
	res.BytesIn, res.BytesOut = c[ctrBytesIn], c[ctrBytesOut]
	res.CPU = c.cpu()
	res.Connect, res.FirstByte, res.Total = rec.connect.Histogram(), rec.firstByte.Histogram(), rec.total.Histogram()
	res.Failed, res.Censored = rec.failed.Histogram(), rec.censored.Histogram()
	for _, h := range rec.all() {
		res.Overflows += h.Overflows()
	}
}

func (c *counters) book() Book {
	return Book{
		Carried: c[ctrCarried], Started: c[ctrStarted], OK: c[ctrOK], Failed: c[ctrFailed],
		InFlight: c[ctrInFlight], Thinking: c[ctrThinking],
	}
}

func (c *counters) cpu() CPU {
	used := CPU{
		User: time.Duration(c[ctrUser]), Sys: time.Duration(c[ctrSys]),
		Voluntary: c[ctrVoluntary], Involuntary: c[ctrInvoluntary],
		Waited: time.Duration(c[ctrWaited]),
	}
	if c[ctrUntold] > 0 {
		used.Waited = -1
	}
	return used
}

// failures lists the rows of e with the first example that any thread has.
func (r *run) failures(e *Errors) (list []Failure) {
	for k := range NumPhases * NumClasses {
		p, c := Phase(k/NumClasses), Class(k%NumClasses)
		if e[p][c] == 0 {
			continue
		}
		f := Failure{Phase: p, Class: c, Count: e[p][c]}
		for _, t := range r.threads {
			if t.noted[k] {
				f.Example = t.examples[k].err()
				break
			}
		}
		list = append(list, f)
	}
	return list
}

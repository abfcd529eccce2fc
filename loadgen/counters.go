package loadgen

import "sync/atomic"

// The counters of a thread, in one flat array: the difference between two
// edges and the sum over threads are one loop each, and a new counter cannot
// be forgotten in either.
const (
	ctrStarted = iota
	ctrOK
	ctrFailed
	ctrBytesIn
	ctrBytesOut
	ctrOpened      // connections established
	ctrServerFirst // closed by the server first
	ctrClientFirst
	ctrReset        // ended by a reset, from either side: no TIME_WAIT
	ctrAtEnd        // closed because the run was over
	ctrSlowConnects // established after a second or more
	ctrCarried
	ctrInFlight
	ctrThinking
	ctrUser // CPU time of the thread, ns
	ctrSys
	ctrVoluntary // context switches of the thread
	ctrInvoluntary
	ctrWaited   // runnable without a CPU, ns
	ctrUntold   // in the copy at the window's end: 1 if ctrWaited says nothing
	ctrStatus   // 5 counters, 1xx to 5xx
	ctrErrors   = ctrStatus + 5
	numCounters = ctrErrors + NumPhases*NumClasses
)

type counters [numCounters]uint64

// since returns c - edge.
func (c *counters) since(edge *counters) (d counters) {
	for i := range c {
		d[i] = c[i] - edge[i]
	}
	return d
}

func (c *counters) add(other *counters) {
	for i, n := range other {
		c[i] += n
	}
}

func (c *counters) errors() (e Errors) {
	for p := range e {
		copy(e[p][:], c[ctrErrors+p*NumClasses:])
	}
	return e
}

// numPublished is how many counters, from the first on, a Sample shows.
const numPublished = ctrReset + 1

// published is a thread's counters as the sampler may read them. The thread
// writes its own plain counters with every request, and copies them here when it
// is asked to: a locked store per request would cost more than all its
// bookkeeping. answered is the number of the question that the rest answers. It
// is stored last, and the thread writes nothing more before the next question.
type published struct {
	_        [64]byte // no line shared with what the thread writes all the time
	counters [numPublished]uint64
	latency  [LatencyBuckets]uint64
	answered atomic.Uint64
	_        [64]byte
}

// store answers a question with the counters and the latencies of the window so
// far.
func (p *published) store(question uint64, c *counters, total *Recorder) {
	copy(p.counters[:], c[:])
	p.latency = total.coarse()
	p.answered.Store(question)
}

// add adds what was published to c and latency.
func (p *published) add(c *counters, latency []uint64) {
	for i, n := range p.counters {
		c[i] += n
	}
	for i, n := range p.latency {
		latency[i] += n
	}
}

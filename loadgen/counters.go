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

// open returns how many connections are established, by counters that may have
// been read one after the other while they moved.
func (c *counters) open() uint64 {
	ended := c[ctrServerFirst] + c[ctrClientFirst] + c[ctrReset]
	return c[ctrOpened] - min(c[ctrOpened], ended)
}

// numPublished is how many counters, from the first on, a Sample shows.
const numPublished = ctrReset + 1

// published is a thread's counters as others may read them. The thread writes
// its own plain counters with every request and copies them here now and then:
// a locked store per request would cost more than all its bookkeeping.
type published struct {
	_        [64]byte // no line shared with what the thread writes all the time
	counters [numPublished]atomic.Uint64
	latency  [LatencyBuckets]atomic.Uint64
	_        [64]byte
}

// store publishes the counters and the latencies of the window so far.
func (p *published) store(c *counters, total *Recorder) {
	for i := range p.counters {
		p.counters[i].Store(c[i])
	}
	coarse := total.coarse()
	for i := range p.latency {
		p.latency[i].Store(coarse[i])
	}
}

// load adds what was published last.
func (p *published) load(c *counters, latency []uint64) {
	for i := range p.counters {
		c[i] += p.counters[i].Load()
	}
	for i := range p.latency {
		latency[i] += p.latency[i].Load()
	}
}

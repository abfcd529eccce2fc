package loadgen

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	bufSize    = 256 << 10 // one read takes several large answers, and fits the L2 cache
	batchSize  = 256       // events of one wake-up
	openBurst  = 64        // connects, or requests thought about, between two looks at the events
	wakeTag    = -1        // epoll tag of the event descriptor
	longestNap = int64(time.Hour)
)

// recorders are the latencies of one thread, or of all.
type recorders struct {
	connect, firstByte, total, failed, censored *Recorder
}

func newRecorders() recorders {
	return recorders{NewRecorder(), NewRecorder(), NewRecorder(), NewRecorder(), NewRecorder()}
}

func (r *recorders) all() []*Recorder {
	return []*Recorder{r.connect, r.firstByte, r.total, r.failed, r.censored}
}

// thread is one locked OS thread with its epoll instance and its connections.
// All of it belongs to that thread while it runs, but for the word in run, and
// published and atOpen, which the sampler reads when the thread has answered;
// Run reads it after the thread has ended.
type thread struct {
	run     *run
	cfg     *Config
	batches *batches
	peer    sockaddr
	sources []sockaddr
	timeout int64
	noDelay bool

	epfd, wakefd, statfd int32

	index      int
	nextSource int
	pace       pacer

	thinkTime int64
	thinkers  thinkers
	noNS      bool // no epoll_pwait2: sleeps are whole milliseconds
	mute      bool // the kernel did not tell how long this thread waited
	schedstat [96]byte

	conns   []conn
	opening int   // slots from here on have yet to be advanced
	due     int64 // no deadline is earlier
	buf     []byte
	events  []unix.EpollEvent
	last    lastHead
	wait    waiter

	seen      word // what the run told last
	stage     stage
	arrived   stage // the last stage that this thread reported as finished
	recording bool  // the window is open
	rec       recorders
	counts    counters
	atOpen    counters // copies of counts at the edges
	atShut    counters
	noted     [NumPhases * NumClasses]bool
	examples  [NumPhases * NumClasses]cause

	published published
}

// clock returns nanoseconds since the run began, one vDSO call. Each read that
// delivered something has one: it ends the answer, and begins the next request.
// A reading per wake-up alone would save 40 ns of some 4 µs, and date the last
// of a batch of 64 answers a quarter of a millisecond before it was there.
func (t *thread) clock() int64 { return int64(time.Since(t.run.base)) }

// main is the body of the thread's goroutine. It stays locked to the thread
// until it returns, so that the thread, with its CPU mask, ends with it.
func (t *thread) main() {
	runtime.LockOSThread()
	defer t.run.running.Done()
	t.openUsage()
	if t.thinkTime > 0 {
		// Sleeps end 50 µs late by default, to save power; this thread's
		// need not. Refused (by a seccomp filter), it is late.
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	}
	err := t.pin()
	t.run.ready <- err
	if err != nil {
		return
	}
	t.loop()
	t.closeAll()
}

// pin binds the thread to its CPU, if it has one.
func (t *thread) pin() error {
	if len(t.cfg.CPUs) == 0 {
		return nil
	}
	cpu := t.cfg.CPUs[t.index%len(t.cfg.CPUs)]
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("load: pin thread %d to CPU %d (is it online and allowed?): %w",
			t.index, cpu, os.NewSyscallError("sched_setaffinity", err))
	}
	return nil
}

// loop runs until the stage is stop.
func (t *thread) loop() {
	for {
		for _, ev := range t.events[:t.poll()] {
			if ev.Fd != wakeTag {
				t.ready(&t.conns[ev.Fd], ev.Events)
			}
		}
		t.sync()
		if t.stage == stageStop {
			return
		}
		now := t.clock()
		if now >= t.pace.again() {
			t.opening = 0 // ask for all slots; a pacer with many refusals will want a list of them
		}
		t.openSome(now)
		if t.thinkers.n > 0 {
			t.endThinks(now)
		}
		if now >= t.due {
			t.expire(now)
		}
		t.arrive()
	}
}

// poll returns how many events there are, after waiting for some if there is
// nothing else to do.
func (t *thread) poll() int {
	if t.opening < len(t.conns) {
		n, _ := epollPoll(t.epfd, t.events)
		return max(n, 0)
	}
	if t.wait.spin() {
		n, _ := epollPoll(t.epfd, t.events)
		if t.wait.found(n); n > 0 {
			return n
		}
	}
	return t.sleep(t.clock())
}

// sleep waits for events as long as there is nothing else to do. Timeouts may
// come a millisecond late; the end of a think time is to be exact.
func (t *thread) sleep(now int64) int {
	until := min(t.due, t.pace.again())
	if end := t.nextThought(); end <= until && end != never {
		return t.doze(max(end-now, 0))
	}
	ms := -1
	if until != never {
		ms = int((min(max(until-now, 0), longestNap) + 999_999) / 1_000_000)
	}
	n, _ := epollWait(t.epfd, t.events, ms)
	return max(n, 0) // EINTR: nothing this time
}

// doze waits for events for ns nanoseconds. Without epoll_pwait2 (Linux 5.11)
// it sleeps the whole milliseconds and returns at once in the last: that burns
// CPU, but what it times is as exact.
func (t *thread) doze(ns int64) int {
	if !t.noNS {
		n, e := epollWaitNS(t.epfd, t.events, ns)
		if t.noNS = e == unix.ENOSYS || e == unix.EPERM; !t.noNS {
			return max(n, 0)
		}
	}
	n, _ := epollWait(t.epfd, t.events, int(ns/1_000_000))
	return max(n, 0)
}

// openSome advances a burst of the slots that the last stage left to advance.
// Bursts keep the handshakes of 10,000 connections from sitting unanswered, and
// their latencies from counting our own connects.
func (t *thread) openSome(now int64) {
	end := min(t.opening+openBurst, len(t.conns))
	for ; t.opening < end; t.opening++ {
		if c := &t.conns[t.opening]; c.state == connClosed || c.state == connParked {
			t.advance(c, now)
		}
	}
}

// sync follows what the run has told. It is asked after each wake-up and with
// each read, and costs one load of a line that is hardly ever written.
func (t *thread) sync() {
	if w := word(t.run.word.Load()); w != t.seen {
		t.obey(w)
	}
}

// obey follows the run into the stage it has reached, through all between, and
// answers the sampler. What is told with a stage is asked of its beginning.
func (t *thread) obey(w word) {
	for t.stage < w.stage() {
		t.stage++
		t.enter(t.stage)
	}
	if w.asked() != t.seen.asked() {
		t.published.store(w.asked(), &t.counts, t.rec.total)
		select {
		case t.run.answers <- struct{}{}:
		default: // the sampler has yet to look
		}
	}
	t.seen = w
}

// enter does what a stage begins with.
func (t *thread) enter(s stage) {
	t.pace.turn(s)
	switch s {
	case stageWarm:
		if t.cfg.Warmup > 0 {
			t.opening = 0
		}
	case stageOpen:
		t.usage()
		t.atOpen = t.counts
		inflight, thinking := t.inflight()
		t.atOpen[ctrCarried] -= inflight + thinking // the difference of the edges is the number
		t.recording, t.opening = true, 0
	case stageShut:
		t.usage()
		t.censor()
		t.atShut = t.counts
		t.atShut[ctrInFlight], t.atShut[ctrThinking] = t.inflight()
		if t.mute {
			t.atShut[ctrUntold] = 1
		}
		t.recording = false
	}
}

// inflight counts the requests in flight, and those whose connection thinks
// before it sends them, slot by slot: that the counters give the same number is
// what the book's identity proves.
func (t *thread) inflight() (inflight, thinking uint64) {
	for i := range t.conns {
		c := &t.conns[i]
		if c.state == connThinking {
			thinking += uint64(c.inflight)
		} else {
			inflight += uint64(c.inflight)
		}
	}
	return inflight, thinking
}

// censor records the ages of what is in flight at the end of the window: their
// latencies are known to be at least that.
func (t *thread) censor() {
	now := t.clock()
	for i := range t.conns {
		if t.conns[i].state == connThinking {
			continue
		}
		for range t.conns[i].inflight {
			t.rec.censored.Record(now - t.conns[i].since)
		}
	}
}

// arrive tells the run that this thread has nothing more to do in its stage:
// no grant to come, nothing in flight, no FIN to wait for or to send.
func (t *thread) arrive() {
	if t.arrived == t.stage || (t.stage != stageQuiesce && t.stage != stageOpen) || !t.pace.spent() {
		return
	}
	if t.opening < len(t.conns) || t.counts[ctrStarted] != t.counts[ctrOK]+t.counts[ctrFailed] {
		return
	}
	for i := range t.conns {
		c := &t.conns[i]
		if c.state == connFin || (c.state == connResting && c.allowed == 0) {
			return
		}
	}
	t.arrived = t.stage
	t.run.arrive(t.stage)
}

// closeAll ends the connections that the run leaves open.
func (t *thread) closeAll() {
	t.counts[ctrInFlight], t.counts[ctrThinking] = t.inflight()
	for i := range t.conns {
		c := &t.conns[i]
		switch c.state {
		case connBusy, connParked, connFin, connThinking, connResting:
			t.counts[ctrAtEnd]++
		}
		if c.fd >= 0 {
			rawClose(c.fd)
		}
		c.fd = -1
	}
}

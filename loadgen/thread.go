package loadgen

import (
	"fmt"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	bufSize    = 256 << 10 // one read takes several large answers, and fits the L2 cache
	batchSize  = 256       // events of one wake-up
	openBurst  = 64        // connects between two looks at the events
	wakeTag    = -1        // epoll tag of the event descriptor
	publishNS  = int64(10 * time.Millisecond)
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
// All of it belongs to that thread while it runs, but for published and the
// stage word in run; Run reads it after the thread has ended.
type thread struct {
	run     *run
	cfg     *Config
	batches *batches
	peer    sockaddr
	sources []sockaddr
	timeout int64
	noDelay bool

	epfd, wakefd int32
	index        int
	nextSource   int
	pace         pacer

	conns     []conn
	opening   int   // slots from here on have yet to be advanced
	due       int64 // no deadline is earlier
	publishAt int64 // the earliest next publishing
	buf       []byte
	events    []unix.EpollEvent
	last      lastHead
	wait      waiter

	stage     stage
	arrived   stage // the last stage that this thread reported as finished
	recording bool  // the window is open
	rec       recorders
	counts    counters
	atOpen    counters // copies of counts at the edges
	atShut    counters
	noted     [NumPhases * NumClasses]bool
	examples  [NumPhases * NumClasses]cause

	unpublished bool // counts have changed since
	published   published
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
	err := t.pin()
	t.run.ready <- err
	if err != nil {
		return
	}
	t.loop()
	t.closeAll()
	t.published.store(&t.counts)
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
			t.unpublished = true
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
		if now >= t.due {
			t.expire(now)
		}
		if t.unpublished && now >= t.publishAt {
			t.publish(now)
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
	n, _ := epollWait(t.epfd, t.events, t.nap(t.clock()))
	return max(n, 0) // EINTR: nothing this time
}

// nap returns how many milliseconds the thread may sleep, -1 for ever. What it
// has not published yet limits it to one short sleep: publishing before each
// would cost a busy thread more than the sleep does.
func (t *thread) nap(now int64) int {
	until := min(t.due, t.pace.again())
	if t.unpublished {
		until = min(until, t.publishAt)
	}
	if until == never {
		return -1
	}
	return int((min(max(until-now, 0), longestNap) + 999_999) / 1_000_000)
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

func (t *thread) publish(now int64) {
	t.published.store(&t.counts)
	t.publishAt, t.unpublished = now+publishNS, false
}

// sync follows the run into the stage it has reached, through all between.
func (t *thread) sync() {
	for s := stage(t.run.stage.Load()); t.stage < s; {
		t.stage++
		t.enter(t.stage)
	}
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
		t.atOpen[ctrCarried] -= t.inflight() // the difference of the edges is the number
		t.recording, t.opening = true, 0
	case stageShut:
		t.usage()
		t.censor()
		t.atShut = t.counts
		t.atShut[ctrInFlight] = t.inflight()
		t.recording = false
	}
}

// inflight counts the requests in flight, slot by slot: that the counters give
// the same number is what the book's identity proves.
func (t *thread) inflight() (n uint64) {
	for i := range t.conns {
		n += uint64(t.conns[i].inflight)
	}
	return n
}

// censor records the ages of what is in flight at the end of the window: their
// latencies are known to be at least that.
func (t *thread) censor() {
	now := t.clock()
	for i := range t.conns {
		for range t.conns[i].inflight {
			t.rec.censored.Record(now - t.conns[i].since)
		}
	}
}

// usage refreshes the counters that the kernel keeps for this thread.
func (t *thread) usage() {
	var ru unix.Rusage
	if _, _, e := unix.RawSyscall(unix.SYS_GETRUSAGE, unix.RUSAGE_THREAD, uintptr(unsafe.Pointer(&ru)), 0); e != 0 {
		return // cannot happen: RUSAGE_THREAD is older than any kernel Go runs on
	}
	t.counts[ctrUser], t.counts[ctrSys] = uint64(ru.Utime.Nano()), uint64(ru.Stime.Nano())
	t.counts[ctrVoluntary], t.counts[ctrInvoluntary] = uint64(ru.Nvcsw), uint64(ru.Nivcsw)
}

// arrive tells the run that this thread has nothing more to do in its stage:
// no grant to come, nothing in flight, no FIN to wait for.
func (t *thread) arrive() {
	if t.arrived == t.stage || (t.stage != stageQuiesce && t.stage != stageOpen) || !t.pace.spent() {
		return
	}
	if t.opening < len(t.conns) || t.counts[ctrStarted] != t.counts[ctrOK]+t.counts[ctrFailed] {
		return
	}
	for i := range t.conns {
		if t.conns[i].state == connFin {
			return
		}
	}
	t.arrived = t.stage
	t.run.arrive(t.stage)
}

// closeAll ends the connections that the run leaves open.
func (t *thread) closeAll() {
	for i := range t.conns {
		c := &t.conns[i]
		switch c.state {
		case connBusy, connParked, connFin:
			t.counts[ctrAtEnd]++
		}
		if t.counts[ctrInFlight] += uint64(c.inflight); c.fd >= 0 {
			rawClose(c.fd)
		}
		c.fd = -1
	}
}

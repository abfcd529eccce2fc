package loadgen

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// stage is how far a run has come. It only grows.
type stage uint32

const (
	stageHold    stage = iota // threads wait, no connection is open
	stageWarm                 // load before the window, if Warmup > 0
	stageQuiesce              // only with Requests after a warm-up: nothing new begins
	stageOpen                 // the window
	stageShut                 // load after the window, while Closed runs
	stageStop
)

// word is what the controlling goroutine tells its threads, in one atomic so that
// a question told with a stage is seen with it:
//
//	| number of the sampler's last question (56 bits) | stage (8) |
type word uint64

const stageBits = 8

func newWord(s stage, asked uint64) word { return word(asked<<stageBits | uint64(s)) }

func (w word) stage() stage  { return stage(w & (1<<stageBits - 1)) }
func (w word) asked() uint64 { return uint64(w >> stageBits) }

// run is one call of Run: what the controlling goroutine and its threads share.
type run struct {
	cfg     Config
	base    time.Time     // zero of all instants
	word    atomic.Uint64 // a word; written by the controlling goroutine
	stage   stage         // the two parts of it, of that goroutine
	asked   uint64
	budget  *atomic.Int64
	threads []*thread
	ready   chan error
	running sync.WaitGroup

	waiting  [stageStop + 1]atomic.Int32 // threads that have not finished a stage
	finished chan stage
	answers  chan struct{} // has one after a thread has answered, for the sampler to look

	opened, shut  time.Time
	rest          [2]bool           // at the edges: Result.Rest
	allocs        [2]metrics.Sample // at the edges
	isInterrupted bool
}

// Run drives cfg.Target as cfg says and returns what it measured, when the
// window has ended and all threads, connections and descriptors of the run are
// gone. If ctx ends first, the window ends there, Result.Interrupted is set and
// the error is nil. An error means that nothing was measured: a Config that
// cannot be run (found before any socket is opened), or no descriptors or CPU
// for the threads. Failing requests are no error, they are results.
//
// Run turns the garbage collector off and restores it; Runs may overlap. The
// caller sets GOMAXPROCS to at least Threads + 2.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	r := newRun(cfg)
	defer r.release()
	if err := r.prepare(); err != nil {
		return nil, err
	}
	defer gcOff()()
	if err := r.start(); err != nil {
		return nil, err
	}
	r.control(ctx)
	r.stop()
	return r.result(), nil
}

func newRun(cfg Config) *run {
	r := &run{
		cfg:      cfg,
		ready:    make(chan error, cfg.Threads),
		finished: make(chan stage, stageStop),
		answers:  make(chan struct{}, 1),
	}
	for s := range r.waiting {
		r.waiting[s].Store(int32(cfg.Threads))
	}
	if cfg.Requests > 0 {
		r.budget = new(atomic.Int64)
		r.budget.Store(int64(cfg.Requests))
	}
	return r
}

// prepare allocates everything that the threads use.
func (r *run) prepare() error {
	peer, batches := newSockaddr(r.cfg.Target.Addr), newBatches(&r.cfg)
	var sources []sockaddr
	for _, a := range r.cfg.Sources {
		sources = append(sources, newSockaddr(netip.AddrPortFrom(a, 0)))
	}
	for i := range r.cfg.Threads {
		t := &thread{
			run: r, cfg: &r.cfg, index: i, batches: batches, peer: peer, sources: sources,
			timeout: int64(r.cfg.Timeout), thinkTime: int64(r.cfg.Think), noNS: r.cfg.noWaitNS,
			// A connection whose only request fits one segment never has
			// two small ones in flight; all others would meet Nagle's delay.
			noDelay: !r.cfg.Close || len(batches.bytes) > 1024,
			pace:    &closedLoop{budget: r.budget, threads: int64(r.cfg.Threads)},
			buf:     make([]byte, bufSize), events: make([]unix.EpollEvent, batchSize),
			rec: newRecorders(), due: never, epfd: -1, wakefd: -1, statfd: -1,
		}
		if len(sources) > 0 {
			t.nextSource = i * len(sources) / r.cfg.Threads
		}
		r.threads = append(r.threads, t)
		if err := t.prepare(); err != nil {
			return fmt.Errorf("load: thread %d: %w", i, err)
		}
	}
	return nil
}

// prepare makes the slots and the descriptors of a thread.
func (t *thread) prepare() error {
	n := t.cfg.Conns / t.cfg.Threads
	if t.index < t.cfg.Conns%t.cfg.Threads {
		n++
	}
	t.conns, t.opening = make([]conn, n), n
	if t.thinkTime > 0 {
		t.thinkers.ring = make([]int32, n)
	}
	for i := range t.conns {
		t.conns[i] = conn{slot: int32(i), fd: -1, deadline: never, backoff: firstBackoff}
		t.conns[i].scan.noBody = t.cfg.Method == "HEAD"
	}
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	t.epfd = int32(ep)
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("eventfd2", err)
	}
	t.wakefd = int32(wake)
	if e := epollAdd(t.epfd, t.wakefd, unix.EPOLLIN|unix.EPOLLET, wakeTag); e != 0 {
		return os.NewSyscallError("epoll_ctl", e)
	}
	return nil
}

// release closes the threads' own descriptors after they have ended.
func (r *run) release() {
	for _, t := range r.threads {
		for _, fd := range []int32{t.epfd, t.wakefd, t.statfd} {
			if fd >= 0 {
				rawClose(fd)
			}
		}
	}
}

// start launches the threads. If one cannot run, it ends the others.
func (r *run) start() error {
	r.base = time.Now()
	r.running.Add(len(r.threads))
	for _, t := range r.threads {
		go t.main()
	}
	var first error
	for range r.threads {
		if err := <-r.ready; err != nil && first == nil {
			first = err
		}
	}
	if first != nil {
		r.stop()
	}
	return first
}

// stop ends the threads and waits for them.
func (r *run) stop() {
	r.enter(stageStop)
	r.running.Wait()
}

// enter moves all threads to s.
func (r *run) enter(s stage) {
	r.stage = s
	r.tell()
}

// tell shows all threads the stage and the number of the question, and wakes
// those that sleep.
func (r *run) tell() {
	r.word.Store(uint64(newWord(r.stage, r.asked)))
	for _, t := range r.threads {
		one := [8]byte{1} // the counter's native byte order, little-endian here
		_, _ = rawWrite(t.wakefd, one[:])
	}
}

// arrive is called once by each thread that has finished stage s.
func (r *run) arrive(s stage) {
	if r.waiting[s].Add(-1) == 0 {
		r.finished <- s
	}
}

// control takes the run from hold to shut.
func (r *run) control(ctx context.Context) {
	s := newSampler(r)
	defer s.stop()
	if r.cfg.Warmup > 0 {
		r.enter(stageWarm)
		if !r.pause(ctx, s, r.cfg.Warmup, stageWarm) {
			return
		}
		if r.cfg.Requests > 0 {
			r.enter(stageQuiesce)
			if !r.pause(ctx, s, 0, stageQuiesce) {
				return
			}
		}
	}
	if ctx.Err() != nil {
		r.isInterrupted = true
		return
	}
	r.window(ctx, s)
}

// window opens the window, waits for its end and closes it.
func (r *run) window(ctx context.Context, s *sampler) {
	if r.cfg.Opened != nil {
		r.cfg.Opened()
	}
	readAllocs(&r.allocs[0])
	r.opened = time.Now()
	s.open(r.opened)
	r.enter(stageOpen)
	r.pause(ctx, s, r.cfg.Duration, stageOpen)
	r.shut = time.Now()
	r.rest = [2]bool{r.cfg.Warmup == 0 || r.cfg.Requests > 0, r.waiting[stageOpen].Load() == 0}
	s.ask(r.shut)
	r.enter(stageShut)
	readAllocs(&r.allocs[1])
	if r.cfg.Closed != nil {
		r.cfg.Closed()
	}
	s.last()
}

// pause waits until d has passed (0: no limit) or every thread has finished the
// stage, taking samples meanwhile. It reports false if ctx ended first.
func (r *run) pause(ctx context.Context, s *sampler, d time.Duration, until stage) bool {
	var over <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		over = timer.C
	}
	for {
		select {
		case <-ctx.Done():
			r.isInterrupted = true
			return false
		case <-over:
			return true
		case reached := <-r.finished:
			if reached == until {
				return true
			}
		case <-s.tick():
			s.periodic()
		case <-r.answers:
			s.answered()
		}
	}
}

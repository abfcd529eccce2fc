package watch

import (
	"context"
	"time"

	"github.com/c10kit/c10kit/probe"
	"github.com/c10kit/c10kit/probe/inetdiag"
)

// Names of the sources of Series, under which a Sample has their errors, beside those of
// probe.Server.Sources.
const (
	QueueSource    = "accept queue"
	StandingSource = "TIME_WAIT"
	PerfSource     = "perf"
)

// Names of the values of Series beside those of probe.Server.Sources.
const (
	Queued         = "queued"             // connections in the accept queues now
	StandingServer = "tw-standing-server" // TIME_WAITs now, by side
	StandingClient = "tw-standing-client"
	Requests       = "requests" // answered so far by the board, read together with the switches
	WakeUps        = "wakeups"
	EAGAINs        = "eagains"
	Perf           = "csw-perf"     // context switches of the whole tree so far, by perf events
	PerfVoluntary  = "csw-vol-perf" // the voluntary ones of them
)

// Guesses of what sources cost at first: with hardly any socket, a dump is a walk over
// the kernel's tables.
const (
	queueCost    = 100 * time.Microsecond
	standingCost = time.Millisecond
	perfCost     = 100 * time.Microsecond
)

// Sample is a moment of the series.
type Sample struct {
	probe.Sample
	// PerWorker is how many connections each worker has had since the series began, as in
	// Counted, which says when it is nil.
	PerWorker []uint64
}

// Series reads, until ctx ends, what can be read often: at probe.Interval, for at most
// probe.Share of a processor, the dear sources more seldom. emit is called on the
// sampler's thread. It shares nothing with the other methods and may run beside them. What
// cannot be read is an error of each Sample in which it was to be; one of Series itself says
// that there was no sample.
func Series(ctx context.Context, o Options, emit func(Sample)) (probe.Cost, error) {
	tree, err := probe.NewServer(probe.Proc{}, o.Pid, o.workers())
	if err != nil {
		return probe.Cost{}, err
	}
	diag, err := inetdiag.Open()
	if err == nil {
		defer diag.Close()
	}
	sources := append(tree.Sources(), queueSource(diag, err, o), standingSource(diag, err, o))
	if c := newCross(o); c != nil {
		defer c.close()
		sources = append(sources, perfSource(c))
	}
	scores := newScores(o)
	if scores != nil {
		sources = append(sources, probe.Source{Name: "board", Read: scores.read})
	}
	s := probe.Sampler{Sources: sources}
	return s.Run(ctx, func(x probe.Sample) { emit(Sample{Sample: x, PerWorker: scores.perWorker()}) })
}

// queueSource and standingSource read nothing but the error of opening diag, if there is one.
func queueSource(diag *inetdiag.Conn, openErr error, o Options) probe.Source {
	return probe.Source{Name: QueueSource, Cost: queueCost, Read: func(into probe.Values) error {
		if openErr != nil {
			return openErr
		}
		listeners, err := diag.Listeners(o.Addr)
		if err == nil && len(listeners) == 0 {
			err = errElsewhere
		}
		if err != nil {
			return err
		}
		sum := 0.0
		for _, l := range listeners {
			sum += float64(l.Queued)
		}
		into[Queued] = sum
		return nil
	}}
}

func standingSource(diag *inetdiag.Conn, openErr error, o Options) probe.Source {
	return probe.Source{Name: StandingSource, Cost: standingCost, Read: func(into probe.Values) error {
		if openErr != nil {
			return openErr
		}
		t, err := diag.TimeWaits(o.Addr)
		if err != nil {
			return err
		}
		into[StandingServer], into[StandingClient] = float64(t.Server), float64(t.Client)
		return nil
	}}
}

func perfSource(c *cross) probe.Source {
	return probe.Source{Name: PerfSource, Cost: perfCost, Read: func(into probe.Values) error {
		n := c.read()
		if n.err != nil {
			return n.err
		}
		into[Perf] = float64(n.all)
		if n.voluntaryErr != nil {
			return n.voluntaryErr
		}
		into[PerfVoluntary] = float64(n.voluntary)
		return nil
	}}
}

// scores reads the board for a series.
type scores struct {
	o     Options
	first []slot // when it began
	ended uint64 // workers, by then
	now   []uint64
}

func newScores(o Options) *scores {
	if !o.counts() {
		return nil
	}
	s := &scores{o: o, ended: uint64(o.Board.EndedWorkers())}
	for i := range o.Board.Slots() {
		s.first = append(s.first, readSlot(o.Board.Slot(i)))
	}
	return s
}

func (s *scores) perWorker() []uint64 {
	if s == nil {
		return nil
	}
	return s.now
}

func (s *scores) read(into probe.Values) error {
	total := s.o.Board.Total()
	into[Requests], into[WakeUps], into[EAGAINs] = float64(total.Requests), float64(total.WakeUps), float64(total.EAGAINs)
	s.now = nil
	n := len(s.o.Board.Slots())
	if s.o.workers() == nil || s.o.Alone || n > mostShown || total.Ended > s.ended {
		return nil
	}
	for i := range n {
		var before slot
		if i < len(s.first) {
			before = s.first[i]
		}
		if n, ok := readSlot(s.o.Board.Slot(i)).since(before); ok {
			s.now = append(s.now, n)
		}
	}
	return nil
}

// mostShown is how many workers a series tells apart: more is no picture any more.
const mostShown = 256

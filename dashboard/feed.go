package dashboard

import (
	"sync"

	"github.com/c10kit/c10kit/results"
)

// feedSamples is how many samples wait for the screen at most: four a second in a window
// of four minutes, so only a screen that stands still loses any.
const feedSamples = 1024

// Feed brings the events of a live run to the dashboard. Its methods never block, so that
// a terminal that stalls does not disturb what is measured: a sample that finds the buffer
// full is dropped and counted. All other events are kept; there are a few for each cell.
// It is safe for concurrent use.
//
//	run's goroutine --Begin, Event--> | buffer | --take, at each frame--> story
type Feed struct {
	mu      sync.Mutex
	begun   *Head           // guarded by mu, as all below
	events  []results.Event // in order
	samples int             // how many of events are samples
	lost    uint64
	ended   bool          // an EventEnd was told
	ready   chan struct{} // has one token when there is something to take
}

// NewFeed returns an empty feed. The dashboard makes its own for each Controller.Start;
// others need one for tests of a Controller.
func NewFeed() *Feed { return &Feed{ready: make(chan struct{}, 1)} }

// Begin tells what is known of the run, before its first event.
func (f *Feed) Begin(h Head) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.begun = &h
	f.wake()
}

// Event tells what happened. What the event points to must not be written to any more.
func (f *Feed) Event(e results.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e.Kind == results.EventSample {
		if f.samples >= feedSamples {
			f.lost++
			return
		}
		f.samples++
	}
	f.ended = f.ended || e.Kind == results.EventEnd
	f.events = append(f.events, e)
	f.wake()
}

// over reports whether the run has told its end, taken or not.
func (f *Feed) over() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended
}

// wake is called with mu held.
func (f *Feed) wake() {
	select {
	case f.ready <- struct{}{}:
	default:
	}
}

// taken is what a feed held.
type taken struct {
	begun  *Head // nil if that was taken before
	events []results.Event
	lost   uint64 // samples dropped so far
}

// take empties the feed.
func (f *Feed) take() taken {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := taken{f.begun, f.events, f.lost}
	f.begun, f.events, f.samples = nil, nil, 0
	return t
}

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/c10kit/c10kit/bench"
	"github.com/c10kit/c10kit/dashboard"
	"github.com/c10kit/c10kit/results"
)

// liveRun is a run that goes on behind the screen, in a goroutine of its own. Its methods
// are safe for concurrent use and return at once.
type liveRun struct {
	folder *results.Run
	feed   *dashboard.Feed
	cancel context.CancelFunc
	ended  chan struct{} // closed when the folder is and no child is left
	err    error         // how it ended, to be read after that

	mu     sync.Mutex    // guards all below
	resume chan struct{} // closed when the pause ends; nil without one
	held   bool          // a cell waits for it
	round  int           // of the latest cell that was let through
	skip   int           // the last round of which no further cell is
	last   results.Event // the latest that was told
}

// startRun begins to measure. The folder belongs to the run from here on.
func startRun(p bench.Plan, cells []results.Cell, folder *results.Run, feed *dashboard.Feed) *liveRun {
	ctx, cancel := context.WithCancel(context.Background())
	r := &liveRun{folder: folder, feed: feed, cancel: cancel, ended: make(chan struct{})}
	p.Before = r.before
	go r.measure(ctx, p, cells)
	return r
}

// measure keeps the contract of dashboard.Controller: the end is told when the folder is
// closed, and not before.
func (r *liveRun) measure(ctx context.Context, p bench.Plan, cells []results.Cell) {
	defer close(r.ended)
	defer r.cancel()
	var end results.Event
	interrupted, err := p.Run(ctx, cells, r.folder, func(e results.Event) {
		r.mu.Lock()
		r.last = e
		r.mu.Unlock()
		if e.Kind == results.EventEnd {
			end = e
			return
		}
		r.feed.Event(e)
	})
	if closing := r.folder.Close(interrupted || err != nil); closing != nil {
		err = errors.Join(err, closing)
		end.Text = err.Error()
	}
	switch {
	case err != nil:
		r.err = machineError(fmt.Errorf("%w (what was measured is in %s)", err, r.folder.Dir()))
	case interrupted:
		r.err = errInterrupted
	default:
		r.err = r.failed()
	}
	r.feed.Event(end)
}

// failed is how compare ends with a run that came to its end.
func (r *liveRun) failed() error {
	stored, err := results.Open(r.folder.Dir())
	if err != nil {
		return machineError(err)
	}
	return failedCells(stored)
}

// before is bench.Plan.Before: it waits while there is a pause, and answers whether the
// cell's round goes on.
func (r *liveRun) before(ctx context.Context, c results.Cell) bool {
	for {
		wait, first, measured := r.admit(c)
		if wait == nil {
			if first {
				r.note(fmt.Sprintf("what was left of round %d was left out on request", c.Round))
			}
			return measured
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return true // Run sees that it is over
		}
	}
}

// admit says whether a cell is measured, or what it has to wait for; first, that it is the
// first of its round that is not. What next leaves out is the round of the latest cell that
// was let through: one that waits in a pause is of a round that nobody has seen yet.
func (r *liveRun) admit(c results.Cell) (wait <-chan struct{}, first, measured bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case c.Round <= r.skip:
		first = r.round == c.Round
		r.round = 0
		return nil, first, false
	case r.resume != nil:
		r.held = true
		return r.resume, false, false
	}
	r.round = c.Round
	return nil, false, true
}

// note tells the user and the folder that rounds are not of one size any more.
func (r *liveRun) note(text string) {
	_ = r.folder.Warn(text) // a disk that is full is told by the next result
	r.mu.Lock()
	e := r.last
	r.mu.Unlock()
	r.feed.Event(results.Event{At: e.At, Kind: results.EventNote, Done: e.Done, Total: e.Total, Text: text})
}

func (r *liveRun) pause(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case on && r.resume == nil:
		r.resume = make(chan struct{})
	case !on && r.resume != nil:
		close(r.resume)
		r.resume, r.held = nil, false
	}
}

// holds reports whether nothing is measured, since a cell waits for the end of a pause.
func (r *liveRun) holds() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held
}

func (r *liveRun) next() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skip = max(r.skip, r.round)
}

package dashboard

import (
	"time"
)

// Controller is what the dashboard asks of a live run; cmd fills it with bench. A replay
// has none. The dashboard calls it from one goroutine and expects every method to return
// soon: whatever takes time goes on behind it and is told to the Feed.
type Controller interface {
	// Offer is what the setup form lets choose from.
	Offer() Choices
	// Start makes a run folder (results.Create) and begins to measure, in goroutines of the Controller's
	// own. It calls feed.Begin before the first event, and the last event is an EventEnd,
	// also where the run fails: by then the folder is closed and no child process is left.
	// A choice that makes no sense is an error, which the form shows; that of one setting
	// wraps a *SettingError. Start is not called again before the EventEnd.
	Start(c Choice, feed *Feed) error
	// Pause keeps the run from beginning another cell, until Pause(false). What is being
	// measured is measured to its end: a cell that is stopped in the middle is no sample.
	Pause(on bool)
	// Held reports whether the run waits in a pause: nothing is being measured, and nothing
	// will be before Pause(false).
	Held() bool
	// Next leaves out what is left of this round.
	Next()
	// Stop ends the run as Ctrl-C ends compare: what was measured is kept. It may be called
	// again and when there is no run.
	Stop()
}

// Choices are what a user may choose from to make a Choice, and what is chosen at first.
type Choices struct {
	Models     []Offered
	Modes      []string // as results.ModeKeepAlive
	Placements []string // as results.PlacementSplit
	Default    Choice
}

// Offered is one line of the form's list: a model in one variant.
type Offered struct {
	Spec  string // "prefork:flock"
	About string
}

// Choice is a comparison to be made.
type Choice struct {
	Models    []string // specs
	Conns     []int    // empty: what suits each model
	Path      string
	Modes     []string
	Rounds    int
	Window    time.Duration // measured time of each cell
	Placement string
}

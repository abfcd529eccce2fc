package dashboard

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/c10kit/c10kit/dashboard/screen"
)

// dash is the program in the sense of bubbletea: what Update changes and View draws. All
// of it belongs to bubbletea's goroutine; a live run reaches it through the feed only.
type dash struct {
	control Controller // nil for a replay
	feed    *Feed      // of the run that goes on or was the last, nil before the first
	player  *player    // of a replay, nil for a live run
	other   *story     // the run that differences are to, nil if there is one run only
	story   *story     // what is shown

	grid   *screen.Grid
	look   look
	now    time.Time
	second int64         // of the clock that is shown
	frame  time.Duration // between two frames of data
	dirty  bool          // what is shown has changed since view was rendered
	view   string
	hits   []hit // what a mouse click does, by where: made by draw

	sight
	pairings map[pairing]difference // see versus

	help      bool
	helpTop   int // line of the help that is shown first
	filtering bool
	frozen    bool
	paused    bool // of a live run
	question  *question
	form      *form
	status    string    // answer to the latest key
	statusAt  time.Time // since when it is seen, zero until the next frame
	chosen    *Choice   // of the latest run that was started here
	exports   exporter

	suspending bool // ^Z waits for the end of a cell
	shell      *shell
	noMouse    bool

	stopping bool // the user asked for the end of the run
	leaving  bool // and of the program
	atOnce   bool // without waiting for the run
	keep     bool // what is on the screen is left there
	bug      error
	stack    []byte // of bug
}

// question is asked once, and answered by the key that made it or by y.
type question struct {
	text string
	yes  func(*dash) tea.Cmd
	keys []string
}

// otherRun as a base is the first of two runs.
const otherRun = "\x00"

// tick lets a frame of data be drawn.
type tick time.Time

// leave ends the program from outside: a signal.
type leave struct{}

func newDash(control Controller, l look, fps int) *dash {
	return &dash{
		control: control, story: newStory(Head{}), grid: screen.New(0, 0, l.charset()), look: l,
		frame: time.Second / time.Duration(fps), sight: newSight(), dirty: true, exports: exporter{dir: "."},
	}
}

// show replays a recording; base, if not nil, is the run that it is held against.
func (d *dash) show(r Recording, base *Recording) {
	d.player, d.frozen = newPlayer(r), false
	d.story = d.player.story
	if base != nil {
		d.other = base.story()
		d.say("against " + d.other.origin())
	}
}

// Init starts the frames.
func (d *dash) Init() tea.Cmd { return d.tick() }

func (d *dash) tick() tea.Cmd {
	return tea.Tick(d.frame, func(t time.Time) tea.Msg { return tick(t) })
}

// Update takes one message in. A panic ends the program as an error, with the terminal as
// it was: bubbletea's own way prints it and goes on to return another error.
func (d *dash) Update(msg tea.Msg) (model tea.Model, cmd tea.Cmd) {
	defer func() {
		if d.caught(recover()); d.bug != nil {
			model, cmd = d, tea.Quit
		}
	}()
	return d.update(msg)
}

// caught keeps what was recovered, if anything was.
func (d *dash) caught(r any) {
	if r != nil && d.bug == nil {
		d.bug, d.stack = fmt.Errorf("%w: %v", errBug, r), debug.Stack()
	}
}

// errBug is what a panic becomes.
var errBug = errors.New("the dashboard failed, which is a bug of it; the run is not touched by that")

func (d *dash) update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tick:
		return d, d.ticked(time.Time(msg))
	case tea.WindowSizeMsg:
		d.resize(msg.Width, msg.Height)
	case tea.KeyMsg:
		d.dirty = true
		return d, d.typed(msg)
	case tea.MouseMsg:
		return d, d.mouse(tea.MouseEvent(msg))
	case suspend:
		d.dirty = true
		return d, d.suspend()
	case resumed:
		return d, d.resume(msg)
	case reopened:
		d.reopened(msg)
	case exported:
		d.dirty = true
		d.say(msg.String())
	case leave:
		return d, tea.Quit
	}
	return d, nil
}

func (d *dash) resize(width, height int) {
	d.grid.Resize(width, height)
	d.dirty = true
}

// ticked takes in what happened since the frame before. Nothing is drawn for a frame in
// which nothing changed: a stored run that is at its end costs nothing.
func (d *dash) ticked(now time.Time) tea.Cmd {
	// A process that was stopped for an hour does not skip an hour of the recording.
	passed := min(now.Sub(d.now), time.Second)
	if d.now.IsZero() {
		passed = 0
	}
	d.now = now
	if !d.frozen {
		if d.player != nil {
			d.dirty = d.player.advance(passed) || d.dirty
			d.story = d.player.story
		} else {
			d.drain()
		}
	}
	if second := d.clockNow().Unix(); second != d.second && !d.frozen {
		// The clock goes on without events too, until the end.
		d.second = second
		d.dirty = d.dirty || d.player != nil || d.running()
	}
	d.forget(now)
	switch {
	case d.leaving && !d.running():
		return tea.Quit
	case d.suspending && !d.measuring():
		return tea.Batch(d.tick(), d.toShell())
	}
	return d.tick()
}

// statusTime is how long an answer is shown: the keys at the foot come back after it.
const statusTime = 3 * time.Second

// forget takes an answer away that was shown for long enough.
func (d *dash) forget(now time.Time) {
	switch {
	case d.status == "":
	case d.statusAt.IsZero():
		d.statusAt = now
	case now.Sub(d.statusAt) >= statusTime:
		d.say("")
		d.dirty = true
	}
}

// say answers a key or the mouse; the empty text takes the answer before away.
func (d *dash) say(text string) { d.status, d.statusAt = text, time.Time{} }

// drain folds what the live run told.
func (d *dash) drain() {
	if d.feed == nil {
		return
	}
	t := d.feed.take()
	if t.begun != nil {
		d.story = newStory(*t.begun)
		d.stopping, d.paused = false, false
	}
	for _, e := range t.events {
		d.story.fold(e)
	}
	if t.lost > 0 {
		d.story.lost = t.lost
	}
	d.dirty = d.dirty || len(t.events) > 0 || t.begun != nil
}

// running reports whether a live run goes on. What a frozen screen does not show of it yet, its
// end among it, waits in the feed.
func (d *dash) running() bool {
	return d.player == nil && d.feed != nil && !d.story.ended && !(d.frozen && d.feed.over())
}

// typed takes keys one by one: bubbletea puts all that were typed since it last looked into
// one message, which as a whole is no key at all.
func (d *dash) typed(msg tea.KeyMsg) tea.Cmd {
	switch {
	case msg.Paste && d.form == nil && !d.filtering:
		return nil // a text that was pasted by mistake is no command
	case msg.Type != tea.KeyRunes || len(msg.Runes) < 2:
		return d.key(msg)
	}
	var all []tea.Cmd
	for _, r := range msg.Runes {
		one := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: msg.Alt}
		if r == ' ' {
			one.Type = tea.KeySpace
		}
		all = append(all, d.key(one))
	}
	return tea.Batch(all...)
}

// key takes a key to whatever has the keyboard now.
func (d *dash) key(msg tea.KeyMsg) tea.Cmd {
	d.say("")
	switch {
	case matches(msg, keys.Suspend):
		return d.suspend()
	case d.question != nil:
		return d.answer(msg)
	case d.form != nil:
		return d.formKey(msg)
	case d.filtering:
		return d.filterKey(msg)
	case d.help:
		return d.helpKey(msg)
	}
	for _, a := range keys.actions() {
		if matches(msg, a.binding) {
			return a.do(d, msg)
		}
	}
	return nil
}

// View returns the frame, which is rendered only when something changed: bubbletea asks
// after every message.
func (d *dash) View() string {
	defer func() { d.caught(recover()) }() // the next tick ends the program
	if d.dirty && d.bug == nil {
		d.draw()
		d.view = d.look.render(d.grid)
		d.dirty = false
	}
	return d.view
}

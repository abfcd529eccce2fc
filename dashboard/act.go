package dashboard

import (
	"slices"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"github.com/c10kit/c10kit/results"
)

// What keys do: see keyMap.actions.

func matches(msg tea.KeyMsg, bindings ...key.Binding) bool { return key.Matches(msg, bindings...) }

// quit ends the program; while a run goes on it asks once, and then stops the run and
// waits for its end, so that what is served comes to its end too. Asked again it does not
// wait: Run returns ErrAtOnce then.
func (d *dash) quit(keep bool) tea.Cmd {
	switch {
	case !d.running():
		d.keep = keep
		return tea.Quit
	case d.leaving:
		d.keep, d.atOnce = keep, true
		return tea.Quit
	}
	d.question = &question{
		text: "A run goes on. Stop it, keep its data, quit?  y/n",
		keys: append(slices.Clone(keys.Quit.Keys()), keys.QuitKeep.Keys()...),
		yes: func(d *dash) tea.Cmd {
			d.keep, d.leaving = keep, true
			d.stop()
			d.say("stopping the run; q again leaves at once")
			return nil
		},
	}
	return nil
}

func (d *dash) stop() {
	d.stopping = true
	d.frozen = false // its end must be seen
	if d.control != nil {
		d.control.Stop()
	}
}

func (d *dash) cancel() {
	if !d.running() {
		d.say("no run goes on")
		return
	}
	d.question = &question{
		text: "Stop the run and keep what is measured?  y/n",
		keys: keys.Cancel.Keys(),
		yes: func(d *dash) tea.Cmd {
			d.stop()
			d.say("stopping the run")
			return nil
		},
	}
}

func (d *dash) answer(msg tea.KeyMsg) tea.Cmd {
	q := d.question
	d.question = nil
	if s := msg.String(); s == "y" || s == "Y" || slices.Contains(q.keys, s) {
		return q.yes(d)
	}
	return nil
}

// back closes what is on top.
func (d *dash) back() {
	switch {
	case d.zoom:
		d.zoom = false
	case d.filter != "":
		d.filter = ""
	}
}

func (d *dash) focusPane(by int) {
	d.focus = (d.focus + pane(by) + paneCount) % paneCount
	d.scroll = 0
}

// selectRow moves the selection, or the text of a zoomed pane.
func (d *dash) selectRow(by int) {
	if d.zoom && d.focus.text() {
		if d.focus == paneLog {
			by = -by // its end is what is seen at first
		}
		d.scroll = max(d.scroll+by, 0)
		return
	}
	rows := d.rows()
	if len(rows) == 0 {
		return
	}
	i := slices.Index(rows, d.row())
	d.selected = rows[min(max(i+by, 0), len(rows)-1)].cell.ID
}

// page is how far PgUp and PgDn go: what is seen of a zoomed text but for a line, and of the
// table.
func (d *dash) page() int { return max(d.seen-1, 1) }

// lastLine is further than any text goes, which is scrolled as far as there are lines.
const lastLine = 1 << 30

// jump goes to the first (0) or last (1) line of a zoomed text, to there in a replay, or to the
// first or last row.
func (d *dash) jump(part float64) {
	switch rows := d.rows(); {
	case d.zoom && d.focus.text():
		d.scroll = 0
		if (part > 0) != (d.focus == paneLog) {
			d.scroll = lastLine
		}
	case d.player != nil:
		d.seek(func(p *player) { p.seekPart(part) })
	case len(rows) > 0:
		d.selected = rows[int(part)*(len(rows)-1)].cell.ID
	}
}

// toggle shows or hides the model of a digit; who asks without one, by the mouse, is told how.
func (d *dash) toggle(digit string) {
	if digit < "1" || digit > "9" {
		d.toggleHelp()
		return
	}
	i := int(digit[0] - '1')
	if i >= len(d.story.specs) {
		d.say("there is no model " + digit)
		return
	}
	spec := d.story.specs[i]
	d.hidden[spec] = !d.hidden[spec]
}

// toggleRow shows or hides the selected model, of which digits reach the first nine only.
func (d *dash) toggleRow() {
	if r := d.row(); r != nil {
		d.hidden[r.spec] = !d.hidden[r.spec]
	}
}

func (d *dash) nextGroup() {
	if n := len(d.story.groups); n > 0 {
		d.group = (d.groupIndex() + 1) % n
		d.say(d.groupNow().title())
	}
}

func (d *dash) filterKey(msg tea.KeyMsg) tea.Cmd {
	switch {
	case matches(msg, keys.Back):
		d.filter, d.filtering = "", false
	case matches(msg, keys.Zoom): // Enter
		d.filtering = false
	case msg.String() == "ctrl+c":
		d.filtering = false
		return d.quit(false)
	default:
		line := input{text: d.filter}
		line.key(msg)
		d.filter = line.text
	}
	return nil
}

// bases are what differences may be to: the other run, then the models of the group.
func (d *dash) bases() []string {
	var all []string
	if d.other != nil {
		all = append(all, otherRun)
	}
	for _, r := range d.groupNow().rows {
		all = append(all, r.spec)
	}
	return all
}

func (d *dash) nextBase() {
	all := d.bases()
	if len(all) == 0 {
		return
	}
	i := max(slices.Index(all, d.base), 0)
	d.base = all[(i+1)%len(all)]
	d.say("differences to " + d.baseName())
}

// thisBase makes the selected row what differences are to.
func (d *dash) thisBase() {
	if r := d.row(); r != nil {
		d.base = r.spec
		d.say("differences to " + d.baseName())
	}
}

func (d *dash) pause() {
	switch {
	case d.player != nil && d.player.over():
		d.seek((*player).rewind)
		d.player.paused = false
	case d.player != nil:
		d.player.paused = !d.player.paused
	case !d.running():
		d.say("no run goes on: o sets one up")
	default:
		d.paused = !d.paused
		d.control.Pause(d.paused)
		d.say("the run goes on")
		if d.paused {
			d.say("the run pauses before the next cell")
		}
	}
}

// reopened is a run folder that was read.
type reopened struct {
	recording Recording
	err       error
}

// again plays a recording from its start, or the live run that has ended, which is read
// behind bubbletea's back.
func (d *dash) again() tea.Cmd {
	switch {
	case d.player != nil:
		d.seek((*player).rewind)
		d.player.paused = false
	case d.running():
		d.say("the run goes on: it can be replayed at its end")
	case d.story.Dir == "":
		d.say("no run yet: o sets one up")
	default:
		dir := d.story.Dir
		return func() tea.Msg {
			stored, err := results.Open(dir)
			if err != nil {
				return reopened{err: err}
			}
			return reopened{recording: Record(stored)}
		}
	}
	return nil
}

func (d *dash) reopened(r reopened) {
	d.dirty = true
	switch {
	case r.err != nil:
		d.say("no replay: " + clean(r.err.Error()))
	case !d.running(): // another run may have begun meanwhile
		d.show(r.recording, nil)
		d.say("replay of " + clean(r.recording.Dir))
	}
}

func (d *dash) freeze() { d.frozen = !d.frozen }

func (d *dash) nextRound() {
	switch {
	case d.player != nil:
		d.seek((*player).nextRound)
	case !d.running():
		d.say("no run goes on: o sets one up")
	default:
		d.control.Next()
		d.say("what is left of this round is left out")
	}
}

func (d *dash) seek(to func(*player)) {
	if d.player == nil {
		d.say("a live run cannot be wound: c10kit replay can")
		return
	}
	to(d.player)
	d.story = d.player.story
}

package dashboard

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"github.com/c10kit/c10kit/results"
)

// What keys do: see keyMap.actions.

func matches(msg tea.KeyMsg, bindings ...key.Binding) bool { return key.Matches(msg, bindings...) }

func (d *dash) toggleHelp() { d.help = !d.help }

// quit ends the program; while a run goes on it asks once, and then stops the run and
// waits for its end, so that the folder is closed. Asked again it does not wait.
func (d *dash) quit(keep bool) tea.Cmd {
	d.keep = keep
	switch {
	case !d.running():
		return tea.Quit
	case d.leaving:
		return tea.Quit // whoever called Run stops the run, as it must anyway
	}
	d.question = &question{
		text: "A run goes on. Stop it, keep what is measured, and quit?  y yes  any other key no",
		keys: append(slices.Clone(keys.Quit.Keys()), keys.QuitKeep.Keys()...),
		yes: func(d *dash) tea.Cmd {
			d.leaving = true
			d.stop()
			d.status = "stopping the run; q again leaves at once"
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
		d.status = "no run goes on"
		return
	}
	d.question = &question{
		text: "Stop the run and keep what is measured?  y yes  any other key no",
		keys: keys.Cancel.Keys(),
		yes: func(d *dash) tea.Cmd {
			d.stop()
			d.status = "stopping the run"
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

// jump goes to the first (0) or last (1) row, or there in a replay.
func (d *dash) jump(part float64) {
	if d.player != nil {
		d.seek(func(p *player) { p.seekPart(part) })
		return
	}
	if rows := d.rows(); len(rows) > 0 {
		d.selected = rows[int(part)*(len(rows)-1)].cell.ID
	}
}

func (d *dash) toggle(digit string) {
	i := int(digit[0] - '1')
	if i >= len(d.story.specs) {
		d.status = "there is no model " + digit
		return
	}
	spec := d.story.specs[i]
	d.hidden[spec] = !d.hidden[spec]
}

func (d *dash) nextGroup() {
	if n := len(d.story.groups); n > 0 {
		d.group = (d.groupIndex() + 1) % n
		d.status = d.groupNow().title()
	}
}

func (d *dash) nextSort() {
	d.sort++
	if d.sort >= len(columns) {
		d.sort = -1
	}
	if d.sort < 0 {
		d.status = "in the order of the run"
		return
	}
	if columns[d.sort].value == nil {
		d.nextSort()
		return
	}
	d.status = "sorted by " + columns[d.sort].name
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
		d.filter = edit(d.filter, msg)
	}
	return nil
}

// maxLine bounds what is typed.
const maxLine = 200

// edit is a line that keys are typed into at its end.
func edit(line string, msg tea.KeyMsg) string {
	switch msg.Type {
	case tea.KeyBackspace:
		_, n := utf8.DecodeLastRuneInString(line)
		return line[:len(line)-n]
	case tea.KeyCtrlU:
		return ""
	case tea.KeyRunes, tea.KeySpace:
		if !msg.Alt && len(line) < maxLine {
			return line + clean(string(msg.Runes))
		}
	}
	return line
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
	d.status = "differences to " + d.baseName()
}

// aFew samples hold all that any of them has.
const aFew = 16

// metrics are those that samples of the run have, req/s first.
func (d *dash) metrics() []results.Metric {
	seen := map[results.Metric]bool{}
	for _, r := range d.story.rows {
		s := r.latest()
		for _, x := range s[max(len(s)-aFew, 0):] {
			for m := range x.Values {
				seen[m] = true
			}
		}
	}
	all := []results.Metric{results.ReqPerSec}
	for _, i := range results.Metrics() {
		if seen[i.Metric] && i.Metric != results.ReqPerSec {
			all = append(all, i.Metric)
		}
	}
	return all
}

func (d *dash) nextMetric() {
	all := d.metrics()
	i := slices.Index(all, d.metric)
	d.metric = all[(i+1)%len(all)]
	d.status = "over time: " + string(d.metric)
}

func (d *dash) toggleLog() {
	if !d.focus.scaled() {
		d.status = "this pane has one scale only: Tab to another"
		return
	}
	d.logs[d.focus] = !d.logs[d.focus]
	d.status = "linear"
	if d.logs[d.focus] {
		d.status = "logarithmic"
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
		d.status = "no run goes on: o sets one up"
	default:
		d.paused = !d.paused
		d.control.Pause(d.paused)
		d.status = "the run goes on"
		if d.paused {
			d.status = "the run pauses before the next cell"
		}
	}
}

func (d *dash) freeze() { d.frozen = !d.frozen }

func (d *dash) nextRound() {
	switch {
	case d.player != nil:
		d.seek((*player).nextRound)
	case !d.running():
		d.status = "no run goes on: o sets one up"
	default:
		d.control.Next()
		d.status = "what is left of this round is left out"
	}
}

func (d *dash) seek(to func(*player)) {
	if d.player == nil {
		d.status = "a live run cannot be wound: c10kit replay can"
		return
	}
	to(d.player)
	d.story = d.player.story
}

// minSpan is the shortest time axis.
const minSpan = time.Second

// scale is speed in a replay and the length of the time axes in a live run.
func (d *dash) scale(up bool) {
	if d.player != nil {
		d.player.faster(up)
		d.status = fmt.Sprintf("speed %dx", d.player.speed)
		return
	}
	whole := d.longest()
	switch {
	case up && d.span == 0:
		d.span = whole / 2
	case up:
		d.span /= 2
	default:
		d.span *= 2
	}
	d.span = max(d.span, minSpan)
	if !up && d.span >= whole || whole <= minSpan {
		d.span = 0
	}
	d.status = "time axis: all of the window"
	if d.span > 0 {
		d.status = fmt.Sprintf("time axis: the last %v", d.span.Round(100*time.Millisecond))
	}
}

// longest is the time of the latest sample of the group.
func (d *dash) longest() time.Duration {
	t := 0.0
	for _, r := range d.groupNow().rows {
		if s := r.latest(); len(s) > 0 {
			t = max(t, s[len(s)-1].T)
		}
	}
	return time.Duration(t * float64(time.Second))
}

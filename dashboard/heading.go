package dashboard

import (
	"fmt"
	"time"

	"github.com/c10kit/c10kit/dashboard/screen"
)

// What the upper border says: at the left what is compared, at the right where the run is.

// brevity is how much of it is left out where it has no room, each step more than the one
// before. Cells done, the clock and what is unusual about the screen are never left out.
type brevity int

const (
	inFull       brevity = iota
	withoutLeft          // the time that the run is going to take
	withoutSpec          // the variant of the cell that is measured
	withoutPath          // of the group
	withoutCount         // of the groups
	withoutCell          // which cell is measured
	brevities
)

// mainPanel is the frame of the table.
func (d *dash) mainPanel() screen.Panel { return d.shorten(d.heading) }

// shorten leaves out of the title of a frame as wide as the screen, and of the progress
// beside it, what has no room. A title that is still too long is cut by the frame.
func (d *dash) shorten(title func(brevity) string) screen.Panel {
	var p screen.Panel
	for b := range brevities {
		p = screen.Panel{Title: title(b), Right: d.progress(b)}
		if d.grid.TextWidth(p.Title)+d.grid.TextWidth(p.Right)+screen.BorderSpace <= d.grid.Width() {
			break
		}
	}
	return p
}

// heading is what the rows of the table have in common.
func (d *dash) heading(b brevity) string {
	if len(d.story.groups) == 0 {
		return "no run"
	}
	g := d.groupNow()
	text := g.title()
	if d.grid.Width() < gridWidth || b >= withoutPath {
		text = g.short(b < withoutPath)
	}
	if n := len(d.story.groups); n > 1 && b < withoutCount {
		text += fmt.Sprintf(" (%d of %d)", d.groupIndex()+1, n)
	}
	return text + d.filterName()
}

// progress is where the run is, in a few words.
func (d *dash) progress(b brevity) string {
	s := d.story
	text := fmt.Sprintf("%d/%d", s.done, s.total)
	if s.current != nil && b < withoutCell {
		text = fmt.Sprintf("%s r%d %s", d.measured(b), s.cell.Round, text)
	}
	text += " " + clock(s.elapsed(d.clockNow()))
	left, ok := s.left(d.clockNow())
	switch {
	case s.ended && s.ending != "":
		text += " CUT SHORT"
	case s.ended:
		text += " done"
	case ok && b < withoutLeft:
		text += " left ~" + clock(left)
	}
	return text + d.mode()
}

// measured names the cell that is being measured; where it is none of the table's, its group
// too, or the screen would seem to stand still.
func (d *dash) measured(b brevity) string {
	r := d.story.current
	text := d.name(r)
	if b >= withoutSpec && !d.story.twins(r) {
		text = clean(r.cell.Model)
	}
	if g := d.story.groupOf(r); g.keys != d.groupNow().keys {
		text += " " + g.short(b < withoutPath)
	}
	return text
}

// clockNow is the time that the screen shows.
func (d *dash) clockNow() time.Time {
	if d.player != nil {
		return d.player.at
	}
	return d.now
}

// mode is what is unusual about what is shown.
func (d *dash) mode() string {
	text := ""
	switch {
	case d.player != nil && d.player.paused:
		text = fmt.Sprintf(" %dx PAUSED", d.player.speed)
	case d.player != nil:
		text = fmt.Sprintf(" %dx", d.player.speed)
	case d.stopping && d.running():
		text = " STOPPING"
	case d.paused:
		text = " PAUSED"
	}
	if d.frozen {
		text += " FROZEN"
	}
	return text
}

func clock(t time.Duration) string {
	s := int(t.Round(time.Second) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}

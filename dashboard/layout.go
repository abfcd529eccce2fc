package dashboard

import (
	"fmt"

	"github.com/c10kit/c10kit/dashboard/chart"
	"github.com/c10kit/c10kit/dashboard/screen"
	"github.com/c10kit/c10kit/results"
)

// Sizes at which the layout changes.
const (
	minWidth, minHeight   = 60, 15  // below: a line
	gridWidth, gridHeight = 120, 35 // from here: all panes
	logWidth              = 200     // from here: the log in a column of its own
)

// draw draws the whole screen.
//
//	60x15 .. 119x34            120x35 and more                200 columns and more
//	+-- title -----------+     +-- title ------------+        the same, and the log
//	| table              |     | table               |        on the right
//	+-- tabs ------------+     +------+------+-------+
//	| pane               |     | pane | pane | pane  |
//	+-- verdict ---------+     +------+------+-------+
//	| details            |     | pane | pane | pane  |
//	+--------------------+     +------+--+---+-------+
//	 keys                      | details | log       |
//	                           +---------+-----------+
//	                            keys
func (d *dash) draw() {
	d.hits = d.hits[:0]
	d.grid.Clear()
	d.selectFirst()
	a := d.grid.Area
	if a.Width() < minWidth || a.Height() < minHeight {
		d.drawTicker(a)
		return
	}
	foot, rest := a.Bottom(1)
	switch {
	case d.zoom:
		d.drawZoomed(rest)
	case a.Width() >= gridWidth && a.Height() >= gridHeight:
		d.drawGrid(rest)
	default:
		d.drawNarrow(rest)
	}
	d.drawFoot(foot)
	d.drawOver(rest)
}

// drawOver draws what lies above the screen.
func (d *dash) drawOver(a screen.Area) {
	over := a.Inset(1)
	if a.Width() >= gridWidth {
		over = a.Sub(a.Width()/12, 2, a.Width()-a.Width()/6, a.Height()-4)
	}
	switch {
	case d.form != nil:
		d.cover(over)
		d.drawForm(over)
	case d.help:
		d.cover(over)
		d.drawHelp(over)
	}
}

// cover blanks a, and takes the clicks of what lies below.
func (d *dash) cover(a screen.Area) {
	a.Clear()
	d.click(d.grid.Area, func(d *dash) { d.help = false })
}

// drawTicker is what a tiny window shows: where the run is and who leads.
func (d *dash) drawTicker(a screen.Area) {
	text := d.ticker(a)
	if d.form != nil || d.help {
		text = fmt.Sprintf("make the window %dx%d or larger, or press Esc", minWidth, minHeight)
	}
	a.Text(0, 0, text, screen.Normal)
	d.drawFoot(a.Row(1))
}

// ticker is the line, with so much left out that it has room on a. Who leads is told as long
// as there is room for anything.
func (d *dash) ticker(a screen.Area) string {
	leader := ""
	if best := d.groupNow().fastest(); best != nil {
		value, _ := figureText(results.ReqPerSec, best.figure(results.ReqPerSec))
		leader = fmt.Sprintf("%s %s req/s", d.name(best), value)
	}
	text := ""
	for b := range brevities {
		text = "c10kit " + d.progress(b)
		if leader != "" {
			text += " | best " + leader
		}
		if a.TextWidth(text) <= a.Width() {
			return text
		}
	}
	if leader != "" {
		text = leader + " | " + d.progress(brevities-1)
	}
	return text
}

// textBelow is how many lines of text stand under the pane of the narrow layout, of which
// the frame's line above them is none: the table comes first where it is low.
func textBelow(height int) int {
	switch {
	case height >= 20:
		return 3
	case height >= 17:
		return 1
	}
	return 0
}

// minPane is the height that is left to the pane of the narrow layout.
const minPane = 4

func (d *dash) drawNarrow(a screen.Area) {
	inside := a.Panel(d.mainPanel())
	below := textBelow(inside.Height())
	if below > 0 {
		text, rest := inside.Bottom(below)
		inside, _ = rest.Top(rest.Height() - 1)
		under := paneVerdicts
		if d.focus == paneVerdicts {
			under = paneLog
		}
		a.Divider(1+inside.Height(), screen.Panel{Title: d.title(under)})
		d.drawPane(text, under)
		d.focusOn(text, under)
	}
	height := min(len(d.rows())+1, max(inside.Height()-1-minPane, 2))
	table, rest := inside.Top(height)
	d.drawTable(table)
	a.Divider(1+height, screen.Panel{})
	line, body := rest.Top(1)
	d.drawTabs(line)
	d.drawPane(body, d.focus)
	d.focusOn(body, d.focus)
}

// drawTabs writes the names of the panes into a line of the frame, shorter ones where the
// long ones have no room.
func (d *dash) drawTabs(a screen.Area) {
	names, width := tabs, 1
	for _, name := range tabs {
		width += len(name) + 2
	}
	if width > a.Width() {
		names = shortTabs
	}
	x := 1
	for p := range paneCount {
		text, style := " "+names[p]+" ", screen.Title
		if p == d.focus {
			text, style = "["+names[p]+"]", screen.Focus
		}
		d.focusOn(a.Sub(x, 0, len(text), 1), p)
		x = a.Text(x, 0, text, style)
	}
	// What the pane shows now, which has no frame of its own to say it.
	text := d.title(d.focus)
	if width := a.TextWidth(text); x+width+3 <= a.Width() {
		a.Text(a.Width()-width-3, 0, " "+text+" ", screen.Title)
	}
}

// focusOn makes a pane answer to a click: the first gives it the focus, another zooms it.
func (d *dash) focusOn(a screen.Area, p pane) {
	d.click(a, func(d *dash) {
		if d.focus == p {
			d.zoom = !d.zoom
		}
		d.focus, d.scroll = p, 0
	})
}

func (d *dash) drawZoomed(a screen.Area) {
	p := d.shorten(func(brevity) string { return d.title(d.focus) })
	p.Footer, p.Focused = d.caption(d.focus), true
	inside := a.Panel(p)
	d.drawPane(inside, d.focus)
	d.focusOn(inside, d.focus)
}

func (d *dash) drawGrid(a screen.Area) {
	height := min(len(d.rows())+3, a.Height()/3)
	top, rest := a.Top(max(height, 4))
	panel := d.mainPanel()
	panel.Footer = fmt.Sprintf("diff: %s to %s, ~ where none is claimed (p >= %.2g)", d.compared().quantity(), d.baseName(), alpha)
	d.drawTable(top.Panel(panel))
	if a.Width() >= logWidth {
		var log screen.Area
		log, rest = rest.Right(a.Width() / 4)
		d.drawFramed(log, paneLog)
	}
	text, grid := rest.Bottom(5 + max(a.Height()-gridHeight, 0)/8)
	if a.Width() >= logWidth {
		d.drawFramed(text, paneVerdicts)
	} else {
		left, right := text.Left(text.Width() * 3 / 5)
		d.drawFramed(left, paneVerdicts)
		d.drawFramed(right, paneLog)
	}
	for p := range charts {
		d.drawFramed(grid.Band(int(p)/3, 2).Column(int(p)%3, 3), p)
	}
}

func (d *dash) drawFramed(a screen.Area, p pane) {
	d.focusOn(a, p)
	d.drawPane(a.Panel(screen.Panel{Title: d.title(p), Footer: d.caption(p), Focused: p == d.focus}), p)
}

// drawFoot is the last line: a question, what is typed, the answer to a key, or the keys.
func (d *dash) drawFoot(a screen.Area) {
	switch {
	case d.question != nil:
		a.Text(0, 0, d.question.text, screen.Warn)
	case d.form != nil:
		a.Text(0, 0, formKeys, screen.Key)
	case d.help:
		a.Text(0, 0, helpKeys, screen.Key)
	case d.filtering:
		a.Text(0, 0, "/"+d.filter+"_  Enter keeps the filter, Esc ends it", screen.Focus)
	case d.suspending:
		a.Text(0, 0, "stops when this cell is measured; fg goes on with the next", screen.Warn)
	case d.status != "":
		a.Text(0, 0, d.status, screen.Bold)
	default:
		if d.player != nil {
			bar, rest := a.Left(min(20, a.Width()/3))
			d.drawSeek(bar)
			_, a = rest.Left(1)
		}
		d.drawKeys(a)
	}
}

// drawSeek is the bar of a replay, which a click seeks on.
func (d *dash) drawSeek(a screen.Area) {
	chart.Bars{Bars: []chart.Bar{{
		Style: screen.Focus, Value: d.player.part(), Text: fmt.Sprintf("%3.0f%%", 100*d.player.part()),
	}}, Max: 1}.Draw(a)
	for x := range a.Width() {
		part := float64(x) / float64(max(a.Width()-6, 1))
		d.click(a.Sub(x, 0, 1, 1), func(d *dash) { d.seek(func(p *player) { p.seekPart(part) }) })
	}
}

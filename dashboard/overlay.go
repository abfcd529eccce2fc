package dashboard

import (
	"slices"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"github.com/c10kit/c10kit/dashboard/screen"
)

// hit is a place that can be clicked.
type hit struct {
	x, y, width, height int
	do                  func(*dash) tea.Cmd
}

// click makes a place that was just drawn answer to the mouse. Later ones lie above.
func (d *dash) click(a screen.Area, do func(*dash)) {
	d.clickCmd(a, func(d *dash) tea.Cmd {
		do(d)
		return nil
	})
}

func (d *dash) clickCmd(a screen.Area, do func(*dash) tea.Cmd) {
	if a.Empty() {
		return
	}
	x, y := a.Origin()
	d.hits = append(d.hits, hit{x, y, a.Width(), a.Height(), do})
}

func (d *dash) mouse(e tea.MouseEvent) tea.Cmd {
	if e.Action != tea.MouseActionPress {
		return nil
	}
	d.dirty = true
	switch e.Button {
	case tea.MouseButtonWheelUp:
		d.selectRow(-1)
	case tea.MouseButtonWheelDown:
		d.selectRow(1)
	case tea.MouseButtonLeft:
		for i := len(d.hits) - 1; i >= 0; i-- {
			h := d.hits[i]
			if e.X >= h.x && e.X < h.x+h.width && e.Y >= h.y && e.Y < h.y+h.height {
				return h.do(d)
			}
		}
	}
	return nil
}

// helpColumn is the width of one column of the help overlay.
const helpColumn = 46

// drawHelp shows every key. The text is made from the key map that Update dispatches by.
func (d *dash) drawHelp(a screen.Area) {
	inside := a.Panel(screen.Panel{Title: "keys", Focused: true, Footer: "any key closes"})
	all := helpLines()
	columns := min(max(inside.Width()/helpColumn, 1), 3)
	per := (len(all) + columns - 1) / columns
	if per > inside.Height() && inside.Width() >= 2*narrowHelp {
		columns = max(columns, 2) // two narrow columns show more than one wide one
		per = (len(all) + columns - 1) / columns
	}
	width := inside.Width() / columns
	for i, b := range all {
		x, y := i/per*width, i%per
		field := inside.Sub(x, y, width-1, 1)
		field.Text(1, 0, b.Help().Key, screen.Key)
		field.Text(helpKey, 0, b.Help().Desc, screen.Normal)
	}
}

const (
	helpKey    = 8
	narrowHelp = 29
)

func helpLines() []key.Binding {
	var all []key.Binding
	for _, group := range keys.FullHelp() {
		all = append(all, group...)
	}
	return all
}

// drawKeys is the line of keys at the foot of the screen, each of which can be clicked.
func (d *dash) drawKeys(a screen.Area) {
	x := 0
	for _, b := range d.usable(keys.ShortHelp()) {
		h := d.footer(b)
		width := a.TextWidth(h.Key) + 1 + a.TextWidth(h.Desc)
		if x+width > a.Width() {
			return
		}
		end := a.Text(x, 0, h.Key, screen.Key)
		a.Text(end+1, 0, h.Desc, screen.Dim)
		d.clickCmd(a.Sub(x, 0, width, 1), func(d *dash) tea.Cmd { return d.press(b) })
		x += width + 2
	}
}

// usable leaves out what only another kind of run understands.
func (d *dash) usable(all []key.Binding) []key.Binding {
	other := []key.Binding{keys.SeekBack, keys.SeekOn}
	if d.player != nil {
		other = []key.Binding{keys.Open, keys.Cancel}
	}
	return slices.DeleteFunc(all, func(b key.Binding) bool {
		return slices.ContainsFunc(other, func(o key.Binding) bool { return o.Help() == b.Help() })
	})
}

// press does what the binding's first key does.
func (d *dash) press(b key.Binding) tea.Cmd {
	for _, a := range keys.actions() {
		if a.binding.Help() == b.Help() {
			return a.do(d, tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(b.Keys()[0])})
		}
	}
	return nil
}

// footer is a binding in a word: the line has room for no more.
func (d *dash) footer(b key.Binding) key.Help {
	h := b.Help()
	if h.Key == "+" && d.player == nil {
		h.Desc = "less time"
	} else if h.Key == "-" && d.player == nil {
		h.Desc = "more time"
	} else if short, ok := words[h.Key]; ok {
		h.Desc = short
	}
	return h
}

// words are the descriptions of the footer, by the key that is shown.
var words = map[string]string{
	"?": "help", "q ^C": "quit", "Tab": "pane", "Enter": "zoom", "1-9": "toggle", "g": "group", "s": "sort", "d": "diff",
	"x": "metric", "l": "log/lin", "p": "pause", "o": "set up", "c": "stop", "[": "back", "]": "on", "+": "faster",
	"-": "slower", "e": "export", "t": "theme",
}

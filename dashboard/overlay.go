package dashboard

import (
	"slices"
	"strings"

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
	d.say("")
	switch e.Button {
	case tea.MouseButtonWheelUp:
		d.wheel(-1)
	case tea.MouseButtonWheelDown:
		d.wheel(1)
	case tea.MouseButtonLeft:
		if d.question != nil {
			d.question = nil // the answer is no
			return nil
		}
		for i := len(d.hits) - 1; i >= 0; i-- {
			h := d.hits[i]
			if e.X >= h.x && e.X < h.x+h.width && e.Y >= h.y && e.Y < h.y+h.height {
				return h.do(d)
			}
		}
	}
	return nil
}

// wheel moves what lies on top.
func (d *dash) wheel(by int) {
	switch {
	case d.question != nil:
	case d.form != nil:
		d.form.move(by)
	case d.help:
		d.helpTop = max(d.helpTop+by, 0)
	default:
		d.selectRow(by)
	}
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

// usable leaves out what is of no use here: winding a live run, setting up a run without a
// Controller.
func (d *dash) usable(all []key.Binding) []key.Binding {
	var other []key.Binding
	if d.player == nil {
		other = append(other, keys.SeekBack, keys.SeekOn, keys.PartBack, keys.PartOn)
	}
	if d.control == nil {
		other = append(other, keys.Open, keys.Cancel)
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
	h.Desc = d.either(h.Desc)
	if short, ok := words[h.Key]; ok {
		h.Desc = d.either(short)
	}
	return h
}

// either is the half of "replay | live" that is true now, or all of a text without halves.
func (d *dash) either(text string) string {
	replay, live, two := strings.Cut(text, " | ")
	if two && d.player == nil {
		return live
	}
	return replay
}

// words are the descriptions of the footer, by the key that is shown.
var words = map[string]string{
	"?": "help", "q ^C": "quit", "Tab": "pane", "Enter": "zoom", "1-9": "toggle", "g": "group", "s": "sort", "d": "diff",
	"x": "metric", "l": "log/lin", "p": "pause", "o": "set up", "c": "stop", "[": "back", "]": "on",
	"+": "faster | less time", "-": "slower | more time", "r": "replay", "e": "export", "t": "theme",
}

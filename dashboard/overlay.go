package dashboard

import (
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
	for _, action := range d.usable() {
		if action.word == "" {
			continue
		}
		name, word := action.binding.Help().Key, d.either(action.word)
		width := a.TextWidth(name) + 1 + a.TextWidth(word)
		if x+width > a.Width() {
			return
		}
		end := a.Text(x, 0, name, screen.Key)
		a.Text(end+1, 0, word, screen.Dim)
		d.clickCmd(a.Sub(x, 0, width, 1), func(d *dash) tea.Cmd { return action.do(d, tea.KeyMsg{}) })
		x += width + 2
	}
}

package dashboard

import (
	"fmt"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"github.com/c10kit/c10kit/dashboard/screen"
)

// Columns of the help: a key, what it does, and a blank on both sides.
const (
	helpKey    = 8
	helpDesc   = 29
	helpColumn = helpKey + helpDesc + 1
)

// helpKeys are those that the help has of its own.
const helpKeys = "Up Down PgUp PgDn scroll  Esc q ? close"

func (d *dash) toggleHelp() { d.help, d.helpTop = !d.help, 0 }

// helpKey takes a key to the help that is open.
func (d *dash) helpKey(msg tea.KeyMsg) tea.Cmd {
	switch {
	case msg.String() == "ctrl+c":
		return d.quit(false)
	case matches(msg, keys.Help, keys.Back, keys.Quit):
		d.help = false
	case matches(msg, keys.Up):
		d.helpTop = max(d.helpTop-1, 0)
	case matches(msg, keys.Down):
		d.helpTop++
	case matches(msg, keys.PageUp):
		d.helpTop = max(d.helpTop-helpPage, 0)
	case matches(msg, keys.PageDown):
		d.helpTop += helpPage
	}
	return nil
}

// helpPage is how far PgUp and PgDn go: the lines of the help in the smallest window.
const helpPage = minHeight - 5

// drawHelp shows every key that is of use here, from line helpTop on. The text is made from
// the key map that Update dispatches by.
func (d *dash) drawHelp(a screen.Area) {
	all := d.helpLines()
	width, height := a.Width()-2, max(a.Height()-2, 1)
	columns := min(max(width/helpColumn, 1), 3)
	lines := (len(all) + columns - 1) / columns
	d.helpTop = min(d.helpTop, max(lines-height, 0))
	panel := screen.Panel{Title: "keys", Focused: true}
	if lines > height {
		panel.Footer = fmt.Sprintf("lines %d to %d of %d", d.helpTop+1, d.helpTop+height, lines)
	}
	inside := a.Panel(panel)
	for i, b := range all {
		field := inside.Sub(i/lines*(width/columns), 0, width/columns, height).Row(i%lines - d.helpTop)
		field.Text(1, 0, b.Help().Key, screen.Key)
		field.Text(helpKey, 0, d.either(b.Help().Desc), screen.Normal)
	}
}

func (d *dash) helpLines() []key.Binding {
	var all []key.Binding
	for _, action := range d.usable() {
		all = append(all, action.binding)
	}
	return all
}

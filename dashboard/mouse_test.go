package dashboard

import (
	"slices"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
)

func click(x, y int) tea.MouseEvent {
	return tea.MouseEvent{X: x, Y: y, Button: tea.MouseButtonLeft, Action: tea.MouseActionPress}
}

// keyOf is the message of a key by the name that bubbletea gives it.
func keyOf(name string) tea.KeyMsg {
	for t := tea.KeyType(-200); t < 200; t++ {
		if k := (tea.KeyMsg{Type: t}); t != tea.KeyRunes && k.String() == name && name != " " {
			return k
		}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(name)}
}

// find returns where text stands on the screen.
func find(t *testing.T, d *dash, text string) (x, y int) {
	t.Helper()
	for y, line := range strings.Split(plainView(d), "\n") {
		if before, _, ok := strings.Cut(line, text); ok {
			return len([]rune(before)), y
		}
	}
	t.Fatalf("no %q in\n%s", text, d.grid.Plain())
	return 0, 0
}

func TestClicks(t *testing.T) {
	d := played(t, 80, 24, 1)
	x, y := find(t, d, "prefork")
	d.mouse(click(x, y))
	if d.row().cell.Model != "prefork" {
		t.Errorf("a click on prefork selects %s", d.row().spec)
	}
	d.mouse(click(x-3, y)) // the digit
	if !d.hidden[d.row().spec] {
		t.Error("a click on the digit does not hide the model")
	}
	x, y = find(t, d, "TIME_WAIT ")
	d.mouse(click(x, y))
	if d.focus != paneTimeWait {
		t.Errorf("a click on the tab focuses %v", d.focus)
	}
	x, y = find(t, d, "p99")
	d.mouse(click(x, y))
	if d.sort < 0 || columns[d.sort].name != "p99" {
		t.Errorf("a click on the header sorts by %d", d.sort)
	}
	rows := d.rows()
	at := slices.Index(rows, d.row())
	for button, want := range map[tea.MouseButton]int{tea.MouseButtonWheelDown: at + 1, tea.MouseButtonWheelUp: at - 1} {
		d.selected = rows[at].cell.ID
		d.mouse(tea.MouseEvent{Button: button, Action: tea.MouseActionPress})
		if d.row() != rows[want] {
			t.Errorf("wheel %v selects %s, not %s", button, d.row().spec, rows[want].spec)
		}
	}
	before := plainView(d)
	for _, e := range []tea.MouseEvent{
		click(500, 500), click(-1, -1), click(80, 3), click(3, 24), // outside of the window
		{X: x, Y: y, Button: tea.MouseButtonLeft, Action: tea.MouseActionRelease},
		{X: x, Y: y, Button: tea.MouseButtonRight, Action: tea.MouseActionPress},
		{X: x, Y: y, Button: tea.MouseButtonNone, Action: tea.MouseActionMotion},
	} {
		if cmd := d.mouse(e); cmd != nil || plainView(d) != before {
			t.Errorf("%+v changes\n%s\nto\n%s", e, before, d.grid.Plain())
		}
	}
	_, y = find(t, d, "100%")
	d.mouse(click(0, y))
	if d.player.part() > 0.01 {
		t.Errorf("a click on the left end of the bar seeks to %v", d.player.part())
	}
}

package dashboard

import (
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/c10kit/c10kit/dashboard/screen"
)

// input is a line that is typed. The cursor is counted from the end, so that a text that
// is given has it there.
type input struct {
	text   string
	behind int // characters behind the cursor
}

// maxLine bounds what is typed, in bytes.
const maxLine = 200

// parts are what stands before and behind the cursor.
func (i *input) parts() (before, after []rune) {
	all := []rune(i.text)
	at := max(len(all)-i.behind, 0)
	return all[:at], all[at:]
}

// key edits the line. What is no key of an editor changes nothing.
func (i *input) key(msg tea.KeyMsg) {
	before, after := i.parts()
	switch msg.Type {
	case tea.KeyLeft:
		i.behind = min(i.behind+1, utf8.RuneCountInString(i.text))
		return
	case tea.KeyRight:
		i.behind = max(i.behind-1, 0)
		return
	case tea.KeyHome, tea.KeyCtrlA:
		i.behind = utf8.RuneCountInString(i.text)
		return
	case tea.KeyEnd, tea.KeyCtrlE:
		i.behind = 0
		return
	case tea.KeyBackspace:
		before = before[:max(len(before)-1, 0)]
	case tea.KeyDelete:
		after = after[min(1, len(after)):]
	case tea.KeyCtrlU:
		before = nil
	case tea.KeyRunes, tea.KeySpace:
		if msg.Alt || len(i.text) >= maxLine {
			return
		}
		before = append(before[:len(before):len(before)], []rune(clean(string(msg.Runes)))...)
	default:
		return
	}
	i.text, i.behind = string(before)+string(after), len(after)
}

// draw writes the line with its cursor; of one that is wider than a, the part that the
// cursor is in. The cursor at the end is a character of its own, as it is seen without
// colours too.
func (i *input) draw(a screen.Area, s screen.Style) {
	before, after := i.parts()
	text := clean(string(before))
	for hidden := 1; a.TextWidth(text)+1 > a.Width() && hidden <= len(before); hidden++ {
		text = "…" + clean(string(before[hidden:]))
	}
	end := a.Text(0, 0, text, s)
	if len(after) == 0 {
		a.Text(end, 0, "_", s)
		return
	}
	a.Field(end, 0, a.Width()-end, screen.Left, clean(string(after)), s)
	a.Sub(end, 0, a.TextWidth(clean(string(after[:1]))), 1).Select()
}

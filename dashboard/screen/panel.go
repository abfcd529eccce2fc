package screen

// A Panel is a frame around something:
//
//	┌─ title ─────────── right ─┐
//	│                           │
//	└─ footer ──────────────────┘
//
// A focused one has a heavy frame (of '=' in ASCII) in the style Focus, so that
// the focus is seen without colour too.
type Panel struct {
	Title   string
	Right   string // at the right end of the upper border, if it fits there; Title is cut for it
	Footer  string // in the lower border
	Focused bool
}

// strokes are the characters of a frame.
type strokes struct {
	across, down, topLeft, topRight, bottomLeft, bottomRight, joinLeft, joinRight rune
}

var (
	light = strokes{'─', '│', '┌', '┐', '└', '┘', '├', '┤'}
	heavy = strokes{'━', '┃', '┏', '┓', '┗', '┛', '┣', '┫'}
)

func (p Panel) look(a Area) (strokes, Style, Style) {
	if !p.Focused {
		return light, Frame, Title
	}
	if !a.Drawing() {
		return strokes{'=', '|', '+', '+', '+', '+', '+', '+'}, Focus, Focus
	}
	return heavy, Focus, Focus
}

// Panel draws p around a and returns what is inside: nothing if a is lower or
// narrower than three cells.
func (a Area) Panel(p Panel) Area {
	if a.Empty() {
		return a
	}
	k, frame, title := p.look(a)
	right, bottom := a.w-1, a.h-1
	for x := range a.w {
		a.Set(x, bottom, k.across, frame)
		a.Set(x, 0, k.across, frame)
	}
	for y := range a.h {
		a.Set(0, y, k.down, frame)
		a.Set(right, y, k.down, frame)
	}
	a.Set(0, bottom, k.bottomLeft, frame)
	a.Set(right, bottom, k.bottomRight, frame)
	a.Set(0, 0, k.topLeft, frame)
	a.Set(right, 0, k.topRight, frame)
	a.border(0, p.Title, p.Right, title)
	a.border(bottom, p.Footer, "", Dim)
	return a.Inset(1)
}

// Divider draws the line between two parts of a framed Area, with p's title and
// right text; a is the outer Area, that Panel was called on:
//
//	├─ title ─────────── right ─┤
func (a Area) Divider(y int, p Panel) {
	k, frame, title := p.look(a)
	for x := range a.w {
		a.Set(x, y, k.across, frame)
	}
	a.Set(0, y, k.joinLeft, frame)
	a.Set(a.w-1, y, k.joinRight, frame)
	a.border(y, p.Title, p.Right, title)
}

// BorderSpace is how much wider than its texts a Panel must be to show both whole: a
// corner, a stroke and two spaces at each side, and a stroke between them.
const BorderSpace = 9

// border writes left and right into the line y of a frame, one stroke and a
// space away from the corners. The right one is left out where it does not fit.
func (a Area) border(y int, left, right string, s Style) {
	room := a.w - 6 // corner, stroke, space on both sides
	if room < 1 {
		return
	}
	if width := a.TextWidth(right); right != "" && width <= room {
		x := a.w - 4 - width
		a.Set(x, y, ' ', s)
		a.Set(a.Text(x+1, y, right, s), y, ' ', s)
		room = a.w - BorderSpace - width
	}
	if left != "" && room > 0 {
		a.Set(2, y, ' ', s)
		a.Set(a.Field(3, y, room, Left, left, s), y, ' ', s)
	}
}

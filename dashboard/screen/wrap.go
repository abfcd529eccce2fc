package screen

import "strings"

// Wrap breaks text into lines of at most width columns, the second and further ones hang
// columns shorter. It breaks at blanks, within a word only where that has no room in a line of
// its own or has characters of two columns, which are written without blanks; never within a
// character that a user perceives as one. Nothing is broken for the zero Area.
func (a Area) Wrap(text string, width, hang int) []string {
	if a.canvas == nil {
		return []string{text}
	}
	w := wrapping{area: a, width: width, hang: hang}
	for word := range strings.FieldsSeq(text) {
		w.add(word)
	}
	return append(w.lines, w.line)
}

// wrapping is a text that is being wrapped: lines, and the one that is being filled.
type wrapping struct {
	area        Area
	width, hang int
	lines       []string
	line        string
	used        int // columns of line
}

// room is what the line has left for a word.
func (w *wrapping) room() int {
	room := w.width - w.used
	if len(w.lines) > 0 {
		room -= w.hang
	}
	if w.line != "" {
		room-- // the blank before it
	}
	return room
}

func (w *wrapping) end() {
	w.lines, w.line, w.used = append(w.lines, w.line), "", 0
}

func (w *wrapping) add(word string) {
	columns := w.area.TextWidth(word)
	wide := w.area.wide(word)
	if columns > w.room() && !wide && w.line != "" {
		w.end()
	}
	for columns > w.room() {
		head := w.area.head(word, w.room(), w.line == "")
		if head == "" {
			w.end()
			continue
		}
		w.put(head, w.area.TextWidth(head))
		word = word[len(head):]
		columns = w.area.TextWidth(word)
		if word == "" {
			return
		}
		w.end()
	}
	w.put(word, columns)
}

func (w *wrapping) put(word string, columns int) {
	if w.line != "" {
		w.line, w.used = w.line+" ", w.used+1
	}
	w.line, w.used = w.line+word, w.used+columns
}

// wide reports whether a character of text takes two columns.
func (a Area) wide(text string) bool {
	for text != "" {
		g, rest := a.canvas.nextOf(text)
		if g.width == 2 {
			return true
		}
		text = rest
	}
	return false
}

// head returns the first characters of text that fit into columns: one at least if must.
func (a Area) head(text string, columns int, must bool) string {
	rest := text
	for rest != "" {
		g, behind := a.canvas.nextOf(rest)
		columns -= int(g.width) + len(g.more)
		if columns < 0 && !(must && len(rest) == len(text)) {
			break
		}
		rest = behind
	}
	return text[:len(text)-len(rest)]
}

// nextOf is next of a text that is only measured: what it is made of is not kept.
func (c *canvas) nextOf(text string) (glyph, string) {
	kept := len(c.clusters)
	g, rest := c.next(text)
	c.clusters = c.clusters[:kept]
	return g, rest
}

package reports

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// style is an ANSI "select graphic rendition" parameter.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

// cell is a piece of a line. Its width is that of its text: every character
// used here fills one column.
type cell struct {
	text  string
	style style
}

func (c cell) width() int { return utf8.RuneCountInString(c.text) }

var asciiReplacer = strings.NewReplacer("µ", "u", "–", "-", "—", "-", "×", "x", "±", "+-", "·", "|", "…", "...")

// clean makes text of a run folder safe to print: a folder may come from
// elsewhere, and an escape sequence in a note would reach the terminal.
// With ascii, what has no ASCII form becomes '?'.
func clean(s string, ascii bool) string {
	if ascii {
		s = asciiReplacer.Replace(s)
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case !unicode.IsPrint(r) || ascii && r > unicode.MaxASCII:
			return '?'
		}
		return r
	}, s)
}

// wrap breaks text at spaces into lines of at most width columns, the second
// and further ones hang columns shorter. A longer word overhangs.
func wrap(text string, width, hang int) []string {
	var lines []string
	line, used := "", 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		if line != "" && used+1+n > width {
			if len(lines) == 0 {
				width -= hang
			}
			lines = append(lines, line)
			line, used = "", 0
		}
		if line != "" {
			line, used = line+" ", used+1
		}
		line, used = line+word, used+n
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// truncate cuts s to width columns with mark at its end.
func truncate(s string, width int, mark string) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	keep := max(width-utf8.RuneCountInString(mark), 0)
	return string([]rune(s)[:keep]) + mark
}

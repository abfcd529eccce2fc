package netstat

import (
	"bytes"
	"fmt"
	"math"
)

// parse enters what one file says into v: groups of two lines, GROUP: and names, GROUP:
// and values. A group whose lines do not match is an error, since values could then stand
// under wrong names; groups without a counter of the table are not looked into, so that a
// strange value there disturbs nobody. The text is not kept, and the good path allocates
// nothing.
func parse(v *Values, from source, text []byte) error {
	for len(text) > 0 {
		var names, values []byte
		names, text = cutLine(text)
		values, text = cutLine(text)
		group, names, ok := bytes.Cut(names, colon)
		again, values, too := bytes.Cut(values, colon)
		if !ok || !too || !bytes.Equal(group, again) {
			return fmt.Errorf("%s: unknown layout: line %.20q is not followed by its values", paths[from], group)
		}
		if string(group) != groups[from] {
			continue
		}
		for {
			var name, value []byte
			name, names = cutField(names)
			value, values = cutField(values)
			if len(name) == 0 && len(value) == 0 {
				break
			}
			if len(name) == 0 || len(value) == 0 {
				return fmt.Errorf("%s: unknown layout: %s has not as many names as values", paths[from], group)
			}
			if err := enter(v, from, name, value); err != nil {
				return err
			}
		}
	}
	return nil
}

var colon = []byte(": ")

// enter sets the counter of that name, if it is one of ours.
func enter(v *Values, from source, name, value []byte) error {
	c, ours := index[from][string(name)] // the conversion of a lookup does not allocate
	if !ours {
		return nil
	}
	number, ok := parseInt(value)
	if !ok {
		return fmt.Errorf("%s: %v is %.30q, expected a number", paths[from], c, value)
	}
	v.set(c, number)
	return nil
}

// cutLine returns the first line and what is behind it.
func cutLine(text []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(text, []byte("\n"))
	return line, rest
}

// cutField returns the first field and what is behind it; an empty one at the end.
func cutField(text []byte) (field, rest []byte) {
	start := 0
	for start < len(text) && text[start] == ' ' {
		start++
	}
	end := start
	for end < len(text) && text[end] != ' ' {
		end++
	}
	return text[start:end], text[end:]
}

// parseInt is strconv.ParseInt for bytes, in base 10. The kernel prints unsigned
// longs: one beyond int64, which no counter reaches in practice, is no number.
func parseInt(text []byte) (int64, bool) {
	negative := len(text) > 1 && text[0] == '-'
	if negative {
		text = text[1:]
	}
	if len(text) == 0 {
		return 0, false
	}
	var n uint64
	for _, digit := range text {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		if n > (math.MaxInt64-9)/10 { // the last few numbers below the limit are refused with the rest
			return 0, false
		}
		n = n*10 + uint64(digit-'0')
	}
	if negative {
		return -int64(n), true
	}
	return int64(n), true
}

package screen

import "strings"

// A Charset is what the terminal can show in columns that are known.
type Charset uint8

// The character sets.
const (
	// Unicode: frames, blocks and braille are one column wide.
	Unicode Charset = iota
	// EastAsian: text is Unicode, but the terminal may show characters of
	// ambiguous width (UAX #11), frames and blocks among them, two columns
	// wide. What has an ASCII form is drawn so, as that is one column anywhere.
	EastAsian
	// ASCII: nothing above 0x7e is drawn; text that has no ASCII form is '?'.
	ASCII
)

// String returns the name of c.
func (c Charset) String() string {
	switch c {
	case Unicode:
		return "unicode"
	case EastAsian:
		return "east-asian"
	}
	return "ascii"
}

// DetectCharset tells from the environment, through a function like os.Getenv,
// what the terminal can show.
//
// The locale is the first of LC_ALL, LC_CTYPE and LANG that is set, as in
// setlocale(3). No locale at all (a container) is taken as Unicode, which is
// what terminals are today; "C", "POSIX" and charsets that are not UTF-8 are
// ASCII, and so is TERM=dumb. A Chinese, Japanese or Korean locale is EastAsian;
// RUNEWIDTH_EASTASIAN=0 or =1, which other programs of terminals read too,
// decides it by hand, and so does the locale modifier @cjk_narrow.
func DetectCharset(getenv func(string) string) Charset {
	if getenv("TERM") == "dumb" {
		return ASCII
	}
	locale := ""
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale = getenv(name); locale != "" {
			break
		}
	}
	name, modifier, _ := strings.Cut(locale, "@")
	language, encoding, _ := strings.Cut(name, ".")
	switch {
	case encoding != "" && !isUTF8(encoding), locale != "" && encoding == "":
		return ASCII
	}
	switch getenv("RUNEWIDTH_EASTASIAN") {
	case "0":
		return Unicode
	case "1":
		return EastAsian
	}
	language, _, _ = strings.Cut(language, "_")
	switch language {
	case "zh", "ja", "ko":
		if modifier != "cjk_narrow" {
			return EastAsian
		}
	}
	return Unicode
}

func isUTF8(encoding string) bool {
	return strings.EqualFold(encoding, "utf-8") || strings.EqualFold(encoding, "utf8")
}

// fallback returns what is drawn for r where r may not be drawn, "" if there is
// no such form. It is one character where r is part of a drawing.
func fallback(r rune) string {
	switch {
	case r >= 0x2500 && r <= 0x257f:
		return boxFallback(r)
	case r >= 0x2581 && r <= 0x2588: // ▁▂▃▄▅▆▇█
		return ".:-=+*##"[r-0x2581:][:1]
	case r >= 0x2589 && r <= 0x258c: // ▉▊▋▌
		return "#"
	case r >= 0x258d && r <= 0x258f: // ▍▎▏
		return ":"
	case r >= 0x2591 && r <= 0x2593: // ░▒▓
		return ".=#"[r-0x2591:][:1]
	case r == 0x2800:
		return " "
	case r > 0x2800 && r <= 0x28ff: // braille
		return "."
	case r >= 0xa0:
		return signs[r]
	}
	return ""
}

func boxFallback(r rune) string {
	switch r {
	case '─', '━', '┄', '┅', '┈', '┉', '╌', '╍', '╴', '╶', '╸', '╺', '╼', '╾':
		return "-"
	case '═':
		return "="
	case '│', '┃', '┆', '┇', '┊', '┋', '╎', '╏', '║', '╵', '╷', '╹', '╻', '╽', '╿':
		return "|"
	}
	return "+"
}

// signs are those of text. Most are of ambiguous width.
var signs = map[rune]string{
	0xa0: " ", '·': ".", '•': "*", '…': "~", '–': "-", '—': "-", '−': "-", '×': "x", '÷': "/", '±': "+-",
	'µ': "u", 'μ': "u", '≤': "<=", '≥': ">=", '≠': "!=", '≈': "~", '∞': "inf", '°': "deg", '²': "2", '³': "3",
	'←': "<", '↑': "^", '→': ">", '↓': "v", '▲': "^", '△': "^", '▼': "v", '▽': "v", '▶': ">", '►': ">", '▸': ">",
	'◀': "<", '◄': "<", '◂': "<", '●': "*", '○': "o", '◆': "*", '◇': "o", '■': "#", '□': "o", '✓': "+", '✔': "+",
	'✗': "x", '✘': "x", '“': "\"", '”': "\"", '‘': "'", '’': "'", '«': "\"", '»': "\"", '↵': "Enter", '⏎': "Enter",
}

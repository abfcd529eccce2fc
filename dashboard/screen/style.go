package screen

// A Style is what a cell means, not what it looks like: a Theme gives it its
// look. The low six bits name the meaning, Strong and Reverse are added with |.
type Style uint8

// The meanings. Series and Heat make the rest.
const (
	Normal Style = iota
	Dim          // what is read second: axes, units, what is switched off
	Bold         // what is read first
	Title        // of a panel, a column
	Focus        // frame and title of the panel that the keys go to
	Warn         // needs a look
	Bad          // is wrong: errors, refuted
	Good         // is right: held, better
	Key          // a key to press
	Frame        // borders of panels

	series0 Style = 16
	heat0   Style = 24
)

// Flags of a Style.
const (
	Strong  Style = 0x40 // bold on top of the meaning
	Reverse Style = 0x80 // foreground and background exchanged: the selected row

	meaning Style = 0x3f
)

// SeriesColours is how many series differ by colour. The markers of further
// ones still differ.
const SeriesColours = 6

// HeatLevels is how many shades Heat has.
const HeatLevels = 8

// markers are the signs of the series: the first six as in the tables of the
// documentation, then what cannot be taken for a digit or for one of those.
const markers = "o#^d+*x%sv@&nuwzabcefghkmpqrty"

// Series returns the style of the i-th series. Colours repeat after
// SeriesColours; show Marker(i) with it, so that colour is never the only sign.
func Series(i int) Style { return series0 + Style(modulo(i, SeriesColours)) }

// Marker returns the sign of the i-th series, one ASCII character. The first
// thirty differ.
func Marker(i int) rune { return rune(markers[modulo(i, len(markers))]) }

// Heat returns the style of a shade, 0 the faintest, HeatLevels-1 the
// strongest. Levels outside are taken to the nearest.
func Heat(level int) Style { return heat0 + Style(min(max(level, 0), HeatLevels-1)) }

// Meaning returns s without Strong and Reverse.
func (s Style) Meaning() Style { return s & meaning }

func modulo(i, n int) int { return (i%n + n) % n }

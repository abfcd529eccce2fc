package screen

// A Theme gives each Style a colour. Its colours have a contrast (WCAG 2) of
// at least 3:1 on its background, text that must be read one of 4.5:1, with
// true colour, 256 and 16 colours alike: a test computes it. On a terminal only
// the foreground is set, the background is the terminal's own, so the test does
// the same for other common backgrounds of the kind.
//
// The series' colours are those of Okabe and Ito, which colour-blind readers
// can tell apart, without black and yellow: one of them is lost on each
// background. Sky, orange, green and purple are darker in Light.
type Theme struct {
	Name       string
	Background RGB // of pictures
	Foreground RGB // of pictures; a terminal's own is taken for Normal

	looks [64]look // by Style.Meaning
}

// RGB is a colour, 0xrrggbb.
type RGB uint32

// A colour in the three depths of terminals.
type colour struct {
	rgb     RGB
	of256   uint8 // index of xterm's 256 colours, chosen for contrast, not only for nearness
	of16    uint8 // index of the 16 ANSI colours
	natural bool  // the terminal's own foreground
}

type look struct {
	colour
	bold bool
}

// Dark returns the theme for dark backgrounds.
func Dark() Theme {
	t := Theme{Name: "dark", Background: 0x101418, Foreground: 0xe6e6e6}
	own := colour{rgb: t.Foreground, natural: true}
	t.set(own, map[Style]look{
		Bold:  {own, true},
		Title: {own, true},
		Dim:   {colour{rgb: 0x8c9298, of256: 246, of16: 7}, false},
		Frame: {colour{rgb: 0x7a8087, of256: 244, of16: 7}, false},
		Focus: {colour{rgb: 0x56b4e9, of256: 74, of16: 14}, true},
		Key:   {colour{rgb: 0x56b4e9, of256: 74, of16: 14}, true},
		Warn:  {colour{rgb: 0xe69f00, of256: 178, of16: 11}, true},
		Bad:   {colour{rgb: 0xff7b54, of256: 209, of16: 9}, true},
		Good:  {colour{rgb: 0x35c997, of256: 78, of16: 10}, false},
	})
	t.series([SeriesColours]colour{
		{rgb: 0x56b4e9, of256: 74, of16: 14},  // sky blue
		{rgb: 0xe69f00, of256: 178, of16: 11}, // orange
		{rgb: 0x009e73, of256: 35, of16: 10},  // bluish green
		{rgb: 0xcc79a7, of256: 175, of16: 13}, // reddish purple
		{rgb: 0x0072b2, of256: 31, of16: 12},  // blue
		{rgb: 0xd55e00, of256: 166, of16: 9},  // vermillion
	})
	t.heat([HeatLevels]colour{
		{rgb: 0x6f6a9e, of256: 97, of16: 12},
		{rgb: 0x8a6fa8, of256: 133, of16: 12},
		{rgb: 0xa874a6, of256: 139, of16: 13},
		{rgb: 0xc67a9c, of256: 175, of16: 13},
		{rgb: 0xe0848a, of256: 210, of16: 14},
		{rgb: 0xf29a74, of256: 216, of16: 14},
		{rgb: 0xfbbd62, of256: 222, of16: 11},
		{rgb: 0xfdf08c, of256: 228, of16: 11},
	})
	return t
}

// Light returns the theme for light backgrounds.
func Light() Theme {
	t := Theme{Name: "light", Background: 0xffffff, Foreground: 0x1f2328}
	own := colour{rgb: t.Foreground, natural: true}
	t.set(own, map[Style]look{
		Bold:  {own, true},
		Title: {own, true},
		Dim:   {colour{rgb: 0x6a7178, of256: 242, of16: 8}, false},
		Frame: {colour{rgb: 0x868c93, of256: 245, of16: 8}, false},
		Focus: {colour{rgb: 0x005a8e, of256: 24, of16: 4}, true},
		Key:   {colour{rgb: 0x005a8e, of256: 24, of16: 4}, true},
		Warn:  {colour{rgb: 0x8a5e00, of256: 94, of16: 5}, true},
		Bad:   {colour{rgb: 0xb33a00, of256: 124, of16: 1}, true},
		Good:  {colour{rgb: 0x00694c, of256: 23, of16: 4}, false},
	})
	t.series([SeriesColours]colour{
		{rgb: 0x2f84b8, of256: 31, of16: 12},
		{rgb: 0xad7700, of256: 136, of16: 9},
		{rgb: 0x008560, of256: 29, of16: 0},
		{rgb: 0xb3598a, of256: 132, of16: 5},
		{rgb: 0x0072b2, of256: 25, of16: 4},
		{rgb: 0xc25400, of256: 130, of16: 1},
	})
	t.heat([HeatLevels]colour{
		{rgb: 0x85859a, of256: 103, of16: 12},
		{rgb: 0x7d7b9e, of256: 97, of16: 12},
		{rgb: 0x75659a, of256: 96, of16: 1},
		{rgb: 0x704f90, of256: 60, of16: 1},
		{rgb: 0x6b3982, of256: 54, of16: 4},
		{rgb: 0x60246f, of256: 53, of16: 4},
		{rgb: 0x4a1355, of256: 235, of16: 0},
		{rgb: 0x2c0735, of256: 16, of16: 0},
	})
	return t
}

func (t *Theme) set(own colour, looks map[Style]look) {
	for i := range t.looks {
		t.looks[i].colour = own
	}
	for s, l := range looks {
		t.looks[s] = l
	}
}

func (t *Theme) series(colours [SeriesColours]colour) {
	for i, c := range colours {
		t.looks[Series(i)].colour = c
	}
}

func (t *Theme) heat(colours [HeatLevels]colour) {
	for i, c := range colours {
		t.looks[Heat(i)].colour = c
	}
}

// look returns that of s, its flag Strong counted in.
func (t *Theme) look(s Style) look {
	l := t.looks[s.Meaning()]
	l.bold = l.bold || s&Strong != 0
	return l
}

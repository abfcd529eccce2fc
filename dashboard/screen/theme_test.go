package screen

import (
	"math"
	"testing"
)

// xterm are the colours of xterm's first sixteen, by its defaults.
var xterm = [16]RGB{
	0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
	0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
}

// of256 returns the colour i of 256: a cube of six levels and a ramp of greys.
func of256(i uint8) RGB {
	switch {
	case i < 16:
		return xterm[i]
	case i >= 232:
		return RGB(8+10*(int(i)-232)) * 0x010101
	}
	level := func(n uint8) RGB {
		if n == 0 {
			return 0
		}
		return 55 + 40*RGB(n)
	}
	i -= 16
	return level(i/36)<<16 | level(i/6%6)<<8 | level(i%6)
}

// luminance is the relative luminance of WCAG 2.
func luminance(c RGB) float64 {
	linear := func(v uint8) float64 {
		if f := float64(v) / 255; f > 0.04045 {
			return math.Pow((f+0.055)/1.055, 2.4)
		}
		return float64(v) / 255 / 12.92
	}
	r, g, b := c.parts()
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

func contrast(a, b RGB) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// backgrounds of terminals of each kind: black, and a common dark grey; white,
// and a common paper.
var backgrounds = map[string][]RGB{"dark": {0x000000, 0x1e1e1e}, "light": {0xffffff, 0xfdf6e3}}

func TestContrast(t *testing.T) {
	if c := contrast(0, 0xffffff); c != 21 {
		t.Fatalf("black on white is %v, want 21", c)
	}
	for _, theme := range []Theme{Dark(), Light()} {
		all := append(backgrounds[theme.Name], theme.Background)
		for s := range theme.looks {
			l, need := theme.looks[s], 4.5
			if Style(s) == Frame || Style(s) >= series0 {
				need = 3
			}
			for _, bg := range all {
				for name, c := range map[string]RGB{"true colour": l.rgb, "256": of256(l.of256)} {
					if l.natural && name != "true colour" {
						continue
					}
					if got := contrast(c, bg); got < need {
						t.Errorf("%s, style %d, %s: %v on %v is %.2f:1, want %v:1", theme.Name, s, name, c, bg, got, need)
					}
				}
			}
			// Sixteen colours are what the user has made of them; this is xterm's default.
			if got := contrast(xterm[l.of16], all[0]); !l.natural && got < 3 {
				t.Errorf("%s, style %d, 16 colours: %.2f:1 on %v", theme.Name, s, got, all[0])
			}
		}
	}
}

// TestSeriesDiffer: in every depth each series has a colour of its own, and the
// first thirty a marker of their own.
func TestSeriesDiffer(t *testing.T) {
	for _, theme := range []Theme{Dark(), Light()} {
		rgb, of256, of16 := map[RGB]bool{}, map[uint8]bool{}, map[uint8]bool{}
		for i := range SeriesColours {
			l := theme.look(Series(i))
			rgb[l.rgb], of256[l.of256], of16[l.of16] = true, true, true
		}
		if len(rgb) != SeriesColours || len(of256) != SeriesColours || len(of16) != SeriesColours {
			t.Errorf("%s: %d, %d and %d colours of %d", theme.Name, len(rgb), len(of256), len(of16), SeriesColours)
		}
	}
	seen := map[rune]bool{}
	for i := range 30 {
		if r := Marker(i); seen[r] || r <= ' ' || r > '~' {
			t.Errorf("marker %d is %q", i, r)
		}
		seen[Marker(i)] = true
	}
	if Series(-1) != Series(SeriesColours-1) || Marker(-1) != Marker(len(markers)-1) {
		t.Error("negative series")
	}
}

// TestHeatAscends: a stronger shade has more contrast, so it is more without hue too.
func TestHeatAscends(t *testing.T) {
	for _, theme := range []Theme{Dark(), Light()} {
		for i := 1; i < HeatLevels; i++ {
			a, b, bg := theme.look(Heat(i-1)), theme.look(Heat(i)), backgrounds[theme.Name][0]
			if contrast(a.rgb, bg) >= contrast(b.rgb, bg) || contrast(of256(a.of256), bg) >= contrast(of256(b.of256), bg) ||
				contrast(xterm[a.of16], bg) > contrast(xterm[b.of16], bg) {
				t.Errorf("%s: shade %d is not stronger than %d", theme.Name, i, i-1)
			}
		}
	}
	if Heat(-5) != Heat(0) || Heat(99) != Heat(HeatLevels-1) {
		t.Error("levels outside")
	}
}

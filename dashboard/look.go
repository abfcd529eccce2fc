package dashboard

import (
	"github.com/charmbracelet/colorprofile"

	"github.com/c10kit/c10kit/dashboard/screen"
)

// look is how the screen is drawn: characters, colours and theme, all of which may change
// while it is shown.
type look struct {
	chars   screen.Charset // of the terminal
	ascii   bool           // ASCII is asked for
	light   bool
	profile colorprofile.Profile
	painter *screen.Painter // of light and profile, made when it is needed
	painted bool            // which theme the painter has: light
}

// charset is what may be drawn.
func (l *look) charset() screen.Charset {
	if l.ascii {
		return screen.ASCII
	}
	return l.chars
}

func (l *look) theme() screen.Theme {
	if l.light {
		return screen.Light()
	}
	return screen.Dark()
}

func (l *look) render(g *screen.Grid) string {
	if l.painter == nil || l.painted != l.light {
		l.painter, l.painted = screen.NewPainter(l.theme(), l.profile), l.light
	}
	return l.painter.Render(g)
}

func (d *dash) nextTheme() {
	d.look.light = !d.look.light
	d.say("theme " + d.look.theme().Name)
}

// switchASCII changes between ASCII and what the terminal can show.
func (d *dash) switchASCII() {
	d.look.ascii = !d.look.ascii
	d.grid.SetCharset(d.look.charset())
	if d.look.chars == screen.ASCII {
		d.look.ascii = true
		d.say("this terminal shows ASCII only: TERM or the locale say so")
	}
}

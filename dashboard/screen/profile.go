package screen

import (
	"slices"
	"strings"

	"github.com/charmbracelet/colorprofile"
)

// Profile tells from an environment like os.Environ() how many colours the
// terminal has. The caller has made sure that the output is a terminal, or
// that colour was forced: for anything else the profile is colorprofile.NoTTY.
//
//	NoTTY     no escape sequence at all (TERM=dumb)
//	ASCII     bold and reverse, no colour (NO_COLOR, no-color.org)
//	ANSI, ANSI256, TrueColor
//
// CLICOLOR_FORCE and COLORTERM count as in colorprofile.Env, which this adds
// one thing to: NO_COLOR with any value that is not empty, as its page asks,
// while colorprofile takes only those that mean true.
func Profile(environ []string) colorprofile.Profile {
	p := colorprofile.Env(environ)
	none := slices.ContainsFunc(environ, func(s string) bool {
		return strings.HasPrefix(s, "NO_COLOR=") && s != "NO_COLOR="
	})
	if none {
		p = min(p, colorprofile.ASCII)
	}
	return p
}

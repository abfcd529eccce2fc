// Package startup is what must have run before other packages' init functions do.
//
// github.com/charmbracelet/bubbletea v1 asks the terminal for its background colour
// in an init function, by escape sequences on stdout, and waits up to five seconds for
// the answer: in every process of a program that links it, be it one that only prints
// a version. It asks through lipgloss, which asks nobody once it was told.
//
// Go initialises packages one by one, each time the first in the order of import paths
// of those whose imports are all initialised (go.dev/ref/spec, Package initialization).
// This package imports nothing of what bubbletea does not, except lipgloss, which
// bubbletea imports too: so whenever bubbletea could be next, this package could have
// been before it, and its path sorts first:
//
//	github.com/c10kit/c10kit/internal/startup
//	github.com/charmbracelet/bubbletea
//
// A blank import by the program is all that is needed; where it stands does not
// matter. Any other import here could break the order: TestOnlyLipgloss forbids it.
package startup

import "github.com/charmbracelet/lipgloss"

func init() {
	// Dark is what lipgloss assumes of a terminal that does not answer. The dashboard
	// may ask, when it has the terminal.
	lipgloss.SetHasDarkBackground(true)
}

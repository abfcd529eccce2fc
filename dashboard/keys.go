package dashboard

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// keyMap names every key that the main screen reacts to. The help overlay and the footer
// are made from it, and actions dispatches by it, so that none of the three can lie.
type keyMap struct {
	Help, Quit, QuitKeep, Suspend                   key.Binding
	NextPane, PrevPane, Zoom, Back                  key.Binding
	Up, Down, PageUp, PageDown, First, Last         key.Binding
	Toggle, ToggleRow, Group                        key.Binding
	Sort, Reverse, Filter, Base, ThisBase           key.Binding
	Metric, Log                                     key.Binding
	Open, Pause, Freeze, Next, Cancel               key.Binding
	SeekBack, SeekOn, PartBack, PartOn, Plus, Minus key.Binding
	Again                                           key.Binding
	Theme, ASCII, Export                            key.Binding
}

func bind(show, what string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(show, what))
}

// keys have descriptions of at most helpDesc columns; "replay | live" where the two differ.
var keys = keyMap{
	Help:     bind("?", "this help", "?", "f1"),
	Quit:     bind("q ^C", "quit | quit; asks during a run", "q", "ctrl+c"),
	QuitKeep: bind("Q", "quit, keep the screen as text", "Q"),
	Suspend:  bind("^Z", "to the shell; fg comes back", "ctrl+z"),

	NextPane: bind("Tab", "next pane", "tab"),
	PrevPane: bind("S-Tab", "pane before", "shift+tab"),
	Zoom:     bind("Enter", "zoom the pane, and back", "enter"),
	Back:     bind("Esc", "close; end zoom or filter", "esc"),

	Up:       bind("Up k", "row above", "up", "k"),
	Down:     bind("Down j", "row below", "down", "j"),
	PageUp:   bind("PgUp", "a page up", "pgup"),
	PageDown: bind("PgDn", "a page down", "pgdown"),
	First:    bind("Home", "to the start | first row", "home"),
	Last:     bind("End", "to the end | last row", "end"),

	Toggle:    bind("1-9", "show or hide a model in panes", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
	ToggleRow: bind("Space", "show or hide the selected one", " "),
	Group:     bind("g", "next group (mode, conns)", "g"),

	Sort:     bind("s", "sort by the next column", "s"),
	Reverse:  bind("S", "smallest or largest first", "S"),
	Filter:   bind("/", "filter models by name", "/"),
	Base:     bind("d", "next base of differences", "d"),
	ThisBase: bind("b", "the selected row as the base", "b"),
	Metric:   bind("x", "next metric over time", "x"),
	Log:      bind("l", "logarithmic or linear", "l"),

	Open:   bind("o", "set up and start a run", "o"),
	Pause:  bind("p", "stop, and go on | pause before the next cell", "p"),
	Freeze: bind("f", "freeze the screen only", "f"),
	Next:   bind("n", "next round | skip the rest of the round", "n"),
	Cancel: bind("c", "stop the run, keep its data", "c"),

	SeekBack: bind("[", "cell before", "["),
	SeekOn:   bind("]", "next cell", "]"),
	PartBack: bind("{", "back by 10%", "{"),
	PartOn:   bind("}", "on by 10%", "}"),
	Plus:     bind("+", "faster | shorter time axis", "+", "="),
	Minus:    bind("-", "slower | longer time axis", "-"),
	Again:    bind("r", "from the start | replay the run at its end", "r"),

	Theme:  bind("t", "dark or light theme", "t"),
	ASCII:  bind("a", "ASCII or box characters", "a"),
	Export: bind("e", "write text and SVG to files", "e"),
}

// action is what a key does, and where it is shown.
type action struct {
	binding key.Binding
	word    string // what the footer calls it, as the line has room for no more; empty: not there
	in      runs
	do      func(*dash, tea.KeyMsg) tea.Cmd // a click on the footer has no key
}

// runs are those in which a key is of use.
type runs uint8

const (
	anyRun runs = iota
	replayOnly
	liveOnly // or a replay of one that has ended, from where another is set up
)

// act adapts what needs neither the key nor a command.
func act(do func(*dash)) func(*dash, tea.KeyMsg) tea.Cmd {
	return func(d *dash, _ tea.KeyMsg) tea.Cmd {
		do(d)
		return nil
	}
}

// actions is what update dispatches by, in the order in which help and footer show them.
func (k keyMap) actions() []action {
	return []action{
		{k.Help, "help", anyRun, act((*dash).toggleHelp)},
		{k.Back, "", anyRun, act((*dash).back)},
		{k.Quit, "quit", anyRun, func(d *dash, _ tea.KeyMsg) tea.Cmd { return d.quit(false) }},
		{k.QuitKeep, "", anyRun, func(d *dash, _ tea.KeyMsg) tea.Cmd { return d.quit(true) }},
		{k.Suspend, "", anyRun, func(d *dash, _ tea.KeyMsg) tea.Cmd { return d.suspend() }},
		{k.NextPane, "pane", anyRun, act(func(d *dash) { d.focusPane(1) })},
		{k.PrevPane, "", anyRun, act(func(d *dash) { d.focusPane(-1) })},
		{k.Zoom, "zoom", anyRun, act(func(d *dash) { d.zoom = !d.zoom })},
		{k.Up, "", anyRun, act(func(d *dash) { d.selectRow(-1) })},
		{k.Down, "", anyRun, act(func(d *dash) { d.selectRow(1) })},
		{k.PageUp, "", anyRun, act(func(d *dash) { d.selectRow(-d.page()) })},
		{k.PageDown, "", anyRun, act(func(d *dash) { d.selectRow(d.page()) })},
		{k.First, "", anyRun, act(func(d *dash) { d.jump(0) })},
		{k.Last, "", anyRun, act(func(d *dash) { d.jump(1) })},
		{k.Toggle, "toggle", anyRun, func(d *dash, m tea.KeyMsg) tea.Cmd { d.toggle(m.String()); return nil }},
		{k.ToggleRow, "", anyRun, act((*dash).toggleRow)},
		{k.Group, "group", anyRun, act((*dash).nextGroup)},
		{k.Sort, "sort", anyRun, act((*dash).nextSort)},
		{k.Reverse, "", anyRun, act((*dash).turnSort)},
		{k.Filter, "", anyRun, act(func(d *dash) { d.filtering = true })},
		{k.Base, "diff", anyRun, act((*dash).nextBase)},
		{k.ThisBase, "", anyRun, act((*dash).thisBase)},
		{k.Metric, "metric", anyRun, act((*dash).nextMetric)},
		{k.Log, "log/lin", anyRun, act((*dash).toggleLog)},
		{k.Pause, "pause", anyRun, act((*dash).pause)},
		{k.Freeze, "", anyRun, act((*dash).freeze)},
		{k.Next, "", anyRun, act((*dash).nextRound)},
		{k.Open, "set up", liveOnly, act((*dash).openForm)},
		{k.Cancel, "stop", liveOnly, act((*dash).cancel)},
		{k.SeekBack, "back", replayOnly, act(func(d *dash) { d.seek(func(p *player) { p.step(-1) }) })},
		{k.SeekOn, "on", replayOnly, act(func(d *dash) { d.seek(func(p *player) { p.step(1) }) })},
		{k.PartBack, "", replayOnly, act(func(d *dash) { d.seek(func(p *player) { p.seekPart(p.part() - 0.1) }) })},
		{k.PartOn, "", replayOnly, act(func(d *dash) { d.seek(func(p *player) { p.seekPart(p.part() + 0.1) }) })},
		{k.Plus, "faster | less time", anyRun, act(func(d *dash) { d.scale(true) })},
		{k.Minus, "slower | more time", anyRun, act(func(d *dash) { d.scale(false) })},
		{k.Again, "replay", anyRun, func(d *dash, _ tea.KeyMsg) tea.Cmd { return d.again() }},
		{k.Export, "export", anyRun, func(d *dash, _ tea.KeyMsg) tea.Cmd { return d.export() }},
		{k.Theme, "theme", anyRun, act((*dash).nextTheme)},
		{k.ASCII, "", anyRun, act((*dash).switchASCII)},
	}
}

// usable are the actions that are of use here, which help and footer show.
func (d *dash) usable() []action {
	return slices.DeleteFunc(keys.actions(), func(a action) bool {
		return a.in == replayOnly && d.player == nil || a.in == liveOnly && d.control == nil
	})
}

// either is the half of "replay | live" that is true now, or all of a text without halves.
func (d *dash) either(text string) string {
	replay, live, two := strings.Cut(text, " | ")
	if two && d.player == nil {
		return live
	}
	return replay
}

package dashboard

import (
	"github.com/charmbracelet/bubbles/help"
	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// keyMap names every key that the main screen reacts to. The help overlay and the footer
// are made from it, and actions dispatches by it, so that none of the three can lie.
type keyMap struct {
	Help, Quit, QuitKeep, Suspend                   key.Binding
	NextPane, PrevPane, Zoom, Back                  key.Binding
	Up, Down, First, Last, Toggle, Group            key.Binding
	Sort, Reverse, Filter, Base, Metric, Log        key.Binding
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

	Up:     bind("Up k", "row above", "up", "k"),
	Down:   bind("Down j", "row below", "down", "j"),
	First:  bind("Home", "to the start | first row", "home"),
	Last:   bind("End", "to the end | last row", "end"),
	Toggle: bind("1-9", "show or hide a model in panes", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
	Group:  bind("g", "next group (mode, conns)", "g"),

	Sort:    bind("s", "sort by the next column", "s"),
	Reverse: bind("S", "smallest or largest first", "S"),
	Filter:  bind("/", "filter models by name", "/"),
	Base:    bind("d", "next base of differences", "d"),
	Metric:  bind("x", "next metric over time", "x"),
	Log:     bind("l", "logarithmic or linear", "l"),

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

var _ help.KeyMap = keyMap{}

// ShortHelp is what the footer shows, as far as it has room.
func (k keyMap) ShortHelp() []key.Binding {
	return []key.Binding{
		k.Help, k.Quit, k.NextPane, k.Zoom, k.Toggle, k.Group, k.Sort, k.Base, k.Metric, k.Log, k.Pause, k.Open, k.Cancel,
		k.SeekBack, k.SeekOn, k.Plus, k.Minus, k.Again, k.Export, k.Theme,
	}
}

// FullHelp is what the overlay shows: every key, in groups.
func (k keyMap) FullHelp() [][]key.Binding {
	return [][]key.Binding{
		{k.Help, k.Back, k.Quit, k.QuitKeep, k.Suspend},
		{k.Up, k.Down, k.First, k.Last, k.Toggle, k.Group},
		{k.NextPane, k.PrevPane, k.Zoom},
		{k.Sort, k.Reverse, k.Filter, k.Base, k.Metric, k.Log},
		{k.Open, k.Pause, k.Freeze, k.Next, k.Cancel},
		{k.SeekBack, k.SeekOn, k.PartBack, k.PartOn, k.Plus, k.Minus, k.Again},
		{k.Theme, k.ASCII, k.Export},
	}
}

// action is what a key does.
type action struct {
	binding key.Binding
	do      func(*dash, tea.KeyMsg) tea.Cmd
}

// act adapts what needs neither the key nor a command.
func act(do func(*dash)) func(*dash, tea.KeyMsg) tea.Cmd {
	return func(d *dash, _ tea.KeyMsg) tea.Cmd {
		do(d)
		return nil
	}
}

// actions is what update dispatches by.
func (k keyMap) actions() []action {
	return []action{
		{k.Help, act((*dash).toggleHelp)},
		{k.Quit, func(d *dash, _ tea.KeyMsg) tea.Cmd { return d.quit(false) }},
		{k.QuitKeep, func(d *dash, _ tea.KeyMsg) tea.Cmd { return d.quit(true) }},
		{k.Suspend, func(d *dash, _ tea.KeyMsg) tea.Cmd { return d.suspend() }},
		{k.NextPane, act(func(d *dash) { d.focusPane(1) })},
		{k.PrevPane, act(func(d *dash) { d.focusPane(-1) })},
		{k.Zoom, act(func(d *dash) { d.zoom = !d.zoom })},
		{k.Back, act((*dash).back)},
		{k.Up, act(func(d *dash) { d.selectRow(-1) })},
		{k.Down, act(func(d *dash) { d.selectRow(1) })},
		{k.First, act(func(d *dash) { d.jump(0) })},
		{k.Last, act(func(d *dash) { d.jump(1) })},
		{k.Toggle, func(d *dash, m tea.KeyMsg) tea.Cmd { d.toggle(m.String()); return nil }},
		{k.Group, act((*dash).nextGroup)},
		{k.Sort, act((*dash).nextSort)},
		{k.Reverse, act((*dash).turnSort)},
		{k.Filter, act(func(d *dash) { d.filtering = true })},
		{k.Base, act((*dash).nextBase)},
		{k.Metric, act((*dash).nextMetric)},
		{k.Log, act((*dash).toggleLog)},
		{k.Open, act((*dash).openForm)},
		{k.Pause, act((*dash).pause)},
		{k.Freeze, act((*dash).freeze)},
		{k.Next, act((*dash).nextRound)},
		{k.Cancel, act((*dash).cancel)},
		{k.SeekBack, act(func(d *dash) { d.seek(func(p *player) { p.step(-1) }) })},
		{k.SeekOn, act(func(d *dash) { d.seek(func(p *player) { p.step(1) }) })},
		{k.PartBack, act(func(d *dash) { d.seek(func(p *player) { p.seekPart(p.part() - 0.1) }) })},
		{k.PartOn, act(func(d *dash) { d.seek(func(p *player) { p.seekPart(p.part() + 0.1) }) })},
		{k.Plus, act(func(d *dash) { d.scale(true) })},
		{k.Minus, act(func(d *dash) { d.scale(false) })},
		{k.Again, func(d *dash, _ tea.KeyMsg) tea.Cmd { return d.again() }},
		{k.Theme, act((*dash).nextTheme)},
		{k.ASCII, act((*dash).switchASCII)},
		{k.Export, func(d *dash, _ tea.KeyMsg) tea.Cmd { return d.export() }},
	}
}

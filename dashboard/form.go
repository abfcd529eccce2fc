package dashboard

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/c10kit/c10kit/dashboard/screen"
	"github.com/c10kit/c10kit/results"
)

// form is the setup of a run. It has a list of models to tick and lines to fill in:
//
//	┌─ a new run ────────────────────────────────────┐
//	│ models  [x] ppc:fork      [ ] prefork:flock    │
//	│         [x] tpc:thread    [x] reactor:epoll    │
//	│ conns   64                                     │
//	│ mode    < both >                               │
//	└─ Enter start  Space tick  arrows move  Esc ────┘
type form struct {
	models  []Offered
	ticked  []bool
	lines   []line
	at      int // the model or, from len(models) on, the line that keys go to
	columns int // of models, as they were drawn
	width   int // of such a column
	problem string
}

// line is one setting: a text, or one of several choices.
type line struct {
	name    string
	text    string
	choices []string // nil for a text
}

// The lines of the form.
const (
	lineConns = iota
	linePath
	lineMode
	lineRounds
	lineWindow
	linePlacement
)

const bothModes = "both"

func newForm(c Choices) *form {
	f := &form{models: c.Models, ticked: make([]bool, len(c.Models)), columns: 1}
	for i, m := range c.Models {
		f.ticked[i] = slices.Contains(c.Default.Models, m.Spec)
	}
	modes := slices.Clone(c.Modes)
	mode := strings.Join(c.Default.Modes, "")
	if len(modes) > 1 {
		modes = append(modes, bothModes)
		if len(c.Default.Modes) != 1 {
			mode = bothModes
		}
	}
	f.lines = []line{
		lineConns:     {name: "conns", text: joinInts(c.Default.Conns)},
		linePath:      {name: "path", text: c.Default.Path},
		lineMode:      {name: "mode", text: mode, choices: modes},
		lineRounds:    {name: "rounds", text: strconv.Itoa(c.Default.Rounds)},
		lineWindow:    {name: "window", text: c.Default.Window.String()},
		linePlacement: {name: "placement", text: c.Default.Placement, choices: c.Placements},
	}
	return f
}

func joinInts(n []int) string {
	texts := make([]string, len(n))
	for i, v := range n {
		texts[i] = strconv.Itoa(v)
	}
	return strings.Join(texts, ",")
}

// choice reads the form. The error is for the user.
func (f *form) choice() (Choice, error) {
	c := Choice{Path: f.lines[linePath].text, Placement: f.lines[linePlacement].text}
	for i, m := range f.models {
		if f.ticked[i] {
			c.Models = append(c.Models, m.Spec)
		}
	}
	if len(c.Models) == 0 {
		return c, fmt.Errorf("no model is ticked: Space ticks one")
	}
	for _, text := range strings.FieldsFunc(f.lines[lineConns].text, func(r rune) bool { return r == ',' || r == ' ' }) {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return c, fmt.Errorf("conns %q: numbers from 1 on are needed, as 64,256", text)
		}
		c.Conns = append(c.Conns, n)
	}
	if mode := &f.lines[lineMode]; mode.text == bothModes {
		c.Modes = mode.choices[:len(mode.choices)-1]
	} else if mode.text != "" {
		c.Modes = []string{mode.text}
	}
	var err error
	if c.Rounds, err = strconv.Atoi(f.lines[lineRounds].text); err != nil || c.Rounds < 1 {
		return c, fmt.Errorf("rounds %q: a number from 1 on is needed", f.lines[lineRounds].text)
	}
	if c.Window, err = time.ParseDuration(f.lines[lineWindow].text); err != nil || c.Window <= 0 {
		return c, fmt.Errorf("window %q: a time such as 1s or 500ms is needed", f.lines[lineWindow].text)
	}
	return c, nil
}

func (d *dash) openForm() {
	switch {
	case d.control == nil:
		d.status = "this is a stored run: c10kit dashboard runs new ones"
	case d.running():
		d.status = "a run goes on: c stops it"
	default:
		d.form = newForm(d.control.Offer())
	}
}

// start begins a run; what is wrong with the choice is returned.
func (d *dash) start(c Choice) error {
	feed := NewFeed()
	if err := d.control.Start(c, feed); err != nil {
		return err
	}
	d.feed, d.stopping, d.paused, d.frozen = feed, false, false, false
	d.group, d.selected = -1, ""
	// Until the run has told of its folder there is nothing to show, and it goes on already.
	d.story = newStory("", results.Manifest{Rounds: c.Rounds})
	return nil
}

func (d *dash) formKey(msg tea.KeyMsg) tea.Cmd {
	f := d.form
	f.problem = ""
	switch msg.String() {
	case "ctrl+c":
		d.form = nil
		return d.quit(false)
	case "esc":
		d.form = nil
	case "enter":
		c, err := f.choice()
		if err == nil {
			err = d.start(c)
		}
		if err != nil {
			f.problem = clean(err.Error())
			return nil
		}
		d.form = nil
	case "up", "shift+tab":
		f.move(-1)
	case "down", "tab":
		f.move(1)
	case "left":
		f.turn(-1)
	case "right":
		f.turn(1)
	default:
		f.input(msg)
	}
	return nil
}

// move goes up or down: by a line of the list of models, or to the next setting.
func (f *form) move(by int) {
	n, last := len(f.models), len(f.models)+len(f.lines)-1
	if f.at < n {
		at := f.at + by*f.columns
		if at >= n && f.at/f.columns < (n-1)/f.columns {
			at = n - 1 // the last line of the list is short
		}
		f.at = min(max(at, 0), n)
		return
	}
	f.at = min(max(f.at+by, 0), last)
}

// turn goes left or right: to the next model, or to the next choice of a setting.
func (f *form) turn(by int) {
	if f.at < len(f.models) {
		f.at = min(max(f.at+by, 0), len(f.models)-1)
		return
	}
	l := f.line()
	if n := len(l.choices); n > 0 {
		i := slices.Index(l.choices, l.text)
		l.text = l.choices[(i+by+n)%n]
	}
}

func (f *form) line() *line { return &f.lines[f.at-len(f.models)] }

func (f *form) input(msg tea.KeyMsg) {
	switch {
	case f.at < len(f.models):
		if msg.String() == " " {
			f.ticked[f.at] = !f.ticked[f.at]
		}
	case f.line().choices != nil:
		if msg.String() == " " {
			f.turn(1)
		}
	default:
		f.line().text = edit(f.line().text, msg)
	}
}

// formLabel is the width of the names of settings.
const formLabel = 11

func (d *dash) drawForm(a screen.Area) {
	f := d.form
	inside := a.Panel(screen.Panel{
		Title: "a new run", Focused: true, Footer: "Enter start  Space tick  arrows move  Esc close",
	})
	room := max(inside.Height()-len(f.lines)-2, 1)
	list, settings := inside.Top(min(f.layModels(inside), room) + 1)
	d.drawModels(list)
	y := 0
	for i, l := range f.lines {
		style := screen.Normal
		text := clean(l.text)
		if l.choices != nil {
			text = "< " + text + " >"
		}
		if i+len(f.models) == f.at {
			style = screen.Focus
			if l.choices == nil {
				text += "_"
			}
		} else if l.name == "conns" && l.text == "" {
			text = "as suits each model"
		}
		settings.Text(1, y, l.name, screen.Title)
		settings.Text(formLabel, y, text, style)
		d.click(settings.Row(y), func(d *dash) { d.form.at = i + len(d.form.models) })
		y++
	}
	if f.problem != "" {
		settings.Text(1, y+1, f.problem, screen.Bad)
		return
	}
	if f.at < len(f.models) {
		settings.Text(1, y+1, clean(f.models[f.at].About), screen.Dim)
	}
}

// layModels divides the list into as many columns as a has room for, and returns how many
// lines that makes.
func (f *form) layModels(a screen.Area) int {
	f.width = 1
	for _, m := range f.models {
		f.width = max(f.width, a.TextWidth(m.Spec)+6)
	}
	f.columns = max((a.Width()-formLabel)/f.width, 1)
	return (len(f.models) + f.columns - 1) / f.columns
}

// drawModels draws the list, the part of it where the keys are.
func (d *dash) drawModels(a screen.Area) {
	f := d.form
	a.Text(1, 0, "models", screen.Title)
	_, a = a.Left(formLabel)
	a, _ = a.Top(a.Height() - 1)
	top := max(f.at/f.columns-a.Height()+1, 0)
	if f.at >= len(f.models) {
		top = 0
	}
	for i, m := range f.models {
		box, style := "[ ] ", screen.Normal
		if f.ticked[i] {
			box = "[x] "
		}
		if i == f.at {
			style = screen.Focus | screen.Reverse
		}
		x, y := i%f.columns*f.width, i/f.columns-top
		a.Text(x, y, box+clean(m.Spec), style)
		d.click(a.Sub(x, y, f.width-1, 1), func(d *dash) { d.form.at, d.form.ticked[i] = i, !d.form.ticked[i] })
	}
}

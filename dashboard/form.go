package dashboard

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/c10kit/c10kit/results"
)

// form is the setup of a run. It has a list of models to tick and lines to fill in:
//
//	┌─ a new run ────────────────────────────────────┐
//	│ models  [x] ppc:fork      [ ] prefork:flock    │
//	│         [x] tpc:thread    [x] reactor:epoll    │
//	│ conns   64                                     │
//	│ mode    < both >                               │
//	│ what is wrong, or what the model is            │
//	└────────────────────────────────────────────────┘
type form struct {
	models  []Offered
	ticked  []bool
	lines   []line
	at      int // the model or, from len(models) on, the line that keys go to
	columns int // of models, as they were drawn
	width   int // of such a column
	top     int // line of the list that is drawn first
	problem string
}

// line is one setting: a text, or one of several choices.
type line struct {
	name    string
	input            // text is one of choices, if there are any
	choices []string // nil for a text
}

// formKeys are those that the form has of its own.
const formKeys = "Enter start  Space tick  arrows move  Esc close"

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
		lineConns:     {name: "conns", input: input{text: joinInts(c.Default.Conns)}},
		linePath:      {name: "path", input: input{text: c.Default.Path}},
		lineMode:      {name: "mode", input: input{text: mode}, choices: modes},
		lineRounds:    {name: "rounds", input: input{text: strconv.Itoa(c.Default.Rounds)}},
		lineWindow:    {name: "window", input: input{text: c.Default.Window.String()}},
		linePlacement: {name: "placement", input: input{text: c.Default.Placement}, choices: c.Placements},
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

// SettingError is what is wrong with one setting of a Choice.
type SettingError struct {
	Setting string // conns, path, mode, rounds, window or placement
	Problem string // "0: a number from 1 on is needed"
}

func (e *SettingError) Error() string { return e.Setting + " " + e.Problem }

func settingErrorf(setting, format string, args ...any) error {
	return &SettingError{Setting: setting, Problem: fmt.Sprintf(format, args...)}
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
			return c, settingErrorf("conns", "%q: numbers from 1 on are needed, as 64,256", text)
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
		return c, settingErrorf("rounds", "%q: a number from 1 on is needed", f.lines[lineRounds].text)
	}
	if c.Window, err = time.ParseDuration(f.lines[lineWindow].text); err != nil || c.Window <= 0 {
		return c, settingErrorf("window", "%q: a time such as 1s or 500ms is needed", f.lines[lineWindow].text)
	}
	return c, nil
}

func (d *dash) openForm() {
	switch {
	case d.control == nil:
		d.say("this is a stored run: c10kit dashboard runs new ones")
	case d.running():
		d.say("a run goes on: c stops it")
	default:
		offer := d.control.Offer()
		if d.chosen != nil {
			offer.Default = *d.chosen
		}
		d.form = newForm(offer)
	}
}

// start begins a run; what is wrong with the choice is returned.
func (d *dash) start(c Choice) error {
	feed := NewFeed()
	if err := d.control.Start(c, feed); err != nil {
		return err
	}
	d.chosen, d.player = &c, nil
	d.feed, d.stopping, d.paused, d.frozen = feed, false, false, false
	d.group, d.selected, d.filter = -1, "", ""
	// Until the run has told of its folder there is nothing to show, and it goes on already.
	d.story = newStory(Head{Manifest: results.Manifest{Rounds: c.Rounds}})
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
			f.refuse(err)
			return nil
		}
		d.form = nil
	case "up", "shift+tab":
		f.move(-1)
	case "down", "tab":
		f.move(1)
	default:
		f.key(msg)
	}
	return nil
}

// refuse shows what is wrong, and goes to the setting that it is wrong with.
func (f *form) refuse(err error) {
	f.problem = clean(err.Error())
	var wrong *SettingError
	if !errors.As(err, &wrong) {
		return
	}
	if i := slices.IndexFunc(f.lines, func(l line) bool { return l.name == wrong.Setting }); i >= 0 {
		f.at = len(f.models) + i
	}
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

// turn goes left or right: to the next model, or to the next choice of a setting that has
// some.
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

// key takes what neither starts nor leaves a line.
func (f *form) key(msg tea.KeyMsg) {
	switch {
	case f.at >= len(f.models) && f.line().choices == nil:
		f.line().key(msg)
	case msg.Type == tea.KeyLeft:
		f.turn(-1)
	case msg.Type == tea.KeyRight:
		f.turn(1)
	case msg.String() != " ":
	case f.at < len(f.models):
		f.ticked[f.at] = !f.ticked[f.at]
	default:
		f.turn(1)
	}
}

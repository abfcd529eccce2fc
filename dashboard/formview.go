package dashboard

import (
	"strings"

	"github.com/c10kit/c10kit/dashboard/screen"
)

const (
	formLabel   = 11 // width of the names of settings
	formMessage = 2  // lines of what is wrong
)

// drawForm draws the settings and what is said about them whole, and of the list of models
// as much as there is room for.
func (d *dash) drawForm(a screen.Area) {
	f := d.form
	inside := a.Panel(screen.Panel{Title: "a new run", Focused: true})
	message := f.message(inside)
	room := inside.Height() - len(f.lines) - len(message)
	rows := min(f.layModels(inside), max(room, 1))
	gap := min(max((room-rows)/2, 0), 1) // a blank line above and below the settings
	list, rest := inside.Top(rows)
	d.drawModels(list)
	_, rest = rest.Top(gap)
	settings, rest := rest.Top(len(f.lines))
	for i := range f.lines {
		d.drawSetting(settings.Row(i), i)
	}
	for i, l := range message {
		rest.Field(1, gap+i, rest.Width()-2, screen.Left, l.Text, l.Style)
	}
}

// message is what is wrong, or what the model under the cursor is, for a frame with a inside.
func (f *form) message(a screen.Area) []screen.Span {
	if f.problem == "" {
		about := ""
		if f.at < len(f.models) {
			about = clean(f.models[f.at].About)
		}
		return []screen.Span{{Text: about, Style: screen.Dim}}
	}
	lines := a.Wrap(f.problem, a.Width()-2, 0)
	if len(lines) > formMessage {
		lines = append(lines[:formMessage-1], strings.Join(lines[formMessage-1:], " "))
	}
	var all []screen.Span
	for _, l := range lines {
		all = append(all, screen.Span{Text: l, Style: screen.Bad})
	}
	return all
}

func (d *dash) drawSetting(a screen.Area, i int) {
	f, l := d.form, &d.form.lines[i]
	a.Text(1, 0, l.name, screen.Title)
	value := a.Sub(formLabel, 0, a.Width()-formLabel-1, 1)
	here := f.at == len(f.models)+i
	style := screen.Normal
	if here {
		style = screen.Focus
	}
	switch {
	case l.choices != nil:
		value.Text(0, 0, "< "+clean(l.text)+" >", style)
	case here:
		l.draw(value, style)
	case i == lineConns && l.text == "":
		value.Text(0, 0, "as suits each model", style)
	default:
		value.Field(0, 0, value.Width(), screen.Left, clean(l.text), style)
	}
	d.click(a, func(d *dash) { d.form.at = i + len(d.form.models) })
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

// drawModels draws the list, the part of it where the keys are; "…" stands where there is
// more.
func (d *dash) drawModels(a screen.Area) {
	f := d.form
	a.Text(1, 0, "models", screen.Title)
	_, a = a.Left(formLabel)
	rows := (len(f.models) + f.columns - 1) / f.columns
	if f.at < len(f.models) {
		row := f.at / f.columns
		f.top = min(max(f.top, row-a.Height()+1), row)
	}
	f.top = min(f.top, max(rows-a.Height(), 0))
	for i := f.top * f.columns; i < min((f.top+a.Height())*f.columns, len(f.models)); i++ {
		box, style := "[ ] ", screen.Normal
		if f.ticked[i] {
			box = "[x] "
		}
		if i == f.at {
			style = screen.Focus | screen.Reverse
		}
		x, y := i%f.columns*f.width, i/f.columns-f.top
		a.Text(x, y, box+clean(f.models[i].Spec), style)
		d.click(a.Sub(x, y, f.width-1, 1), func(d *dash) { d.form.at, d.form.ticked[i] = i, !d.form.ticked[i] })
	}
	if f.top > 0 {
		a.Text(a.Width()-1, 0, "…", screen.Dim)
	}
	if f.top+a.Height() < rows {
		a.Text(a.Width()-1, a.Height()-1, "…", screen.Dim)
	}
}

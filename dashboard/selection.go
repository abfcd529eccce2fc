package dashboard

import (
	"slices"
	"strings"
	"time"

	"github.com/c10kit/c10kit/results"
)

// sight is what of the story the user looks at, and how. Another size of the window leaves it as
// it is, another run all but group, selection and filter.
type sight struct {
	focus    pane
	zoom     bool
	group    int    // of story.groups; -1 is the largest
	selected string // ID of a row's cell, so that sorting and resizing keep it
	hidden   map[string]bool
	sort     int    // column, -1 for the manifest's order
	reverse  bool   // smallest first, or the manifest's order backwards
	filter   string // what names of models have
	base     string // spec, or otherRun; empty is the usual base
	metric   results.Metric
	logs     [paneCount]bool
	span     time.Duration // of time axes, 0 is all
	scroll   int           // lines, of a pane of text

	// As drawn last:
	placed []*column // of the table
	cursor int       // top row of a table that is higher than its room
	seen   int       // lines of the zoomed text, or rows of the table
}

// newSight is what is looked at in the beginning.
func newSight() sight {
	s := sight{group: -1, hidden: map[string]bool{}, sort: -1, metric: results.ReqPerSec}
	s.logs[paneCurve] = true
	return s
}

// groupNow is the group that is shown; it is empty before the first run.
func (d *dash) groupNow() group {
	if len(d.story.groups) == 0 {
		return group{}
	}
	return d.story.groups[d.groupIndex()]
}

// groupIndex is which group is shown: the first of the largest, until another is asked for.
func (d *dash) groupIndex() int {
	if d.group >= 0 {
		return min(d.group, len(d.story.groups)-1)
	}
	largest := 0
	for i, g := range d.story.groups {
		if len(g.rows) > len(d.story.groups[largest].rows) {
			largest = i
		}
	}
	return largest
}

// rows are those that the table shows, in its order.
func (d *dash) rows() []*row {
	var rows []*row
	for _, r := range d.groupNow().rows {
		if strings.Contains(strings.ToLower(r.spec), strings.ToLower(d.filter)) {
			rows = append(rows, r)
		}
	}
	d.order(rows)
	return rows
}

// filterName is the filter as a title shows it.
func (d *dash) filterName() string {
	if d.filter == "" {
		return ""
	}
	return " /" + d.filter
}

// selectFirst selects a row at the first sight of a run. From then on it is the user's, and
// sorting takes it along.
func (d *dash) selectFirst() {
	if r := d.row(); d.selected == "" && r != nil {
		d.selected = r.cell.ID
	}
}

// drawn are the rows that panes show: those of the table that are not switched off.
func (d *dash) drawn() []*row {
	return slices.DeleteFunc(d.rows(), func(r *row) bool { return d.hidden[r.spec] })
}

// row is the selected one: the first where what was selected is not shown. It is nil where
// there is none.
func (d *dash) row() *row {
	rows := d.rows()
	for _, r := range rows {
		if r.cell.ID == d.selected {
			return r
		}
	}
	// In another group the same model is meant.
	for _, r := range rows {
		if s := d.selectedSpec(); s != "" && r.spec == s {
			return r
		}
	}
	if len(rows) > 0 {
		return rows[0]
	}
	return nil
}

func (d *dash) selectedSpec() string {
	for _, r := range d.story.rows {
		if r.cell.ID == d.selected {
			return r.spec
		}
	}
	return ""
}

// toOther reports whether differences are to the other run.
func (d *dash) toOther() bool { return d.other != nil && (d.base == "" || d.base == otherRun) }

// baseOf is what r is held against, nil if there is nothing.
func (d *dash) baseOf(r *row) *row {
	if d.toOther() {
		return d.other.find(r.cell)
	}
	rows := d.groupNow().rows
	for _, b := range rows {
		if b.spec == d.base {
			return b
		}
	}
	if len(rows) > 0 {
		return rows[0]
	}
	return nil
}

// baseName names what differences are to.
func (d *dash) baseName() string {
	if d.toOther() {
		return "other run " + d.other.name()
	}
	for _, b := range d.groupNow().rows {
		if b.spec == d.base {
			return b.spec
		}
	}
	if rows := d.groupNow().rows; len(rows) > 0 {
		return rows[0].spec
	}
	return "nothing"
}

package dashboard

import (
	"cmp"
	"slices"
)

// The order of the table: the manifest's, or by a column that is on the screen.

// nextSort goes to the next column that the table has now.
func (d *dash) nextSort() {
	next := -1
	for _, c := range d.placed {
		if i := columnIndex(c); c.value != nil && i > d.sort && next < 0 {
			next = i
		}
	}
	d.sort = next
	d.saySort()
}

// sortBy sorts by a column, and the other way round when asked again.
func (d *dash) sortBy(c *column) {
	switch i := columnIndex(c); {
	case c.value == nil:
		d.say(c.name + " is no figure to sort by")
		return
	case d.sort == i:
		d.reverse = !d.reverse
	default:
		d.sort, d.reverse = i, false
	}
	d.saySort()
}

func (d *dash) turnSort() {
	d.reverse = !d.reverse
	d.saySort()
}

func (d *dash) saySort() {
	switch {
	case d.sort < 0 && d.reverse:
		d.say("in the order of the run, the last first")
	case d.sort < 0:
		d.say("in the order of the run")
	case d.reverse:
		d.say("sorted by " + columns[d.sort].name + ", smallest first")
	default:
		d.say("sorted by " + columns[d.sort].name + ", largest first")
	}
}

// header is what stands above a column: its name, and which way it is sorted by.
func (d *dash) header(c *column) string {
	switch {
	case d.sort < 0 || columnIndex(c) != d.sort:
		return c.name
	case d.reverse:
		return c.name + "▲"
	}
	return c.name + "▼"
}

func columnIndex(c *column) int {
	return slices.IndexFunc(columns, func(x column) bool { return x.name == c.name })
}

// order sorts rows as the user wants them; what is not known comes last either way.
func (d *dash) order(rows []*row) {
	switch {
	case d.sort >= 0:
		sortRows(rows, columns[d.sort].value, d.reverse)
	case d.reverse:
		slices.Reverse(rows)
	}
}

func sortRows(rows []*row, value func(*row) figure, smallestFirst bool) {
	slices.SortStableFunc(rows, func(a, b *row) int {
		x, y := value(a), value(b)
		switch {
		case x.known != y.known && x.known:
			return -1
		case x.known != y.known:
			return 1
		case smallestFirst:
			x, y = y, x
		}
		return cmp.Compare(y.value, x.value)
	})
}

package reports

import (
	"fmt"
	"slices"

	"github.com/c10kit/c10kit/results"
)

// group is what one table compares: rows of one results.Cell.Group.
type group struct {
	keys results.Cell // Cell.Group of all its rows
	rows []Row
}

// groupRows keeps the order of rows, in groups in the order of their first.
func groupRows(rows []Row) []group {
	var groups []group
	for _, r := range rows {
		keys := r.Group()
		i := slices.IndexFunc(groups, func(g group) bool { return g.keys == keys })
		if i < 0 {
			i = len(groups)
			groups = append(groups, group{keys: keys})
		}
		groups[i].rows = append(groups[i].rows, r)
	}
	return groups
}

// planned sorts rows into the order of the manifest's cells, which is the
// user's; measured order is shuffled. Rows that were not planned come last.
func planned(rows []Row, cells []results.Cell) []Row {
	place := make(map[results.Cell]int)
	for i, c := range cells {
		c = c.AllRounds()
		if _, ok := place[c]; !ok {
			place[c] = i
		}
	}
	at := func(r Row) int {
		if i, ok := place[r.Cell]; ok {
			return i
		}
		return len(cells)
	}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b Row) int { return at(a) - at(b) })
	return rows
}

// manyWorkers reports whether a model stands in g with several numbers of
// workers.
func (g group) manyWorkers() bool {
	for _, r := range g.rows {
		if g.name(r) != r.Spec() {
			return true
		}
	}
	return false
}

// label is name for a line that is under no table: with what the table's title says.
func (g group) label(r Row) string { return g.name(r) + " " + g.keys.ShortTitle() }

// name tells the rows of a group apart: the model, with its workers only where
// another row has the same model.
func (g group) name(r Row) string {
	for _, other := range g.rows {
		if other.Spec() == r.Spec() && other.Workers != r.Workers {
			return r.Spec() + " with workers " + workersCell(r).text
		}
	}
	return r.Spec()
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

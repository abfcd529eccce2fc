package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/c10kit/c10kit/results"
)

// group is what one table compares: rows that differ in model, variant and
// workers only. Rows that differ in anything else are not held against each
// other.
type group struct {
	keys results.Cell // with model, variant and workers empty
	rows []Row
}

// groupRows keeps the order of rows, in groups in the order of their first.
func groupRows(rows []Row) []group {
	var groups []group
	for _, r := range rows {
		keys := r.Cell
		keys.Model, keys.Variant, keys.Workers = "", "", 0
		keys = keys.Identify()
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

// title names what the rows of the table have in common.
func (g group) title() string {
	c := g.keys
	parts := []string{c.Mode, strings.TrimSpace(c.App + " " + c.Path), plural(c.Conns, "connection")}
	if c.Mode == results.ModeClose {
		parts = append(parts, c.Closer+" closes first")
	}
	if c.Pipeline > 1 {
		parts = append(parts, fmt.Sprintf("%d pipelined", c.Pipeline))
	}
	if c.Rate > 0 {
		parts = append(parts, results.ReqPerSec.Format(c.Rate)+" req/s offered")
	}
	if c.Placement != results.PlacementSplit {
		parts = append(parts, c.Placement+" CPUs")
	}
	return strings.Join(parts, " · ")
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

package dashboard

import (
	"fmt"
	"maps"
	"time"

	"pgregory.net/rapid"

	"github.com/c10kit/c10kit/results"
)

// twice is a recording with twice the rounds, of which as many are needed to claim a difference.
func twice(rec Recording) Recording {
	rounds, took := rec.Manifest.Rounds, rec.Events[len(rec.Events)-1].At.Sub(rec.Events[0].At)
	measured := rec.Events[:len(rec.Events)-1] // without the end
	total := 2 * rec.Events[0].Total
	var all []results.Event
	for k := range 2 {
		for _, e := range measured {
			e.At, e.Total = e.At.Add(time.Duration(k)*took), total
			if e.Done += k * total / 2; e.Cell.Model != "" {
				e = inRound(e, e.Cell.Round+k*rounds)
			}
			all = append(all, e)
		}
	}
	end := rec.Events[len(rec.Events)-1]
	end.At, end.Done, end.Total = end.At.Add(took), total, total
	rec.Events = append(all, end)
	rec.Manifest.Rounds *= 2
	return rec
}

// inRound is e of another round, and what it points to.
func inRound(e results.Event, round int) results.Event {
	return withCell(e, func(c *results.Cell) { c.Round = round })
}

// withCell is e of another cell; what it points to is copied.
func withCell(e results.Event, change func(*results.Cell)) results.Event {
	change(&e.Cell)
	e.Cell = e.Cell.Identify()
	if e.Result != nil {
		x := *e.Result
		x.Cell, x.Values, x.Missing = e.Cell, maps.Clone(x.Values), maps.Clone(x.Missing)
		e.Result = &x
	}
	if e.Sample != nil {
		s := *e.Sample
		s.Cell = e.Cell.ID
		e.Sample = &s
	}
	return e
}

// vary makes a run of another one that differs from it in all that a run may have: figures,
// rounds in which nothing succeeded, percentiles that are missing, failures, notes, rows whose
// switches are of a whole tree, cells that the manifest does not plan.
func vary(t *rapid.T, rec Recording, what string) Recording {
	draw := func(name string, from, to int) int { return rapid.IntRange(from, to).Draw(t, what+name) }
	models := map[string]int{} // what is otherwise of a model
	factors := map[string]float64{}
	for _, c := range rec.Manifest.Cells {
		if _, ok := models[c.Model]; !ok {
			models[c.Model] = draw("of "+c.Model, 0, 5)
			factors[c.Model] = rapid.SampledFrom([]float64{1, 1, 0.5, 1.1, 3}).Draw(t, what+"factor")
		}
	}
	lacking := draw("lacks percentiles", 0, 20)
	failing := draw("nothing succeeds", 0, 20)
	var events []results.Event
	for i, e := range rec.Events {
		if e.Cell.Model == "" {
			events = append(events, e)
			continue
		}
		e = withCell(e, func(c *results.Cell) {
			switch models[c.Model] {
			case 1:
				c.Workers = results.WorkersTree
			case 2:
				c.Workers = 77
			case 3:
				c.Variant = "nobody:planned"
			}
		})
		if x := e.Result; x != nil {
			x.Set(results.ReqPerSec, x.Values[results.ReqPerSec]*factors[x.Model])
			switch {
			case i%21 == failing:
				x.Requests = 0
				x.Set(results.ReqPerSec, 0)
				x.Errors = map[string]uint64{"refused\x1b[31m": 5}
				x.Set(results.Errors, 5)
			case i%21 == lacking:
				for _, m := range []results.Metric{results.P50, results.P99, results.P999} {
					delete(x.Values, m)
					x.Miss(m, "too few answers")
				}
			}
			x.Notes = append(x.Notes[:len(x.Notes):len(x.Notes)], fmt.Sprintf("note %d of 連線\tand \x1b[2J", i))
		}
		events = append(events, e)
		if i%40 == failing {
			events = append(events, results.Event{At: e.At, Kind: results.EventNote, Text: "連線 \x1b[2J\n", Done: e.Done, Total: e.Total})
		}
	}
	rec.Events = events
	return rec
}

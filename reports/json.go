package reports

import (
	"encoding/json"
	"io"

	"github.com/c10kit/c10kit/results"
)

// JSON writes a run as one indented object: the schema of the run folder, the rows,
// metrics under the names that results.txt has, and what became of its predictions.
func JSON(w io.Writer, s *results.Stored) error {
	rows := Summarise(s.Results)
	if rows == nil {
		rows = []Row{}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Schema      int               `json:"schema"`
		Rows        []Row             `json:"rows"`
		Predictions []results.Outcome `json:"predictions,omitempty"`
	}{results.Schema, rows, s.Outcomes()})
}

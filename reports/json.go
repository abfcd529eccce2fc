package reports

import (
	"encoding/json"
	"io"

	"github.com/c10kit/c10kit/results"
)

// JSON writes rows as one indented object: the schema of the run folder and
// the rows, metrics under the names that results.txt has.
func JSON(w io.Writer, rows []Row) error {
	if rows == nil {
		rows = []Row{}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Schema int   `json:"schema"`
		Rows   []Row `json:"rows"`
	}{results.Schema, rows})
}

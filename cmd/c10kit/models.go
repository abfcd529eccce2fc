package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/all"
)

// modelRow is a model and variant as `c10kit models` shows it.
type modelRow struct {
	Model        string `json:"model"`
	Variant      string `json:"variant"`
	About        string `json:"about"`
	Processes    string `json:"processes"`
	Threads      string `json:"threads"`
	Blocking     bool   `json:"blocking"`
	Multiplexing string `json:"multiplexing"`
	Multicore    bool   `json:"multicore"`
	CrashTakes   string `json:"crash-takes"`
	Switches     string `json:"switches"`
}

func newModels() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "models",
		Short: "List the models and what to expect of each",
		Long: `Models lists every model and variant, with the columns of Shuo Chen's muduo:

  PROCS, THREADS  how many it has, beside Go's own ("workers": --workers of
                  them, "1/conn": one for each connection, "runtime": as Go
                  sees fit)
  BLOCKS          a call for input puts the worker to sleep
  POLLS           what it waits with for many connections
  CORES           how many CPUs one server can use
  CRASH TAKES     what a memory fault in a handler takes down
  CSW/REQ         voluntary context switches to expect for a request on a
                  connection that is kept alive: 1 where each is waited for, 0
                  to 1 where one wait is for all`,
		Args: needs(0, "nothing"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			rows := modelRows()
			if asJSON {
				return printJSON(cmd.OutOrStdout(), rows)
			}
			return writeModels(cmd.OutOrStdout(), rows)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func modelRows() []modelRow {
	var rows []modelRow
	for _, m := range ordered() {
		for _, v := range m.Variants {
			t := v.Traits
			rows = append(rows, modelRow{
				m.Name, v.Name, about(m, v), t.Processes, t.Threads, t.Blocking,
				t.Multiplexing, t.Multicore, t.CrashTakes, t.Switches,
			})
		}
	}
	return rows
}

// about is a line about a variant: the model's own for its first, which it is written of,
// the columns that tell others apart for them.
func about(m *models.Model, v models.Variant) string {
	if v.Name == m.Variants[0].Name {
		return m.About
	}
	t := v.Traits
	return fmt.Sprintf("a variant of %s: processes %s, threads %s, polls %s", m.Name, t.Processes, t.Threads, t.Multiplexing)
}

// ordered is every model, those of the card first and in its order.
func ordered() []*models.Model {
	var list []*models.Model
	for _, name := range all.Card() {
		if m, _, err := models.Find(name); err == nil {
			list = append(list, m)
		}
	}
	for _, m := range models.All() {
		if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list
}

func writeModels(w io.Writer, rows []modelRow) error {
	yes := map[bool]string{true: "yes", false: "no"}
	cores := map[bool]string{true: "all", false: "one"}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "MODEL\tPROCS\tTHREADS\tBLOCKS\tPOLLS\tCORES\tCRASH TAKES\tCSW/REQ")
	for _, r := range rows {
		name := r.Model
		if r.Variant != models.NoVariant {
			name += ":" + r.Variant
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, r.Processes, r.Threads,
			yes[r.Blocking], r.Multiplexing, cores[r.Multicore], r.CrashTakes, r.Switches)
	}
	return t.Flush()
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// finding is what doctor found out by trying one thing.
type finding struct {
	What string `json:"what"`
	// State is ok, limited (measuring works, less is shown) or no.
	State string `json:"state"`
	Found string `json:"found"`
	Cure  string `json:"cure,omitempty"`
}

const (
	stateOK      = "ok"
	stateLimited = "limited"
	stateNo      = "no"
)

func newDoctor() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Try what this machine can measure, and say how to allow more",
		Long: `Doctor tries each thing that a measurement may need and says what it found:
"ok", "limited" (it works, but shows less), or "no", with the cure. It changes
nothing. Exit code 3 if serving and loading on loopback does not work.`,
		Args: needs(0, "nothing"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			found := examine()
			var err error
			if asJSON {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				err = e.Encode(found)
			} else {
				err = writeFindings(cmd.OutOrStdout(), found)
			}
			if err != nil {
				return machineError(err)
			}
			for _, f := range found {
				if f.What == whatLoopback && f.State == stateNo {
					return machineError(fmt.Errorf("%s: %s: %s", f.What, f.Found, f.Cure))
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func writeFindings(w io.Writer, found []finding) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range found {
		fmt.Fprintf(t, "%s\t%s\t%s\n", f.State, f.What, f.Found)
		if f.Cure != "" {
			fmt.Fprintf(t, "\t\t-> %s\n", f.Cure)
		}
	}
	return t.Flush()
}

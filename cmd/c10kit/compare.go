package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/c10kit/c10kit/bench"
	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
)

func newCompare() *cobra.Command {
	var o planFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "compare [MODEL]...",
		Short: "Load models in turn and print them side by side",
		Long: `Compare starts each model as a pinned child process, loads it, and prints what a
request cost: the median over interleaved rounds, with quartiles. Everything
measured is kept in a run folder, whose name is printed.

Without MODEL it compares the baseline and the six models of the card, with
connections kept alive and with a connection per request. Blocking pools get as
many workers as connections. A model that serves one connection at a time is
compared at one connection in keep-alive, unless -c says otherwise.

A cell that got no good answer in any round, or whose server ended before it was
asked to, is named at the end, and the exit code is 1.`,
		Example: `  c10kit compare
  c10kit compare reactor prethread -c 16,256 --rounds 5
  c10kit compare iterative reactor --close --closer client`,
		ValidArgsFunction: completeModels(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := o.complete(cmd, args)
			if err != nil {
				return usageError(err)
			}
			return compare(cmd, p, &o, asJSON)
		},
	}
	o.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// compare runs a plan that is complete and prints its run folder.
func compare(cmd *cobra.Command, p bench.Plan, o *planFlags, asJSON bool) error {
	cells, err := p.Cells()
	if err != nil {
		return usageError(err)
	}
	begun := time.Now()
	run, err := results.Create(o.out, "compare", p.Manifest(cells, os.Args))
	if err != nil {
		return machineError(err)
	}
	defer run.Close(true)
	if err := o.lock(run); err != nil {
		return machineError(err)
	}
	progress := newProgress(cmd.ErrOrStderr())
	progress.talk("%d cells x %d rounds of %v, into %s\n", len(cells), p.Rounds, p.Window, run.Dir())
	interrupted, err := p.Run(cmd.Context(), cells, run, progress.event)
	progress.clear()
	if err != nil {
		return machineError(fmt.Errorf("%w (what was measured is in %s)", err, run.Dir()))
	}
	if err := run.Close(interrupted); err != nil {
		return machineError(err)
	}
	if err := printRun(cmd.OutOrStdout(), run.Dir(), asJSON); err != nil {
		return err
	}
	progress.talk("%v in all; the run is in %s\n", time.Since(begun).Round(100*time.Millisecond), run.Dir())
	if interrupted {
		return errInterrupted
	}
	stored, err := results.Open(run.Dir())
	if err != nil {
		return machineError(err)
	}
	return failedCells(stored)
}

// failedCells is an error that names the cells of a run that got no good answer in any
// round, or whose server ended unasked in one; nil if there are none. One that was left out
// on request has not failed.
func failedCells(s *results.Stored) error {
	good := make(map[results.Cell]bool)
	ended := make(map[results.Cell]string)
	for _, r := range s.Results {
		c := r.AllRounds()
		good[c] = good[c] || r.Requests > 0
		if r.Ended != "" {
			ended[c] = r.Failed()
		}
	}
	lines := []string{"these cells failed:"}
	told := make(map[results.Cell]bool)
	for _, c := range s.Manifest.Cells {
		if slices.Contains(s.Manifest.Skipped, c.ID) {
			continue
		}
		c = c.AllRounds()
		why := ended[c]
		if why == "" && !good[c] {
			why = results.NoSuccess
		}
		if why != "" && !told[c] {
			told[c] = true
			lines = append(lines, "  "+c.Name()+": "+why)
		}
	}
	if len(told) == 0 {
		return nil
	}
	return failedf("%s", strings.Join(lines, "\n"))
}

// printRun prints a stored run: what compare shows is what the folder holds.
func printRun(w io.Writer, dir string, asJSON bool) error {
	stored, err := results.Open(dir)
	if err != nil {
		return machineError(err)
	}
	if asJSON {
		err = reports.JSON(w, stored)
	} else {
		err = reports.Text(w, stored, reports.Options{Colour: colourful(w), Width: width(w), ASCII: !utf8Locale()})
	}
	if err != nil { // a disk that is full, not the command line
		return machineError(err)
	}
	return nil
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/c10kit/c10kit/dashboard"
	"github.com/c10kit/c10kit/results"
)

// runsFolder is where runs are kept unless --out says otherwise.
const runsFolder = "runs"

func newReplay() *cobra.Command {
	var s screenFlags
	var speed int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "replay RUN [RUN]",
		Short: "Show a stored run on the dashboard",
		Long: `Replay shows a run folder of compare or dashboard as it was shown live, at its
own pace or faster: [ ] { } Home and End go to other moments, + and - change the
speed, p stops, ? shows every key. Of two runs the second is shown, with
differences to the first.

RUN is a run folder, or the name of one in runs/. Without a terminal it prints a
line for each cell on stderr and the table on stdout.`,
		Example: `  c10kit replay runs/20261122-090000-compare --speed 8
  c10kit replay runs/BEFORE runs/AFTER`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usagef("replay needs a RUN: a folder that compare or dashboard has made, in %s/", runsFolder)
			case len(args) > 2:
				return usagef("replay: %q is one argument too many", args[2])
			}
			return nil
		},
		ValidArgsFunction: completeRuns,
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := s.options(cmd)
			switch {
			case err != nil:
				return usageError(err)
			case speed < 1 || speed > dashboard.MaxSpeed:
				return usagef("--speed %d: a number from 1 to %d is needed", speed, dashboard.MaxSpeed)
			case asJSON && len(args) > 1:
				return usagef("--json prints one RUN")
			}
			o.Speed = speed
			return replay(cmd, args, o, asJSON)
		},
	}
	s.register(cmd)
	cmd.Flags().IntVar(&speed, "speed", 1, fmt.Sprintf("how many times as fast as it was, 1 to %d", dashboard.MaxSpeed))
	cmd.Flags().BoolVar(&asJSON, "json", false, "no screen: print JSON, as compare does")
	return cmd
}

// replay shows the last of the named runs, held against the other if there is one.
func replay(cmd *cobra.Command, names []string, o dashboard.Options, asJSON bool) error {
	var all []*dashboard.Recording
	for _, name := range names {
		r, err := openRun(name)
		if err != nil {
			return err
		}
		all = append(all, &r)
	}
	if asJSON {
		return printRun(cmd.OutOrStdout(), all[0].Dir, true)
	}
	o.Replay = all[len(all)-1]
	if len(all) > 1 {
		o.Base = all[0]
	}
	ctx, stop := untilHangUp(cmd.Context())
	defer stop()
	return screenError(dashboard.Run(ctx, o))
}

// openRun reads a run that the user named.
func openRun(name string) (dashboard.Recording, error) {
	stored, err := results.Open(runPath(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return dashboard.Recording{}, usageError(fmt.Errorf("%q is no run folder: %w", name, err))
	case err != nil:
		return dashboard.Recording{}, machineError(err)
	}
	return dashboard.Record(stored), nil
}

// runPath is the folder of a run that is given by its path, or by its name in runs/.
func runPath(name string) string {
	if _, err := os.Stat(name); err != nil {
		if inside := filepath.Join(runsFolder, name); filepath.Base(name) == name && isRun(inside) {
			return inside
		}
	}
	return name
}

func isRun(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "manifest.json"))
	return err == nil
}

// completeRuns completes with the runs in runs/, the latest first, and with folders.
func completeRuns(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) >= 2 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	if entries, err := os.ReadDir(runsFolder); err == nil && filepath.Base(typed) == typed || typed == "" {
		for _, e := range entries {
			if isRun(filepath.Join(runsFolder, e.Name())) {
				names = append(names, e.Name())
			}
		}
	}
	slices.Reverse(names) // by time, which their names begin with
	if len(names) == 0 {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	return names, cobra.ShellCompDirectiveKeepOrder
}

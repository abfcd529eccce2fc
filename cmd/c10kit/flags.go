package main

import (
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/models/app"
	"github.com/c10kit/c10kit/results"
)

// refuseZero is a usage error about the first of the named flags that the user gave as 0
// or less: a zero that is nobody's takes the default further down, so one that was asked
// for would be answered with something else. Flags are of a number, or a duration of at
// least a millisecond.
func refuseZero(cmd *cobra.Command, names ...string) error {
	for _, name := range names {
		f := cmd.Flags().Lookup(name)
		if f == nil || !f.Changed {
			continue
		}
		least, small := "1", false
		if d, err := time.ParseDuration(f.Value.String()); f.Value.Type() == "duration" {
			least, small = "1ms", err == nil && d < time.Millisecond
		} else if n, err := strconv.ParseInt(f.Value.String(), 10, 64); err == nil {
			small = n < 1
		}
		if small {
			return usagef("%s %s: at least %s is needed", spelled(f), f.Value, least)
		}
	}
	return nil
}

// spelled is a flag as the synopsis has it: -c, --drain.
func spelled(f *pflag.Flag) string {
	if f.Shorthand != "" {
		return "-" + f.Shorthand
	}
	return "--" + f.Name
}

// closedLists are the flags of any command whose values can be listed.
var closedLists = map[string][]string{
	"app":       app.Names(),
	"closer":    {loadgen.ServerCloses.String(), loadgen.ClientCloses.String()},
	"placement": {results.PlacementSplit, results.PlacementShared},
}

// fileFlags name a file or a folder.
var fileFlags = []string{"body", "export", "hgrm", "out", "predict"}

// completeFlags has the shell offer the values of closed lists, and files only where one
// is meant.
func completeFlags(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if _, has := cmd.GetFlagCompletionFunc(f.Name); has || slices.Contains(fileFlags, f.Name) {
			return
		}
		// It fails for a flag that is not there, or has been completed already.
		_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(closedLists[f.Name], cobra.ShellCompDirectiveNoFileComp))
	})
}

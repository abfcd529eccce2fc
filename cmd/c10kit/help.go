package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// setHelp makes help of root and of all below it an ordinary command: what is no command
// is refused, where cobra shows the help of its parent as if it were one, and a text that
// cannot be written is an error. Cobra's help functions return none, so it is kept in the
// answer.
func setHelp(root *cobra.Command) *error {
	var failed error
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		if names := cmd.Flags().Args(); cmd.HasSubCommands() && len(names) > 0 {
			failed = noCommand(cmd, names)
			return
		}
		_, failed = fmt.Fprintf(cmd.OutOrStdout(), "%s\n\n%s",
			strings.TrimSpace(cmp.Or(cmd.Long, cmd.Short)), cmd.UsageString())
	})
	root.InitDefaultHelpCmd()
	if help, _, err := root.Find([]string{"help"}); err == nil {
		help.Run, help.RunE = nil, helpOn
	}
	return &failed
}

// helpOn is the help command.
func helpOn(cmd *cobra.Command, names []string) error {
	topic, rest, err := cmd.Root().Find(names)
	switch {
	case err != nil:
		return usageError(err)
	case len(rest) > 0:
		return noCommand(topic, rest)
	}
	topic.InitDefaultHelpFlag() // to be listed
	return topic.Help()
}

// noCommand says that a command has no subcommand names[0], and which one may be meant.
func noCommand(cmd *cobra.Command, names []string) error {
	cmd.SuggestionsMinimumDistance = max(1, len(names[0])/3) // in three letters two are another word
	hint := fmt.Sprintf("%q lists what there is", cmd.CommandPath()+" --help")
	if alike := cmd.SuggestionsFor(names[0]); len(alike) > 0 {
		hint = "is it " + strings.Join(alike, " or ") + "?"
	}
	return usagef("%s has no command %q: %s", cmd.CommandPath(), names[0], hint)
}

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newMan() *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "Write the manual pages into a folder",
		Example: `  c10kit man /usr/local/share/man/man1`,
		Args:    needs(1, "a DIR to write the pages into"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return machineError(err)
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			return writePages(root, args[0])
		},
	}
}

// writePages writes the page of a command, named like c10kit-load.1, and of all below it.
func writePages(cmd *cobra.Command, dir string) error {
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() && !c.IsAdditionalHelpTopicCommand() {
			if err := writePages(c, dir); err != nil {
				return err
			}
		}
	}
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	header := &doc.GenManHeader{Title: strings.ToUpper(name), Section: "1", Source: "c10kit", Manual: "c10kit manual"}
	var page bytes.Buffer
	if err := doc.GenMan(cmd, header, &page); err != nil {
		return err
	}
	// Where man-pages(7) has it, between EXAMPLE and SEE ALSO of cobra's sections.
	const next = ".SH SEE ALSO"
	text := strings.Replace(page.String(), next, exitStatus()+next, 1)
	return os.WriteFile(filepath.Join(dir, name+".1"), []byte(text), 0o644)
}

// exitStatus is that section of a page.
func exitStatus() string {
	var b strings.Builder
	b.WriteString(".SH EXIT STATUS\n")
	for _, e := range exitCodes {
		fmt.Fprintf(&b, ".TP\n.B %d\n%s\n", e.code, e.what)
	}
	return b.String()
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes of the command.
const (
	exitOK          = 0
	exitFailed      = 1   // a check or an objective failed
	exitUsage       = 2   // the command line
	exitMachine     = 3   // this machine cannot do it
	exitInterrupted = 130 // as a shell reports SIGINT; what was measured is kept
)

// exitError is an error with the exit code that it ends the command with.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func usageError(err error) error              { return &exitError{exitUsage, err} }
func machineError(err error) error            { return &exitError{exitMachine, err} }
func usagef(format string, args ...any) error { return usageError(fmt.Errorf(format, args...)) }
func failedf(format string, args ...any) error {
	return &exitError{exitFailed, fmt.Errorf(format, args...)}
}

// errInterrupted ends a command that the user stopped; it is not printed.
var errInterrupted = &exitError{exitInterrupted, errors.New("interrupted")}

// run is the command: data to stdout, talk to stderr, the exit code returned.
// Ctrl-C and SIGTERM end ctx, once: a second one kills as if nobody listened.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var exit *exitError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.As(err, &exit):
		fmt.Fprintf(stderr, "c10kit: %v\n", err)
		return exit.code
	default: // cobra's own errors are about the command line
		fmt.Fprintf(stderr, "c10kit: %v\n", err)
		return exitUsage
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "c10kit",
		Short: "Serve in every concurrency model, load the servers, see why they differ",
		Long: `c10kit serves the same requests in every classic server concurrency model,
loads the servers, and compares what each request cost.

  c10kit compare                    the models side by side, in under a minute
  c10kit dashboard                  the same, shown while it happens
  c10kit serve reactor              one of them, to be driven by what you like
  c10kit load http://127.0.0.1:8080/plaintext

Data is printed on stdout, talk on stderr. Exit codes: 0 good, 1 a check or
objective failed, 2 usage, 3 the machine cannot do it, 130 interrupted.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	// Flags in 80 columns, as all that the command prints.
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "Flags.FlagUsages", "Flags.FlagUsagesWrapped 80"))
	root.AddCommand(newServe(), newLoad(), newCompare(), newDashboard(), newReplay(), newModels(), newDoctor(), newVersion(), newMan())
	return root
}

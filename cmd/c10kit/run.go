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

// exitCodes is what the manual pages say of them.
var exitCodes = []struct {
	code int
	what string
}{
	{exitOK, "good"},
	{exitFailed, "a check or an objective failed"},
	{exitUsage, "the command line is wrong"},
	{exitMachine, "this machine cannot do it; the reason and the cure are on standard error"},
	{exitInterrupted, "interrupted; what was measured is kept"},
}

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
// Ctrl-C and SIGTERM end ctx, once: a second one kills as if nobody listened. So does
// a terminal that disappears, however often it says so.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	ctx, heard := untilHangUp(ctx)
	defer heard()
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	helped := setHelp(root)
	root.InitDefaultCompletionCmd(args...) // now, so that it is in the walk
	walk(root, usageOfArgs)
	walk(root, completeFlags)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = *helped
	}
	var exit *exitError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case ctx.Err() != nil && errors.Is(err, syscall.EIO): // the terminal is gone, and with it the reader
		return exitInterrupted
	case !errors.As(err, &exit): // the rest, such as a disk that is full: not the command line
		exit = &exitError{exitMachine, err}
	}
	fmt.Fprintf(stderr, "c10kit: %v\n", err)
	return exit.code
}

// walk does f to cmd and to every command below it.
func walk(cmd *cobra.Command, f func(*cobra.Command)) {
	f(cmd)
	for _, c := range cmd.Commands() {
		walk(c, f)
	}
}

// usageOfArgs makes what cobra says of a command's arguments an error of the command
// line: cobra's errors have no type to tell them by.
func usageOfArgs(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil {
		return
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		var exit *exitError
		if err == nil || errors.As(err, &exit) {
			return err
		}
		return usageError(err)
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
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return noCommand(cmd, args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	// Flags in 80 columns, as all that the command prints.
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "Flags.FlagUsages", "Flags.FlagUsagesWrapped 80"))
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError(err) })
	root.AddCommand(newServe(), newLoad(), newCompare(), newDashboard(), newReplay(), newModels(), newDoctor(), newVersion(), newMan())
	return root
}

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/c10kit/c10kit/internal/sys"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/app"
	"github.com/c10kit/c10kit/models/control"
)

func newServe() *cobra.Command {
	var c models.Config
	var cpus string
	cmd := &cobra.Command{
		Use:   "serve MODEL",
		Short: "Serve in one model until Ctrl-C",
		Long: `Serve runs one server in this process. It prints "listening on ADDR" on stdout
when it is ready. SIGTERM, SIGHUP or Ctrl-C drains it: what was accepted is
answered with Connection: close, idle connections are closed, and it exits 0, or
1 if that took longer than --drain and connections were cut.

MODEL is NAME or NAME:VARIANT; "c10kit models" lists them.`,
		Example: `  c10kit serve reactor
  c10kit serve prethread --workers 8 --addr 127.0.0.1:9000`,
		Args:              needs(1, "a MODEL; \"c10kit models\" lists them"),
		ValidArgsFunction: completeModels(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := refuseZero(cmd, "workers", "max-body", "max-conns", "backlog", "header-timeout", "idle-timeout", "drain")
			if err != nil {
				return err
			}
			m, v, err := models.Find(args[0])
			if err != nil {
				return usageError(err)
			}
			for _, flag := range v.Traits.Ignores {
				if cmd.Flags().Changed(flag) {
					return usagef("%s has no --%s: it is not c10kit's own code, and has no such setting", args[0], flag)
				}
			}
			c.Model, c.Variant = m.Name, v.Name
			if cpus != "" {
				if c.CPUs, err = sys.ParseCPUs(cpus); err != nil {
					return usageError(err)
				}
			}
			c = c.WithDefaults(m)
			if err := c.Check(); err != nil {
				return usageError(err)
			}
			return serveConfig(cmd, c)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.Addr, "addr", models.DefaultAddr, "address to listen on; loopback unless another is named in full")
	f.StringVar(&c.App, "app", models.DefaultApp, fmt.Sprintf("what to serve: %v", app.Names()))
	f.IntVar(&c.Workers, "workers", 0, "threads of a pool (64), or loops of an event model (one a CPU)")
	f.StringVar(&cpus, "cpus", "", "CPUs to run on, such as 0,2-3 (all)")
	f.BoolVar(&c.Copy, "copy", false, "copy bytes where the buffer chain would share them")
	f.BoolVar(&c.Lab, "lab", false, "also serve /block/D, /spin/D and /crash")
	f.Int64Var(&c.MaxBody, "max-body", models.DefaultMaxBody, "bytes of a request body that is buffered; larger is 413")
	f.IntVar(&c.MaxConns, "max-conns", models.DefaultMaxConns, "slots of the scoreboard; connections beyond it are refused")
	f.IntVar(&c.Backlog, "backlog", models.DefaultBacklog, "connections that wait to be accepted")
	f.IntVar(&c.MaxRequestsPerWorker, "max-requests-per-worker", 0, "replace a forked worker after so many, between connections (never)")
	f.DurationVar(&c.HeaderTimeout, "header-timeout", models.DefaultHeaderTimeout, "time for the head of a request")
	f.DurationVar(&c.IdleTimeout, "idle-timeout", models.DefaultIdleTimeout, "time between two requests of a connection")
	f.DurationVar(&c.Drain, "drain", models.DefaultDrain, "time to answer what was accepted after SIGTERM")
	return cmd
}

// serveConfig serves until the command's context ends. A server that could not tell where
// it listens drains: whoever waits for that line waits in vain.
func serveConfig(cmd *cobra.Command, c models.Config) error {
	ctx, drain := context.WithCancel(cmd.Context())
	defer drain()
	var told error
	err := control.Serve(ctx, c, nil, nil, func(r control.Ready) {
		if _, told = fmt.Fprintf(cmd.OutOrStdout(), "listening on %s\n", r.Addr); told != nil {
			drain()
		}
	})
	switch {
	case told != nil:
		return machineError(fmt.Errorf("saying where it listens: %w", errors.Join(told, err)))
	case errors.Is(err, control.ErrCut):
		return failedf("%w", err)
	case err != nil:
		return machineError(err)
	}
	return nil
}

// needs is an argument check that says what is missing.
func needs(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < n:
			return usagef("%s needs %s", cmd.Name(), what)
		case len(args) > n:
			return usagef("%s: %q is one argument too many", cmd.Name(), args[n])
		}
		return nil
	}
}

// completeModels completes up to n arguments (0: any number) with model specs.
func completeModels(n int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if n > 0 && len(args) >= n {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var specs []string
		for _, m := range models.All() {
			for _, v := range m.Variants {
				specs = append(specs, models.Spec(m, v.Name)+"\t"+about(m, v))
			}
		}
		return specs, cobra.ShellCompDirectiveNoFileComp
	}
}

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/spf13/cobra"

	"github.com/c10kit/c10kit/bench"
	"github.com/c10kit/c10kit/models/all"
	"github.com/c10kit/c10kit/results"
)

// planFlags are the flags from which compare and dashboard make the same experiment.
type planFlags struct {
	plan      bench.Plan // what flags write to directly
	closes    bool
	keeps     bool
	placement string
	out       string // where run folders are made
	predict   string // a file of predictions

	predictions []byte // what it holds, checked
}

// register adds the flags to cmd.
func (o *planFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntSliceVarP(&o.plan.Conns, "conns", "c", nil, "connections, a list compares at each (64)")
	f.StringVar(&o.plan.Path, "path", bench.DefaultPath, "what to ask for")
	f.BoolVar(&o.closes, "close", false, "only a connection per request")
	f.BoolVar(&o.keeps, "keepalive", false, "only connections that are kept alive")
	f.StringVar(&o.plan.Closer, "closer", results.CloserServer, "who closes then, client or server")
	f.IntVar(&o.plan.Pipeline, "pipeline", 1, "requests sent ahead on a connection; more than 1 is keep-alive only")
	f.DurationVarP(&o.plan.Window, "duration", "d", bench.DefaultWindow, "measured time of each cell")
	f.IntVar(&o.plan.Rounds, "rounds", bench.DefaultRounds, "how often each cell is measured")
	f.Uint64Var(&o.plan.Seed, "seed", 0, "of the order of the cells (random, and recorded)")
	f.StringVar(&o.placement, "placement", results.PlacementSplit, "split: server and load have CPUs of their own; shared: both use all")
	f.BoolVar(&o.plan.Perf, "perf", false, "count switches by perf events as well, a second opinion (root)")
	f.StringVar(&o.predict, "predict", "", "TOML file of predictions, locked before the run and judged by it")
	f.StringVar(&o.out, "out", runsFolder, "where the run folder is made")
}

// complete returns the plan of a command line, which names models or, naming none, means
// the card. The error is the user's.
func (o *planFlags) complete(cmd *cobra.Command, models []string) (bench.Plan, error) {
	p := o.plan
	if err := refuseZero(cmd, "rounds", "duration", "pipeline"); err != nil {
		return p, err
	}
	if err := o.readPredictions(); err != nil {
		return p, err
	}
	if p.Models = models; len(models) == 0 {
		p.Models = all.Card()
	}
	switch {
	case o.closes && o.keeps:
		return p, errors.New("--close and --keepalive: leave out both for both")
	case o.closes:
		p.Modes = []string{results.ModeClose}
	case o.keeps || p.Pipeline > 1:
		p.Modes = []string{results.ModeKeepAlive}
	}
	if !cmd.Flags().Changed("seed") {
		p.Seed = randomSeed()
	}
	var err error
	if p.Layout, err = bench.NewLayout(o.placement); err != nil {
		return p, err
	}
	p = p.Default()
	if _, err = p.Cells(); err != nil {
		return p, err
	}
	return p.TryPerf(), nil
}

// argv is a command line that makes the experiment of a plan, which differs from that of the
// flags in what the dashboard's form asks for, and in the seed.
func (o *planFlags) argv(p bench.Plan) []string {
	argv := append([]string{os.Args[0], "dashboard"}, p.Models...)
	add := func(flag string, value any) { argv = append(argv, fmt.Sprintf("--%s=%v", flag, value)) }
	for _, conns := range p.Conns {
		add("conns", conns)
	}
	add("path", p.Path)
	if len(p.Modes) == 1 {
		argv = append(argv, map[string]string{results.ModeClose: "--close", results.ModeKeepAlive: "--keepalive"}[p.Modes[0]])
	}
	add("closer", p.Closer)
	add("pipeline", p.Pipeline)
	add("duration", p.Window)
	add("rounds", p.Rounds)
	add("seed", p.Seed)
	add("placement", p.Layout.Placement)
	if o.plan.Perf {
		argv = append(argv, "--perf")
	}
	if o.predict != "" {
		add("predict", o.predict)
	}
	add("out", o.out)
	return argv
}

// readPredictions reads the file of --predict, if there is one.
func (o *planFlags) readPredictions() error {
	if o.predict == "" {
		return nil
	}
	data, err := os.ReadFile(o.predict)
	if err != nil {
		return fmt.Errorf("--predict: %w", err)
	}
	if _, err := results.ParsePredictions(data); err != nil {
		return fmt.Errorf("--predict %s: %w", o.predict, err)
	}
	o.predictions = data
	return nil
}

// lock puts the predictions, if there are any, into a run that has measured nothing yet.
func (o *planFlags) lock(run *results.Run) error {
	if o.predictions == nil {
		return nil
	}
	return run.Predict(o.predictions)
}

// randomSeed is one that a JSON reader without 64-bit integers does not spoil the sign of.
func randomSeed() uint64 { return rand.Uint64() >> 1 }

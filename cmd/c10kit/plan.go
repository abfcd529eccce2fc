package main

import (
	"math/rand/v2"

	"github.com/spf13/cobra"

	"github.com/c10kit/c10kit/bench"
	"github.com/c10kit/c10kit/models/all"
	"github.com/c10kit/c10kit/results"
)

// planFlags are the flags from which compare and dashboard make the same experiment.
type planFlags struct {
	plan      bench.Plan // what flags write to directly
	closes    bool
	placement string
	out       string // where run folders are made
}

// register adds the flags to cmd.
func (o *planFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntSliceVarP(&o.plan.Conns, "conns", "c", nil, "connections, a list compares at each (64)")
	f.StringVar(&o.plan.Path, "path", bench.DefaultPath, "what to ask for")
	f.BoolVar(&o.closes, "close", false, "only a connection per request")
	f.StringVar(&o.plan.Closer, "closer", results.CloserServer, "who closes then, client or server")
	f.IntVar(&o.plan.Pipeline, "pipeline", 1, "requests sent ahead on a connection; more than 1 is keep-alive only")
	f.DurationVarP(&o.plan.Window, "duration", "d", bench.DefaultWindow, "measured time of each cell")
	f.IntVar(&o.plan.Rounds, "rounds", bench.DefaultRounds, "how often each cell is measured")
	f.Uint64Var(&o.plan.Seed, "seed", 0, "of the order of the cells (random, and recorded)")
	f.StringVar(&o.placement, "placement", results.PlacementSplit, "split: server and load have CPUs of their own; shared: both use all")
	f.BoolVar(&o.plan.Perf, "perf", false, "count switches by perf events as well, a second opinion (root)")
	f.StringVar(&o.out, "out", runsFolder, "where the run folder is made")
}

// complete returns the plan of a command line, which names models or, naming none, means
// the card. The error is the user's.
func (o *planFlags) complete(cmd *cobra.Command, models []string) (bench.Plan, error) {
	p := o.plan
	if p.Models = models; len(models) == 0 {
		p.Models = all.Card()
	}
	if o.closes {
		p.Modes = []string{results.ModeClose}
	} else if p.Pipeline > 1 {
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
	_, err = p.Cells()
	return p, err
}

// randomSeed is one that a JSON reader without 64-bit integers does not spoil the sign of.
func randomSeed() uint64 { return rand.Uint64() >> 1 }

package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/c10kit/c10kit/bench"
	"github.com/c10kit/c10kit/dashboard"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/results"
)

// controller is the dashboard's Controller over bench: it makes a plan of what was chosen,
// with what the form does not ask for from the command line, and runs it. There is one run
// at a time; all may be called from any goroutine.
type controller struct {
	base    bench.Plan              // of the command line
	seeded  bool                    // by the command line: otherwise each run has a seed of its own
	flags   *planFlags              // of the command line: where runs go, and what is predicted of them
	layouts map[string]bench.Layout // by placement

	mu   sync.Mutex
	runs []*liveRun // the last may go on
}

var _ dashboard.Controller = (*controller)(nil)

// newController takes a plan that is complete. It reads which CPUs this process has, so it
// is called before a thread of it is pinned.
func newController(base bench.Plan, seeded bool, flags *planFlags) (*controller, error) {
	c := &controller{base: base, seeded: seeded, flags: flags, layouts: map[string]bench.Layout{}}
	for _, placement := range []string{results.PlacementSplit, results.PlacementShared} {
		var err error
		if c.layouts[placement], err = bench.NewLayout(placement); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// choice is what the command line asks for.
func (c *controller) choice() dashboard.Choice {
	return dashboard.Choice{
		Models: c.specs(), Conns: c.base.Conns, Path: c.base.Path, Modes: c.base.Modes,
		Rounds: c.base.Rounds, Window: c.base.Window, Placement: c.base.Layout.Placement,
	}
}

// specs are the models of the command line as the form spells them.
func (c *controller) specs() []string {
	specs := make([]string, len(c.base.Models))
	for i, spec := range c.base.Models {
		specs[i] = spec
		if m, v, err := models.Find(spec); err == nil {
			specs[i] = offer(m, v).Spec
		}
	}
	return specs
}

// offer spells a variant in full, since the form has all of them.
func offer(m *models.Model, v models.Variant) dashboard.Offered {
	o := dashboard.Offered{Spec: m.Name, About: m.About}
	if v.Name != models.NoVariant {
		o.Spec += ":" + v.Name
	}
	return o
}

// Offer has every model and variant, those of the card first, and command lines that were
// named.
func (c *controller) Offer() dashboard.Choices {
	all := dashboard.Choices{
		Modes:      []string{results.ModeKeepAlive, results.ModeClose},
		Placements: []string{results.PlacementSplit, results.PlacementShared},
		Default:    c.choice(),
	}
	listed := map[string]bool{}
	for _, m := range ordered() {
		for _, v := range m.Variants {
			o := offer(m, v)
			all.Models, listed[o.Spec] = append(all.Models, o), true
		}
	}
	for _, spec := range all.Default.Models {
		if !listed[spec] {
			all.Models = append(all.Models, dashboard.Offered{Spec: spec, About: "of the command line"})
		}
	}
	return all
}

// Start makes the folder and begins. The error has the command's exit code.
func (c *controller) Start(choice dashboard.Choice, feed *dashboard.Feed) error {
	p, err := c.plan(choice)
	if err != nil {
		return usageError(ofForm(err))
	}
	cells, err := p.Cells()
	if err != nil {
		return usageError(ofForm(err))
	}
	argv := os.Args // the first run is that of the command line
	if len(c.all()) > 0 {
		argv = c.flags.argv(p)
	}
	folder, err := results.Create(c.flags.out, "dashboard", p.Manifest(cells, argv))
	if err != nil {
		return machineError(err)
	}
	if err := c.flags.lock(folder); err != nil {
		return machineError(errors.Join(err, folder.Close(true)))
	}
	stored, err := results.Open(folder.Dir()) // the manifest with what Create has put in
	if err != nil {
		return machineError(errors.Join(err, folder.Close(true)))
	}
	head := dashboard.NewHead(stored)
	head.Warnings = nil // that it is not closed is no damage yet
	feed.Begin(head)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runs = append(c.runs, startRun(p, cells, folder, feed))
	return nil
}

// ofForm says an error about a flag with the name that the form has for it.
func ofForm(err error) error {
	var wrong *bench.FlagError
	if !errors.As(err, &wrong) {
		return err
	}
	name, ok := map[string]string{
		"-c": "conns", "-d": "window", "--path": "path", "--rounds": "rounds", "--placement": "placement",
	}[wrong.Flag]
	if !ok {
		return err
	}
	return &dashboard.SettingError{Setting: name, Problem: wrong.Problem}
}

// plan puts a choice in the place of what the command line asked for.
func (c *controller) plan(choice dashboard.Choice) (bench.Plan, error) {
	p := c.base
	p.Models, p.Conns, p.Path, p.Modes = choice.Models, choice.Conns, choice.Path, choice.Modes
	p.Rounds, p.Window = choice.Rounds, choice.Window
	placement := cmp.Or(choice.Placement, p.Layout.Placement)
	l, ok := c.layouts[placement]
	if !ok {
		return p, &dashboard.SettingError{Setting: "placement", Problem: fmt.Sprintf("%q: want %s or %s", placement, results.PlacementSplit, results.PlacementShared)}
	}
	p.Layout = l
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.seeded && len(c.runs) > 0 {
		p.Seed = randomSeed()
	}
	return p.Default(), nil
}

// Pause holds the run before its next cell.
func (c *controller) Pause(on bool) { c.current(func(r *liveRun) { r.pause(on) }) }

// Held reports whether the run waits in a pause.
func (c *controller) Held() (held bool) {
	c.current(func(r *liveRun) { held = r.holds() })
	return held
}

// Next leaves out what is left of the round.
func (c *controller) Next() { c.current((*liveRun).next) }

// Stop ends the run, keeping what was measured.
func (c *controller) Stop() { c.current(func(r *liveRun) { r.cancel() }) }

func (c *controller) current(do func(*liveRun)) {
	if runs := c.all(); len(runs) > 0 {
		do(runs[len(runs)-1])
	}
}

func (c *controller) all() []*liveRun {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.runs)
}

// end brings what goes on to its end, after the screen has ended with an error or nil, and
// returns what the command ends with.
func (c *controller) end(screen error) error {
	if errors.Is(screen, dashboard.ErrAtOnce) {
		return c.abandon()
	}
	ended := c.wait()
	if screen != nil {
		return screenError(screen)
	}
	return ended
}

// wait waits until no run goes on and returns how the last one ended.
func (c *controller) wait() error {
	var err error
	for _, r := range c.all() {
		<-r.ended
		err = r.err
	}
	return err
}

// abandon closes the folder of a run that nobody waits for, and returns what the command
// ends with. What the run has started dies with this process: PDEATHSIG.
func (c *controller) abandon() error {
	for _, r := range c.all() {
		if err := r.folder.Close(true); err != nil { // of a run that has ended it does nothing
			return machineError(err)
		}
	}
	return errInterrupted
}

package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/results"
)

// Plan is an experiment to be made. Default completes it, but for Models, Seed and
// Layout.
type Plan struct {
	// Models are specs, "name" or "name:variant"; Path is of the http app.
	Models []string
	Path   string
	// Conns are the numbers of connections to compare at. Empty is 64, but 1 for a
	// keep-alive cell of a model that serves one connection at a time.
	Conns    []int
	Modes    []string // results.ModeKeepAlive, results.ModeClose
	Closer   string   // who closes in mode close
	Pipeline int
	Rounds   int
	Window   time.Duration
	Warmup   time.Duration
	Seed     uint64
	Layout   Layout
	// Requests ends a window by count instead of time, if not 0.
	Requests uint64
	// Think is how long the load waits after connect and after each answer:
	// loadgen.Config.Think.
	Think time.Duration
	// Perf counts context switches by perf events as well: a live series and a second
	// opinion. It takes root, or CAP_PERFMON.
	Perf bool
	// Backlog of the server's listener; 0 is models.DefaultBacklog. Lab allows the paths
	// that block and burn.
	Backlog int
	Lab     bool
	// Warnings are for the manifest.
	Warnings []string
	// Before, if not nil, is called before each cell: it may wait, for a pause, and
	// answers whether the cell is measured.
	Before func(ctx context.Context, c results.Cell) bool
	// WarmupRequests, if not 0, are sent as a run of their own before the window.
	WarmupRequests uint64
}

// Defaults of a Plan.
const (
	DefaultConns  = 64
	DefaultPath   = "/plaintext"
	DefaultRounds = 3
	DefaultWindow = time.Second
	DefaultWarmup = 100 * time.Millisecond
)

// Default returns p with every zero field but Models, Seed and Layout set.
func (p Plan) Default() Plan {
	if len(p.Modes) == 0 {
		p.Modes = []string{results.ModeKeepAlive, results.ModeClose}
	}
	if p.Path == "" {
		p.Path = DefaultPath
	}
	if p.Closer == "" {
		p.Closer = results.CloserServer
	}
	p.Pipeline = max(p.Pipeline, 1)
	if p.Rounds == 0 {
		p.Rounds = DefaultRounds
	}
	if p.Window == 0 {
		p.Window = DefaultWindow
	}
	if p.Warmup == 0 {
		p.Warmup = DefaultWarmup
	}
	return p
}

// What an experiment is bounded by, before anything is made of it.
const (
	maxWindows = 10_000         // cells times rounds: hours
	maxWindow  = 24 * time.Hour // far from where int64 ends
)

// FlagError is what is wrong with one setting of a plan, by the name of the flag that it is
// of.
type FlagError struct {
	Flag    string // as "-c" and "--rounds"
	Problem string // "0: a number from 1 to 16384 is needed"
}

func (e *FlagError) Error() string { return e.Flag + " " + e.Problem }

func flagErrorf(flag, format string, args ...any) error {
	return &FlagError{Flag: flag, Problem: fmt.Sprintf(format, args...)}
}

// Cells returns the cells of one round, in the order in which reports show them:
// by mode, then by number of connections, then as the models were named. An error
// is the user's: a model that does not exist, a number that makes no sense, a path
// that no request line holds; that of one setting is a *FlagError.
func (p Plan) Cells() ([]results.Cell, error) {
	switch {
	case len(p.Models) == 0:
		return nil, errors.New("no model is named")
	case p.Rounds < 1:
		return nil, flagErrorf("--rounds", "%d: at least 1 is needed", p.Rounds)
	case p.Window < 10*time.Millisecond:
		return nil, flagErrorf("-d", "%v: a window of at least 10ms is needed", p.Window)
	case p.Window > maxWindow:
		return nil, flagErrorf("-d", "%v: a window of at most %v is measured", p.Window, maxWindow)
	case strings.ContainsFunc(p.Path, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return nil, flagErrorf("--path", "%q: a request line holds neither blanks nor control characters; write them as %%20", p.Path)
	case p.Pipeline > 1 && slices.Contains(p.Modes, results.ModeClose):
		return nil, flagErrorf("--pipeline", "%d needs connections that are kept alive: leave out --close", p.Pipeline)
	}
	counts := p.Conns
	if len(counts) == 0 {
		counts = []int{DefaultConns}
	}
	// By division: the product may overflow.
	if n := len(p.Modes) * len(counts) * len(p.Models); p.Rounds > maxWindows/max(n, 1) {
		return nil, flagErrorf("--rounds", "%d of %d cells: at most %d windows are measured in one run", p.Rounds, n, maxWindows)
	}
	var cells []results.Cell
	for _, mode := range p.Modes {
		for _, conns := range counts {
			for _, spec := range p.Models {
				c, err := p.cell(spec, mode, conns)
				if err != nil {
					return nil, err
				}
				if p.cannotClose(c) {
					continue
				}
				if !slices.Contains(cells, c) {
					cells = append(cells, c)
				}
			}
		}
	}
	if len(cells) == 0 {
		return nil, fmt.Errorf("%s never closes a connection first: use --closer client", strings.Join(p.Models, " and "))
	}
	return cells, nil
}

// cannotClose reports that a cell asks a server to close first that never does. Cells
// leaves it out, and the manifest says so.
func (p Plan) cannotClose(c results.Cell) bool {
	_, v, err := models.Find(c.Spec())
	return err == nil && v.Traits.KeepsOpen && c.Mode == results.ModeClose && c.Closer == results.CloserServer
}

func (p Plan) cell(spec, mode string, conns int) (results.Cell, error) {
	m, v, err := models.Find(spec)
	if err != nil {
		return results.Cell{}, err
	}
	if conns < 1 || conns > models.DefaultMaxConns {
		return results.Cell{}, flagErrorf("-c", "%d: a number from 1 to %d is needed", conns, models.DefaultMaxConns)
	}
	if why := v.Traits.Unserved(p.Path); why != "" {
		return results.Cell{}, flagErrorf("--path", "%s: %s does not serve it: %s", p.Path, models.Spec(m, v.Name), why)
	}
	if len(p.Conns) == 0 && mode == results.ModeKeepAlive && v.Traits.Kind == models.Serial {
		conns = 1
	}
	c := results.Cell{
		Model: m.Name, Variant: v.Name, App: "http", Path: p.Path,
		Conns: conns, Workers: p.workers(v.Traits, conns),
		Mode: mode, Closer: p.Closer, Pipeline: p.Pipeline, Placement: p.Layout.Placement,
	}
	if v.Traits.Tree {
		c.Workers = results.WorkersTree // however many it is given: none can be named
	}
	if mode == results.ModeKeepAlive {
		c.Closer = results.CloserClient // the load closes them when the window is over
	}
	c = c.Identify()
	if err := c.Validate(); err != nil {
		return c, err
	}
	cfg, err := p.config(c, "127.0.0.1:80") // any address: it is the rest that is checked
	if err == nil {
		err = cfg.Check()
	}
	return c, err
}

// workers is how many a server gets: as many as connections for a blocking pool,
// so that what is compared is the model and not the size of the pool. A model with
// a worker for each connection has that many anyway.
func (p Plan) workers(t models.Traits, conns int) int {
	switch t.Kind {
	case models.Pool, models.PerConnection:
		return conns
	case models.Events, models.Runtime:
		if t.MaxWorkers > 0 {
			return min(t.MaxWorkers, len(p.Layout.Server))
		}
		return len(p.Layout.Server)
	default:
		return 1
	}
}

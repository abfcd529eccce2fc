package bench

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/control"
	"github.com/c10kit/c10kit/probe/watch"
	"github.com/c10kit/c10kit/results"
)

// Measured is what one cell gave in one round.
type Measured struct {
	Result     results.Result
	Load       *loadgen.Result
	Start, End time.Time // of the window
	Gomaxprocs int       // of the server
}

// addresses counts the cells that this process measured.
var addresses atomic.Uint32

// address returns an address of 127.0.0.0/8 that no earlier cell of this process
// had, so that what a cell leaves in TIME_WAIT shares no address with the next.
func address() string {
	n := addresses.Add(1)
	return fmt.Sprintf("127.%d.%d.%d:0", 16+n/62500%64, n/250%250+1, n%250+1)
}

// sources returns eight addresses to connect from: the server's own /8 with the
// last byte changed. A connection per request needs a port each, and one source
// has 28,232 of them, of which a fast server uses up more in a window than the
// kernel gives back.
func sources(server netip.Addr) []netip.Addr {
	var all []netip.Addr
	a := server.As4()
	for a[3] = 1; a[3] <= 8; a[3]++ {
		all = append(all, netip.AddrFrom4(a))
	}
	return all
}

// Measure measures one cell: a fresh server, warm-up, window, stop. sample, if not
// nil, receives the series while the window is open. An interrupted window is no
// error: Load.Interrupted tells. An error means that there is nothing to show.
//
// The caller sets GOMAXPROCS to at least len(Layout.Load) + 2.
func (p Plan) Measure(ctx context.Context, c results.Cell, sample func(results.Sample)) (*Measured, error) {
	m, v, err := models.Find(c.Spec())
	if err != nil {
		return nil, err
	}
	workers := c.Workers
	if workers == results.WorkersTree {
		workers = p.workers(v.Traits, c.Conns)
	}
	config := models.Config{
		Model: m.Name, Variant: v.Name, App: c.App, Addr: address(), Workers: workers, CPUs: p.Layout.Server,
		MaxConns: max(models.DefaultMaxConns, workers), Backlog: p.Backlog, Lab: p.Lab,
	}
	// Not the caller's context: Ctrl-C ends the window, and the server is then asked
	// for its edge and drained as always.
	server, err := control.Start(context.WithoutCancel(ctx), config)
	if err != nil {
		return nil, err
	}
	w := &window{plan: p, cell: c, traits: v.Traits, server: server, sample: sample}
	load, err := w.load(ctx)
	r := results.Result{}
	if err == nil {
		r = w.result(load) // reads the board, which Stop closes
	}
	stopped := errors.Join(w.release(), server.Stop(models.DefaultDrain+time.Second))
	if err != nil {
		return nil, errors.Join(err, stopped)
	}
	switch said := server.Said(); {
	case stopped != nil:
		r.Notes = append(r.Notes, "the server did not end well: "+stopped.Error())
	case said != "":
		r.Notes = append(r.Notes, "the server said: "+said)
	}
	return &Measured{
		Result: r, Load: load, Start: w.start, End: w.end, Gomaxprocs: server.Ready.Gomaxprocs,
	}, nil
}

// window is the part of a cell in which a server is loaded.
type window struct {
	plan   Plan
	cell   results.Cell
	traits models.Traits
	server *control.Process
	sample func(results.Sample)

	start, end    time.Time
	before, after control.Edge
	edgeErr       error

	watch    *watch.Watch
	watchErr error
	series   *series
}

// load runs the generator, with the edges of the server's clocks and of the kernel's
// counters at the edges of the window.
func (w *window) load(ctx context.Context) (*loadgen.Result, error) {
	cfg, err := w.config()
	if err != nil {
		return nil, err
	}
	if n := w.plan.WarmupRequests; n > 0 {
		warm := cfg
		warm.Requests, warm.Duration, warm.Warmup = n, 0, 0
		if _, err := loadgen.Run(ctx, warm); err != nil {
			return nil, err
		}
	}
	w.watch, w.watchErr = watch.New(w.watched())
	cfg.Opened, cfg.Closed = w.opened, w.closed
	w.series = newSeries(w)
	cfg.Sample = w.series.loaded
	return loadgen.Run(ctx, cfg)
}

func (w *window) watched() watch.Options {
	o := watch.Options{
		Pid:   w.server.Ready.Root,
		Addr:  netip.MustParseAddrPort(w.server.Addr()),
		CPUs:  w.plan.Layout.Server,
		Perf:  w.plan.Perf,
		Board: w.server.Board,
		Alone: w.traits.Kind == models.PerConnection,
	}
	if !w.traits.Forks {
		o.Self = func() (voluntary, involuntary uint64, err error) {
			u, err := w.server.Usage()
			return u.Voluntary, u.Involuntary, err
		}
	}
	return o
}

// opened is the first edge: the load has warmed up and is under way. The server's own
// clocks are read last, since a request costs them most.
func (w *window) opened() {
	if w.watchErr == nil {
		w.watchErr = w.watch.Open()
	}
	w.before, w.edgeErr = w.server.Edge()
	w.start = time.Now()
	w.series.begin(w.watched())
}

// closed is the second: the load goes on until it returns.
func (w *window) closed() {
	w.end = time.Now()
	w.series.end()
	var err error
	w.after, err = w.server.Edge()
	w.edgeErr = errors.Join(w.edgeErr, err)
	if w.watchErr == nil {
		w.watchErr = w.watch.Close()
	}
}

func (w *window) release() error {
	if w.watch == nil {
		return nil
	}
	return w.watch.Release()
}

func (w *window) config() (loadgen.Config, error) {
	c := w.cell
	target, err := loadgen.ParseTarget("http://" + w.server.Addr() + c.Path)
	if err != nil {
		return loadgen.Config{}, err
	}
	cfg := loadgen.Config{
		Target:   target,
		Conns:    c.Conns,
		Threads:  min(len(w.plan.Layout.Load), c.Conns),
		Warmup:   w.plan.Warmup,
		Pipeline: c.Pipeline,
		Close:    c.Mode == results.ModeClose,
		CPUs:     w.plan.Layout.Load,
		Think:    w.plan.Think,
	}
	if cfg.Close {
		cfg.Sources = sources(target.Addr.Addr())
	}
	if w.plan.Requests > 0 {
		cfg.Requests = w.plan.Requests
	} else {
		cfg.Duration = w.plan.Window
	}
	return cfg, cfg.Closer.Set(c.Closer)
}

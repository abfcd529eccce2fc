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
	config := models.Config{
		Model: m.Name, Variant: v.Name, App: c.App, Addr: address(), Workers: c.Workers, CPUs: p.Layout.Server,
		MaxConns: max(models.DefaultMaxConns, c.Workers),
	}
	// Not the caller's context: Ctrl-C ends the window, and the server is then asked
	// for its edge and drained as always.
	server, err := control.Start(context.WithoutCancel(ctx), config)
	if err != nil {
		return nil, err
	}
	w := &window{plan: p, cell: c, server: server, sample: sample}
	load, err := w.load(ctx)
	stopped := server.Stop(models.DefaultDrain + time.Second)
	if err != nil {
		return nil, errors.Join(err, stopped)
	}
	r := w.result(load, v.Traits)
	if stopped != nil {
		r.Notes = append(r.Notes, "the server did not end well: "+stopped.Error())
	}
	return &Measured{
		Result: r, Load: load, Start: w.start, End: w.end, Gomaxprocs: server.Ready.Gomaxprocs,
	}, nil
}

// window is the part of a cell in which a server is loaded.
type window struct {
	plan   Plan
	cell   results.Cell
	server *control.Process
	sample func(results.Sample)

	start, end    time.Time
	before, after control.Edge
	edgeErr       error
	opened        time.Duration // on the load's clock, at the first sample of the window
	last          loadgen.Sample
}

// load runs the generator, with the edges of the server's clocks at the edges of
// the window.
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
	cfg.Opened = func() {
		w.before, w.edgeErr = w.server.Edge()
		w.start = time.Now()
	}
	cfg.Closed = func() {
		w.end = time.Now()
		var err error
		w.after, err = w.server.Edge()
		w.edgeErr = errors.Join(w.edgeErr, err)
	}
	cfg.Sample = w.sampled
	return loadgen.Run(ctx, cfg)
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

// sampled turns the load's running totals into a line of the series.
func (w *window) sampled(s loadgen.Sample) {
	if !s.Window {
		return
	}
	last := w.last
	w.last = s
	if last.At == 0 {
		w.opened = s.At
		return
	}
	dt := (s.At - last.At).Seconds()
	if w.sample == nil || dt <= 0 {
		return
	}
	w.sample(results.Sample{
		Cell: w.cell.ID,
		T:    (s.At - w.opened).Seconds(),
		Values: map[results.Metric]float64{
			results.ReqPerSec:  float64(s.OK-last.OK) / dt,
			results.ConnPerSec: float64(s.Opened-last.Opened) / dt,
			results.Errors:     float64(s.Failed - last.Failed),
		},
	})
}

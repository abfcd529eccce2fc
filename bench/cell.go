package bench

import (
	"context"
	"errors"
	"net/netip"
	"strings"
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

// sourcesPer is how many addresses a cell of a connection per request connects from. Each
// connection needs a port, and one source has 28,232 of them, of which a fast server uses
// up more in a window than the kernel gives back. Where the server closes first they are
// free at once, and fit says how many are used.
const sourcesPer = 8

// addressBlock is how many addresses a cell has to itself: the server's, those of its
// sources behind it, and some that nobody has.
const addressBlock = 16

// address returns an address of 127.0.0.0/8 that neither a server nor a source of the
// 240,000 cells before it had, so that what a cell leaves in TIME_WAIT is not taken for the
// next one's.
func address() netip.Addr {
	const blocks, nets = 15, 250 // in an address's last byte, and in the one before
	n := addresses.Add(1)
	return netip.AddrFrom4([4]byte{
		127, byte(16 + n/(blocks*nets)%64), byte(1 + n/blocks%nets), byte(1 + n%blocks*addressBlock),
	})
}

// sources returns the addresses to connect to server from: those right behind its own.
func sources(server netip.Addr) []netip.Addr {
	all := make([]netip.Addr, sourcesPer)
	for i := range all {
		server = server.Next()
		all[i] = server
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
		Model: m.Name, Variant: v.Name, App: c.App, Addr: address().String() + ":0", Workers: workers, CPUs: p.Layout.Server,
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
	unasked := hasEnded(server) // nobody has asked it to until here
	stopped := errors.Join(w.release(), server.Stop(models.DefaultDrain+time.Second))
	if err != nil {
		return nil, errors.Join(err, stopped)
	}
	said := server.Said()
	switch {
	case unasked:
		r.Ended = firstLine(stopped)
	case stopped != nil:
		r.Notes = append(r.Notes, "the server did not end well: "+stopped.Error())
		said = "" // it is in the error
	}
	if said != "" {
		r.Notes = append(r.Notes, "the server said: "+said)
	}
	return &Measured{
		Result: r, Load: load, Start: w.start, End: w.end, Gomaxprocs: server.Ready.Gomaxprocs,
	}, nil
}

// firstLine is how a server ended, without the rest of what it said.
func firstLine(err error) string {
	if err == nil {
		return "exit status 0"
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	const long = 120 // a command's log may be one line
	if len(line) > long {
		line = strings.ToValidUTF8(line[:long], "") + "..."
	}
	return line
}

// hasEnded reports whether the process of a server has.
func hasEnded(server *control.Process) bool {
	select {
	case <-server.Exited():
		return true
	default:
		return false
	}
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

	watch    *watch.Watch // nil: watchErr says why
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
		Pid:      w.server.Ready.Root,
		Addr:     netip.MustParseAddrPort(w.server.Addr()),
		CPUs:     w.plan.Layout.Server,
		LoadCPUs: w.plan.loadCPUs(w.cell),
		Perf:     w.plan.Perf,
		Board:    w.server.Board,
		Alone:    w.traits.Kind == models.PerConnection,
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
	if w.watch != nil {
		_ = w.watch.Open() // Counted says what is missing, and why
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
	if w.watch != nil {
		_ = w.watch.Close()
	}
}

func (w *window) release() error {
	if w.watch == nil {
		return nil
	}
	return w.watch.Release()
}

func (w *window) config() (loadgen.Config, error) {
	cfg, err := w.plan.config(w.cell, w.server.Addr())
	if err == nil && leavesTimeWaits(w.cell) {
		w.plan.fit(&cfg)
	}
	return cfg, err
}

// loadCPUs are the processors that the load of a cell uses, one for each of its threads,
// of which there are no more than connections.
func (p Plan) loadCPUs(c results.Cell) []int {
	return p.Layout.Load[:min(len(p.Layout.Load), c.Conns)]
}

// config is the load of a cell, on a server at addr.
func (p Plan) config(c results.Cell, addr string) (loadgen.Config, error) {
	target, err := loadgen.ParseTarget("http://" + addr + c.Path)
	if err != nil {
		return loadgen.Config{}, err
	}
	cfg := loadgen.Config{
		Target:   target,
		Conns:    c.Conns,
		Threads:  len(p.loadCPUs(c)),
		Warmup:   p.Warmup,
		Pipeline: c.Pipeline,
		Close:    c.Mode == results.ModeClose,
		CPUs:     p.loadCPUs(c),
		Think:    p.Think,
	}
	if cfg.Close {
		cfg.Sources = sources(target.Addr.Addr())
	}
	if p.Requests > 0 {
		cfg.Requests = p.Requests
	} else {
		cfg.Duration = p.Window
	}
	return cfg, cfg.Closer.Set(c.Closer)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/c10kit/c10kit/internal/sys"
	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/probe"
)

// loadOptions are the flags of load that are not loadgen's own words.
type loadOptions struct {
	cfg                 loadgen.Config
	cpus, sources, body string
	hgrm                string
	json, ownHost       bool
	pid                 int
	perf                bool
}

func newLoad() *cobra.Command {
	var o loadOptions
	o.cfg.Closer = loadgen.ServerCloses
	cmd := &cobra.Command{
		Use:   "load URL",
		Short: "Load any server and say what it answered",
		Long: `Load keeps a number of connections busy, each with one request after the other
(a closed loop), and prints rates, latencies and every error by phase and class.
Ctrl-C ends it early and keeps what was measured.

Of a server on this machine, whatever it is, it also prints context switches,
CPU, memory and TIME_WAITs. It is found by its listening socket; --pid names it
where that does not. That takes the user of the server, or root.

URL is http://HOST:PORT/PATH, tcp+echo://HOST:PORT or tcp+unp://HOST:PORT/BYTES;
https is not spoken. HOST is an address or localhost. A target that is not
loopback is refused unless --i-own-this-host is given.`,
		Example: `  c10kit load http://127.0.0.1:8080/plaintext -c 64 -d 10s
  c10kit load http://127.0.0.1:8080/json -n 100000 --close --closer client
  c10kit load tcp+echo://127.0.0.1:7777 -c 8`,
		Args: needs(1, "a URL such as http://127.0.0.1:8080/plaintext"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.IntVarP(&o.cfg.Conns, "conns", "c", 64, "connections")
	f.IntVarP(&o.cfg.Threads, "threads", "t", 1, "threads that drive them")
	f.DurationVarP(&o.cfg.Duration, "duration", "d", 10*time.Second, "length of the measured window")
	f.Uint64VarP(&o.cfg.Requests, "requests", "n", 0, "end after so many requests instead")
	f.BoolVar(&o.cfg.Close, "close", false, "a connection for each request")
	f.IntVar(&o.cfg.RequestsPerConn, "requests-per-conn", 0, "close a connection after so many requests")
	f.Var(&o.cfg.Closer, "closer", "who closes then, client or server: that side keeps the TIME_WAIT")
	f.IntVar(&o.cfg.Pipeline, "pipeline", 1, "requests sent ahead on a connection")
	f.DurationVar(&o.cfg.Think, "think", 0, "sleep so long after each connect and after each answer")
	f.StringVarP(&o.cfg.Method, "method", "m", "", "request method (GET, with a body POST)")
	f.StringArrayVarP(&o.cfg.Headers, "header", "H", nil, `header field, "Name: value"`)
	f.StringVar(&o.body, "body", "", "request body: a file, or a size such as 64KiB of zeros")
	f.StringVar(&o.sources, "sources", "", "local addresses to connect from, in 127.0.0.0/8: a CIDR or a list")
	f.DurationVar(&o.cfg.Warmup, "warmup", 0, "load before the window, not measured")
	f.DurationVar(&o.cfg.Timeout, "timeout", 10*time.Second, "of a connect, a request, a close")
	f.StringVar(&o.cpus, "cpus", "", "CPUs for the threads, such as 0,2-3 (all)")
	f.StringVar(&o.hgrm, "hgrm", "", "write the latency distribution to this file, as HdrHistogram's plotters read it")
	f.IntVar(&o.pid, "pid", 0, "the server's process, where its listening socket does not tell")
	f.BoolVar(&o.perf, "perf", false, "count the server's switches by perf events as well (root)")
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.BoolVar(&o.ownHost, "i-own-this-host", false, "allow a target that is not loopback")
	return cmd
}

func (o *loadOptions) run(cmd *cobra.Command, url string) error {
	if err := refuseZero(cmd, "requests", "threads", "pipeline", "timeout", "conns"); err != nil {
		return err
	}
	if cmd.Flags().Changed("closer") && !o.cfg.Close && o.cfg.RequestsPerConn == 0 {
		return usagef("--closer says who closes first, and connections are kept: add --close or --requests-per-conn")
	}
	if err := o.complete(url, cmd.Flags().Changed("duration")); err != nil {
		return usageError(err)
	}
	hgrm, err := o.createHgrm() // before the load: what cannot be written is not measured in vain
	if err != nil {
		return machineError(err)
	}
	defer hgrm.Close()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(o.cfg.Threads, 1) + 2))
	server, err := watchServer(o.cfg.Target.Addr, o.pid, o.perf)
	defer func() { _ = server.release() }()
	switch {
	case errors.Is(err, probe.ErrGone):
		return usageError(fmt.Errorf("--pid %d: %w", o.pid, err))
	case err != nil:
		return machineError(err)
	}
	o.cfg.Opened, o.cfg.Closed = server.opened, server.closed
	result, err := o.measure(cmd.Context(), newProgress(cmd.ErrOrStderr()))
	if err != nil {
		return machineError(err)
	}
	report := newLoadReport(o.cfg, result, server.report(result))
	if o.json {
		err = report.json(cmd.OutOrStdout())
	} else {
		err = report.text(cmd.OutOrStdout())
	}
	if hgrm != nil { // after the report: a disk that is full takes no more than the file
		err = errors.Join(err, writeHgrm(hgrm, result))
	}
	switch {
	case err != nil:
		return machineError(err)
	case result.Interrupted:
		return errInterrupted
	case result.Answered() == 0:
		return failedf("no request was answered")
	case result.Requests == 0:
		return failedf("no request was answered with 2xx")
	}
	return nil
}

// createHgrm makes the file of --hgrm; nil if none was asked for.
func (o *loadOptions) createHgrm() (*os.File, error) {
	if o.hgrm == "" {
		return nil, nil
	}
	return os.Create(o.hgrm)
}

// complete turns the flags into loadgen's configuration, and checks it: nothing is
// allocated for numbers that are too large.
func (o *loadOptions) complete(url string, durationSet bool) (err error) {
	if o.cfg.Target, err = loadgen.ParseTarget(url); err != nil {
		return err
	}
	if a := o.cfg.Target.Addr.Addr(); a.IsUnspecified() {
		return fmt.Errorf("%s is where a server listens on all addresses, none to connect to: use %s", a, loopbackOf(a))
	}
	if !o.cfg.Target.Loopback() && !o.ownHost {
		return fmt.Errorf("%s is not this machine: load only what is yours, and say so with --i-own-this-host", o.cfg.Target.Addr.Addr())
	}
	if o.cfg.Requests > 0 && !durationSet {
		o.cfg.Duration = 0
	}
	if o.cpus != "" {
		if o.cfg.CPUs, err = sys.ParseCPUs(o.cpus); err != nil {
			return err
		}
	}
	if o.sources != "" {
		var sources []netip.Addr
		if sources, err = loadgen.ParseSources(o.sources); err != nil {
			return err
		}
		o.cfg.Sources = sources
	}
	if o.body != "" {
		if o.cfg.Body, err = readBody(o.body); err != nil {
			return err
		}
	}
	return o.cfg.Check()
}

// loopbackOf is the loopback address of a's family.
func loopbackOf(a netip.Addr) string {
	if a.Is4() {
		return "127.0.0.1"
	}
	return "[::1]"
}

// readBody returns so many zeros for a size, the content of a file otherwise; no more
// than a request may have.
func readBody(arg string) ([]byte, error) {
	tooLarge := fmt.Errorf("--body %s: at most %d MiB", arg, loadgen.MaxBody>>20)
	if n, ok := parseSize(arg); ok {
		if n > loadgen.MaxBody {
			return nil, tooLarge
		}
		return make([]byte, n), nil
	}
	f, err := os.Open(arg)
	if err != nil {
		return nil, fmt.Errorf("--body is neither a size (64KiB) nor a file: %w", err)
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, loadgen.MaxBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("--body: %w", err)
	case len(body) > loadgen.MaxBody:
		return nil, tooLarge
	}
	return body, nil
}

// parseSize reads a number of bytes with an optional KiB, MiB or GiB. One that is too
// large for an int64 is the largest; ok is false for what is no number.
func parseSize(s string) (n int64, ok bool) {
	unit := int64(1)
	for suffix, u := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if number, found := strings.CutSuffix(s, suffix); found {
			s, unit = number, u
			break
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case n < 0 || err != nil && !errors.Is(err, strconv.ErrRange):
		return 0, false
	case n > math.MaxInt64/unit:
		return math.MaxInt64, true
	}
	return n * unit, true
}

// measure runs the generator and, on a terminal, says each second how it goes.
func (o *loadOptions) measure(ctx context.Context, p *progress) (*loadgen.Result, error) {
	if p.terminal {
		var last loadgen.Sample
		o.cfg.SampleEvery = time.Second
		o.cfg.Sample = func(s loadgen.Sample) {
			rate := float64(s.OK-last.OK) / (s.At - last.At).Seconds()
			last = s
			p.talk("\r\x1b[K%v  %.0f req/s  %d errors", s.At.Round(100*time.Millisecond), rate, s.Failed)
		}
		defer p.clear()
	}
	return loadgen.Run(ctx, o.cfg)
}

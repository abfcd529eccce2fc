package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/probe"
	"github.com/c10kit/c10kit/probe/watch"
	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
)

// serverWatch counts what the server under load costs, if it runs on this machine and
// may be looked into. Any server: it is found by its listening socket.
type serverWatch struct {
	board *board.Board // nil: not one of ours
	watch *watch.Watch
	perf  bool
	notes []string
}

// watchServer finds the server at addr, or takes pid if it is not 0. What cannot be
// counted is said in the report; an error, which wraps probe.ErrGone, is about pid only.
func watchServer(addr netip.AddrPort, pid int, perf bool) (*serverWatch, error) {
	s := &serverWatch{perf: perf}
	o := watch.Options{Pid: pid, Addr: addr, Perf: perf}
	found, err := owners(addr)
	var named role
	switch {
	case pid != 0:
		if named = roleOf(pid, addr, found, err); named.note != "" {
			s.notes = append(s.notes, named.note)
		}
	case err != nil:
		o.NoPid = err
	case len(found) > 1:
		o.NoPid = fmt.Errorf("several servers share %s: %v; name one with --pid", addr, found)
	default:
		o.Pid = found[0].PID
	}
	// A board is of a whole server: of one of its workers it would tell the pool's.
	if o.Pid != 0 && !named.below {
		s.openBoard(&o)
	}
	if s.watch, err = watch.New(o); err != nil && pid == 0 {
		o.Pid, o.Board, o.NoPid = 0, nil, err // it has just ended
		s.watch, err = watch.New(o)
	}
	return s, err
}

func (s *serverWatch) openBoard(o *watch.Options) {
	b, err := board.OpenProcess(o.Pid)
	switch {
	case err == nil:
		s.board, o.Board = b, b
	case errors.Is(err, fs.ErrPermission):
		s.notes = append(s.notes, "whether it has a scoreboard only its own user or root may see: the figures are of all its threads")
	}
}

// opened and closed are the edges of the window. Their errors are in what is counted.
func (s *serverWatch) opened() { _ = s.watch.Open() }
func (s *serverWatch) closed() { _ = s.watch.Close() }

func (s *serverWatch) release() error {
	var errs []error
	if s.watch != nil {
		errs = append(errs, s.watch.Release())
	}
	if s.board != nil {
		errs = append(errs, s.board.Close())
	}
	return errors.Join(errs...)
}

// serverReport is the part of load's report about the server.
type serverReport struct {
	Pid     int      `json:"pid,omitempty"` // 0: no process was found, or none may be looked into
	Name    string   `json:"name,omitempty"`
	Workers string   `json:"workers,omitempty"` // "board", or "tree" if none can be named
	CPU     *float64 `json:"cpu,omitempty"`     // processors that it kept busy
	// Perf is all context switches of the tree by perf events, if they were asked for, and
	// PerfVoluntary the voluntary ones, for root.
	Perf          *uint64 `json:"csw-perf,omitempty"`
	PerfVoluntary *uint64 `json:"csw-vol-perf,omitempty"`
	// PerWorker is how many connections each worker had: watch.Counted.
	PerWorker []uint64                   `json:"per-worker,omitempty"`
	Values    map[results.Metric]float64 `json:"values,omitempty"`
	Missing   map[results.Metric]string  `json:"missing,omitempty"`
	Notes     []string                   `json:"notes,omitempty"`
}

// The keys of serverReport.Perf and PerfVoluntary, under Missing too.
const (
	cswPerf          = results.Metric(watch.Perf)
	cswPerfVoluntary = results.Metric(watch.PerfVoluntary)
)

// report divides what was counted by the requests that were answered meanwhile.
func (s *serverWatch) report(load *loadgen.Result) *serverReport {
	c, process := s.watch.Counted(), s.watch.Process()
	r := &serverReport{Pid: process.PID, Name: process.Name, Notes: s.notes}
	r.Values, r.Missing = c.Metrics(load)
	switch {
	case process.PID == 0:
	case s.board != nil && !s.board.Tree():
		r.Workers = "board"
	default:
		r.Workers = "tree"
	}
	if c.CPUErr == nil && c.Elapsed > 0 {
		busy := float64(c.CPU.Total()) / float64(c.Elapsed)
		r.CPU = &busy
	}
	if s.perf {
		r.Perf = r.ofPerf(cswPerf, c.Perf, c.PerfErr)
		r.PerfVoluntary = r.ofPerf(cswPerfVoluntary, c.PerfVoluntary, c.PerfVoluntaryErr)
	}
	r.PerWorker = c.PerWorker
	if errors.Is(c.TreeErr, probe.ErrGone) && process.PID != 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("the server, process %v, ended while it was loaded", process))
	}
	r.Notes = append(r.Notes, c.Notes()...)
	return r
}

// ofPerf is a count of perf events, or says why it is missing.
func (r *serverReport) ofPerf(m results.Metric, n uint64, err error) *uint64 {
	if err != nil {
		r.Missing[m] = err.Error()
		return nil
	}
	return &n
}

// figure formats one figure, or a dash.
func (r *serverReport) figure(m results.Metric) string {
	if v, ok := r.Values[m]; ok {
		return m.Format(v)
	}
	return "-"
}

func (r *serverReport) text(w io.Writer) {
	f := r.figure
	if r.Pid == 0 {
		fmt.Fprintln(w, "server\tno process to look into")
	} else {
		r.processText(w)
	}
	fmt.Fprintf(w, "  TIME_WAIT\tstanding at the end\tserver %s, client %s\n", f(results.TimeWaitStandingServer), f(results.TimeWaitStandingClient))
	fmt.Fprintf(w, "  accept queue\t%s dropped\t%s segments sent again in the namespace\n", f(results.Overflows), f(results.Retransmits))
}

func (r *serverReport) processText(w io.Writer) {
	f := r.figure
	fmt.Fprintf(w, "server\t%s (pid %d)\t%s, %s\n", r.Name, r.Pid,
		things(f(results.Procs), "process", "processes"), things(f(results.Threads), "thread", "threads"))
	cpu := ""
	if r.CPU != nil {
		cpu = fmt.Sprintf("%.0f%% of a CPU: ", 100**r.CPU)
	}
	fmt.Fprintf(w, "  CPU\t%s a request\t%suser %s, system %s\n", f(results.CPUPerReq), cpu, f(results.UserPerReq), f(results.SysPerReq))
	fmt.Fprintf(w, "  switches\t%s voluntary a request\t%s involuntary, %s\n", f(results.CswVoluntary), f(results.CswInvoluntary), r.whose())
	if r.Perf != nil {
		fmt.Fprintf(w, "  perf events\t%d switches\tof the whole tree in the window, %s of them voluntary\n", *r.Perf, count(r.PerfVoluntary))
	}
	if v, ok := r.Values[results.WakeUps]; ok {
		fmt.Fprintf(w, "  wake-ups\t%s a request\t%s calls found nothing to do\n", results.WakeUps.Format(v), f(results.EAGAINs))
	}
	if len(r.PerWorker) > 1 {
		fmt.Fprintf(w, "  sharing\tof connections\t%v\n", reports.Shares{Conns: r.PerWorker})
	}
	fmt.Fprintf(w, "  memory\t%s\tPSS of all its processes\n", f(results.PSS))
}

// whose says of which threads the switches are, and how far off they may be.
func (r *serverReport) whose() string {
	text := "of its workers"
	if r.Workers == "tree" {
		text = "of all its threads"
	}
	v := r.Values
	if off := v[results.CswError]; off >= 0.01*(v[results.CswVoluntary]+v[results.CswInvoluntary]) && off > 0 {
		text += ", \u00b1" + results.CswError.Format(off)
	}
	if v, ok := v[results.CswRuntime]; ok {
		text += fmt.Sprintf("; %s of its other threads", results.CswRuntime.Format(v))
	}
	return text
}

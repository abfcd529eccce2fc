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
	"github.com/c10kit/c10kit/probe/inetdiag"
	"github.com/c10kit/c10kit/probe/watch"
	"github.com/c10kit/c10kit/results"
)

// serverWatch counts what the server under load costs, if it runs on this machine and
// may be looked into. Any server: it is found by its listening socket.
type serverWatch struct {
	found probe.Process
	board *board.Board // nil: not one of ours
	watch *watch.Watch
	notes []string
	err   error // why there is nothing to say
}

// watchServer finds the server at addr, or takes pid if it is not 0. It never fails:
// what cannot be counted is said in the report.
func watchServer(addr netip.AddrPort, pid int, perf bool) *serverWatch {
	s := &serverWatch{}
	if pid == 0 {
		if s.found, s.err = findServer(addr); s.err != nil {
			return s
		}
		pid = s.found.PID
	}
	o := watch.Options{Pid: pid, Addr: addr, Perf: perf}
	b, err := board.OpenProcess(pid)
	switch {
	case err == nil:
		s.board, o.Board = b, b
	case errors.Is(err, fs.ErrPermission):
		s.notes = append(s.notes, "whether it has a scoreboard only its own user or root may see: the figures are of all its threads")
	}
	if s.watch, s.err = watch.New(o); s.err == nil {
		s.found = s.watch.Process()
	}
	return s
}

// findServer asks the kernel which socket listens at addr, and /proc whose it is.
func findServer(addr netip.AddrPort) (probe.Process, error) {
	diag, err := inetdiag.Open()
	if err != nil {
		return probe.Proc{}.Find(addr) // reads the table of all sockets instead
	}
	defer diag.Close()
	sockets, err := diag.Listeners(addr)
	if err != nil {
		return probe.Process{}, err
	}
	if len(sockets) == 0 {
		return probe.Process{}, fmt.Errorf("nobody listens at %s in this network namespace: is the server in another, as in a container? name it with --pid", addr)
	}
	listeners := make([]probe.Listener, len(sockets))
	for i, l := range sockets {
		listeners[i] = probe.Listener{Addr: l.Addr, Inode: uint64(l.Inode), UID: l.UID}
	}
	owners, err := probe.Proc{}.Owners(listeners)
	switch {
	case err != nil:
		return probe.Process{}, err
	case len(owners) > 1:
		return probe.Process{}, fmt.Errorf("several servers share %s: %v; name one with --pid", addr, owners)
	}
	return owners[0], nil
}

// opened and closed are the edges of the window.
func (s *serverWatch) opened() {
	if s.err == nil {
		s.err = s.watch.Open()
	}
}

func (s *serverWatch) closed() {
	if s.err == nil {
		s.err = s.watch.Close()
	}
}

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
	Pid     int                        `json:"pid"`
	Name    string                     `json:"name"`
	Workers string                     `json:"workers"` // "board", or "tree" if none can be named
	CPU     float64                    `json:"cpu"`     // processors that it kept busy
	Values  map[results.Metric]float64 `json:"values,omitempty"`
	Missing map[results.Metric]string  `json:"missing,omitempty"`
	Notes   []string                   `json:"notes,omitempty"`
}

// report divides what was counted by the requests that were answered meanwhile.
func (s *serverWatch) report(load *loadgen.Result) (*serverReport, error) {
	if s.err != nil {
		return nil, s.err
	}
	c := s.watch.Counted()
	r := &serverReport{Pid: s.found.PID, Name: s.found.Name, Workers: "tree", Notes: s.notes}
	if s.board != nil && !s.board.Tree() {
		r.Workers = "board"
	}
	n := c.Requests(load.Requests, load.Elapsed)
	perRequest := func(err error) error {
		if err == nil && n == 0 {
			return errors.New("no request was answered")
		}
		return err
	}
	r.set(perRequest(c.SwitchesErr), map[results.Metric]float64{
		results.CswVoluntary: float64(c.Switches.Voluntary) / n, results.CswInvoluntary: float64(c.Switches.Involuntary) / n,
		results.CswError: float64(c.Switches.Uncertain) / n,
	})
	if c.HasBoard {
		r.set(perRequest(c.SwitchesErr), map[results.Metric]float64{
			results.CswRuntime: float64(c.Switches.Rest) / n,
			results.WakeUps:    float64(c.Board.WakeUps) / n, results.EAGAINs: float64(c.Board.EAGAINs) / n,
		})
	}
	r.set(perRequest(c.CPUErr), map[results.Metric]float64{
		results.CPUPerReq: float64(c.CPU.Total()) / n, results.UserPerReq: float64(c.CPU.User) / n, results.SysPerReq: float64(c.CPU.System) / n,
	})
	if c.CPUErr == nil && c.Elapsed > 0 {
		r.CPU = float64(c.CPU.Total()) / float64(c.Elapsed)
	}
	r.set(c.MemoryErr, map[results.Metric]float64{results.PSS: float64(c.Memory.PSS)})
	r.set(c.CPUErr, map[results.Metric]float64{results.Threads: float64(c.Threads), results.Procs: float64(c.Procs)})
	r.set(c.StandingErr, map[results.Metric]float64{
		results.TimeWaitStandingServer: float64(c.Standing.Server), results.TimeWaitStandingClient: float64(c.Standing.Client),
	})
	r.set(c.OverflowsErr, map[results.Metric]float64{results.Overflows: float64(c.Overflows)})
	r.set(c.NetErr, map[results.Metric]float64{results.Retransmits: float64(c.Retransmits)})
	r.Notes = append(r.Notes, serverNotes(c)...)
	return r, nil
}

func serverNotes(c watch.Counted) (notes []string) {
	if c.SwitchesErr == nil {
		notes = c.Switches.Notes()
	}
	if c.NotMade > 0 {
		notes = append(notes, fmt.Sprintf("%d TIME_WAITs of this network namespace were not made: net.ipv4.tcp_max_tw_buckets were there", c.NotMade))
	}
	if c.Disagrees != "" {
		notes = append(notes, c.Disagrees)
	}
	return notes
}

// set records figures that were counted, or err as the reason why not.
func (r *serverReport) set(err error, values map[results.Metric]float64) {
	for m, v := range values {
		if err != nil {
			if r.Missing == nil {
				r.Missing = map[results.Metric]string{}
			}
			r.Missing[m] = err.Error()
			continue
		}
		if r.Values == nil {
			r.Values = map[results.Metric]float64{}
		}
		r.Values[m] = v
	}
}

// line formats one figure, or a dash.
func (r *serverReport) figure(m results.Metric) string {
	if v, ok := r.Values[m]; ok {
		return m.Format(v)
	}
	return "-"
}

func (r *serverReport) text(w io.Writer) {
	whose := "of its workers"
	if r.Workers == "tree" {
		whose = "of all its threads"
	}
	f := r.figure
	fmt.Fprintf(w, "server\t%s (pid %d)\t%s processes, %s threads\n", r.Name, r.Pid, f(results.Procs), f(results.Threads))
	cpu := ""
	if r.CPU > 0 {
		cpu = fmt.Sprintf("%.0f%% of a CPU: ", 100*r.CPU)
	}
	fmt.Fprintf(w, "  CPU\t%s a request\t%suser %s, system %s\n", f(results.CPUPerReq), cpu, f(results.UserPerReq), f(results.SysPerReq))
	fmt.Fprintf(w, "  switches\t%s voluntary a request\t%s involuntary, %s", f(results.CswVoluntary), f(results.CswInvoluntary), whose)
	v := r.Values
	if off := v[results.CswError]; off >= 0.01*(v[results.CswVoluntary]+v[results.CswInvoluntary]) && off > 0 {
		fmt.Fprintf(w, ", \u00b1%s", results.CswError.Format(off))
	}
	if v, ok := r.Values[results.CswRuntime]; ok {
		fmt.Fprintf(w, "; %s of its other threads", results.CswRuntime.Format(v))
	}
	fmt.Fprintln(w)
	if v, ok := r.Values[results.WakeUps]; ok {
		fmt.Fprintf(w, "  wake-ups\t%s a request\t%s calls found nothing to do\n", results.WakeUps.Format(v), f(results.EAGAINs))
	}
	fmt.Fprintf(w, "  memory\t%s\tPSS of all its processes\n", f(results.PSS))
	fmt.Fprintf(w, "  TIME_WAIT\tstanding at the end\tserver %s, client %s\n", f(results.TimeWaitStandingServer), f(results.TimeWaitStandingClient))
	fmt.Fprintf(w, "  accept queue\t%s dropped\t%s segments sent again in the namespace\n", f(results.Overflows), f(results.Retransmits))
}

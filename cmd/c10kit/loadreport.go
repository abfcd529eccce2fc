package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/results"
)

// loadReport is what `c10kit load` prints. Its JSON keys are the names of
// design's metrics where there is one.
type loadReport struct {
	URL          string            `json:"url"`
	Conns        int               `json:"conns"`
	Threads      int               `json:"threads"`
	Mode         string            `json:"mode"`
	Closer       string            `json:"closer"`
	Pipeline     int               `json:"pipeline"`
	Interrupted  bool              `json:"interrupted"`
	Seconds      float64           `json:"seconds"`
	Requests     uint64            `json:"requests"`
	ReqPerSec    float64           `json:"req/s"`
	Connections  uint64            `json:"connections"`
	BytesIn      uint64            `json:"bytes-in"`
	BytesOut     uint64            `json:"bytes-out"`
	Started      uint64            `json:"started"`
	InFlight     uint64            `json:"in-flight"`
	Failed       uint64            `json:"errors"`
	NeverServed  int               `json:"never-served"`
	Status       map[string]uint64 `json:"status,omitempty"`
	Failures     []failureRow      `json:"failures,omitempty"`
	Total        *latencyRow       `json:"total,omitempty"`
	FirstByte    *latencyRow       `json:"first-byte,omitempty"`
	Connect      *latencyRow       `json:"connect,omitempty"`
	TWServer     *uint64           `json:"tw-server,omitempty"` // nil: Server.Missing says why
	TWClient     *uint64           `json:"tw-client,omitempty"`
	SlowConnects uint64            `json:"slow-connects"`                // a second or more: a SYN was sent again
	ClientCPU    float64           `json:"client-cpu"`                   // of its threads' time, 0..1
	ClientWait   float64           `json:"client-wait"`                  // likewise, ready to run and without a CPU; -1: not known
	ClientVol    *float64          `json:"client-csw-vol/req,omitempty"` // nil: no request was answered
	ClientInvol  *float64          `json:"client-csw-invol/req,omitempty"`
	Server       *serverReport     `json:"server,omitempty"`
	Notes        []string          `json:"notes,omitempty"`
	Missing      map[string]string `json:"missing,omitempty"`
}

type failureRow struct {
	Phase   string `json:"phase"`
	Class   string `json:"class"`
	Count   uint64 `json:"count"`
	Example string `json:"example,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

// latencyRow has the percentiles for which there are enough answers.
type latencyRow struct {
	P50  *int64 `json:"p50-ns,omitempty"`
	P90  *int64 `json:"p90-ns,omitempty"`
	P99  *int64 `json:"p99-ns,omitempty"`
	P999 *int64 `json:"p99.9-ns,omitempty"`
	Max  int64  `json:"max-ns"`
	N    int64  `json:"n"`
	name string
}

func newLatencyRow(name string, h *hdrhistogram.Histogram) *latencyRow {
	if h == nil || h.TotalCount() == 0 {
		return nil
	}
	q := func(percent float64) *int64 {
		if !results.Enough(percent/100, uint64(h.TotalCount())) {
			return nil
		}
		v := h.ValueAtQuantile(percent)
		return &v
	}
	return &latencyRow{q(50), q(90), q(99), q(99.9), h.Max(), h.TotalCount(), name}
}

func (r *latencyRow) text(w io.Writer) {
	f := func(ns *int64) string {
		if ns == nil {
			return "-"
		}
		return results.ScaleTime.Format(float64(*ns))
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\n", r.name, f(r.P50), f(r.P90), f(r.P99), f(r.P999), f(&r.Max), r.N)
}

// made is how many TIME_WAITs a side made: as often as it closed first, unless the kernel of
// the server, s, says that it had no room for some. It moves the figure out of s.
func made(m results.Metric, closed uint64, s *serverReport) *uint64 {
	if s == nil {
		return &closed
	}
	v, known := s.Values[m]
	delete(s.Values, m)
	if s.Missing[m] != "" {
		return nil
	}
	if known {
		closed = uint64(v)
	}
	return &closed
}

// count formats a figure, or a dash.
func count(n *uint64) string {
	if n == nil {
		return "-"
	}
	return strconv.FormatUint(*n, 10)
}

func newLoadReport(c loadgen.Config, r *loadgen.Result, s *serverReport) *loadReport {
	l := &loadReport{
		URL: c.Target.String(), Conns: c.Conns, Threads: max(c.Threads, 1), Mode: results.ModeKeepAlive,
		Closer: c.Closer.String(), Pipeline: max(c.Pipeline, 1), Interrupted: r.Interrupted,
		Seconds: r.Elapsed.Seconds(), Requests: r.Requests, Connections: r.Conns.Opened,
		BytesIn: r.BytesIn, BytesOut: r.BytesOut, Started: r.Window.Started, InFlight: r.Window.InFlight,
		Failed: r.Window.Failed, NeverServed: r.NeverServed,
		TWServer: made(results.TimeWaitServer, r.Conns.TWServer, s), TWClient: made(results.TimeWaitClient, r.Conns.TWClient, s),
		Total: newLatencyRow("total", r.Total), FirstByte: newLatencyRow("first byte", r.FirstByte),
		Connect:      newLatencyRow("connect", r.Connect),
		SlowConnects: r.SlowConnects, ClientWait: -1, Server: s,
	}
	if c.Close {
		l.Mode = results.ModeClose
	}
	if l.Seconds > 0 {
		l.ReqPerSec = float64(r.Requests) / l.Seconds
		had := l.Seconds * float64(l.Threads)
		l.ClientCPU = r.CPU.Total().Seconds() / had
		// The kernel books a wait when it ends, with what of it was before the window: of a
		// short one it may be more than there was time to wait.
		if waited := r.CPU.Waited.Seconds() / had; waited >= 0 && l.ClientCPU+waited <= 1.05 {
			l.ClientWait = waited
		}
	}
	if n := float64(r.Answered()); n > 0 {
		vol, invol := float64(r.CPU.Voluntary)/n, float64(r.CPU.Involuntary)/n
		l.ClientVol, l.ClientInvol = &vol, &invol
	}
	for i, n := range r.Status {
		if n > 0 {
			if l.Status == nil {
				l.Status = map[string]uint64{}
			}
			l.Status[fmt.Sprintf("%dxx", i)] = n
		}
	}
	for _, f := range r.Failures {
		row := failureRow{Phase: f.Phase.String(), Class: f.Class.String(), Count: f.Count, Hint: f.Class.Hint()}
		if f.Example != nil {
			row.Example = f.Example.Error()
		}
		l.Failures = append(l.Failures, row)
	}
	l.note(r)
	l.Notes = append(l.Notes, s.Notes...)
	l.miss()
	return l
}

func (l *loadReport) note(r *loadgen.Result) {
	add := func(format string, args ...any) { l.Notes = append(l.Notes, fmt.Sprintf(format, args...)) }
	if l.ClientCPU >= results.Busy {
		add("the generator used %.0f%% of its threads' time: it may be what limited the rate; give it more -t, or CPUs", 100*l.ClientCPU)
	}
	if l.ClientCPU < results.Busy && l.ClientCPU+l.ClientWait >= results.Busy {
		add("the generator used %.0f%% of its threads' time and waited %.0f%% for a CPU that others used: what it measured is their doing",
			100*l.ClientCPU, 100*l.ClientWait)
	}
	if l.SlowConnects > 0 {
		add("%d connects took a second or more: their SYN was sent again, most likely for a full accept queue", l.SlowConnects)
	}
	dropped := l.Server.Values[results.Overflows]
	if dropped > 0 {
		add("the accept queue was full and dropped connections, %s times", results.Overflows.Format(dropped))
	}
	if l.NeverServed > 0 && l.Failed == 0 && dropped > 0 {
		add("%d of %d connections never got an answer", l.NeverServed, l.Conns)
	}
	if l.NeverServed > 0 && l.Failed == 0 && dropped == 0 {
		add("%d of %d connections never got an answer: more connections than the server serves at a time?", l.NeverServed, l.Conns)
	}
	if r.Overflows > 0 {
		add("%d latencies were beyond 60 s and are counted as 60 s", r.Overflows)
	}
	if r.Censored != nil && r.Censored.TotalCount() > 0 && time.Duration(r.Censored.Max()) > time.Second {
		add("%d requests were still unanswered at the end, the oldest for %v: the true percentiles are higher",
			r.Censored.TotalCount(), time.Duration(r.Censored.Max()).Round(time.Millisecond))
	}
	if !r.Window.Balanced() || !r.Run.Balanced() {
		add("the book does not balance, which is a bug of c10kit: %+v", r.Window)
	}
	if r.Interrupted {
		add("interrupted: this is what was measured until then")
	}
}

func (l *loadReport) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(l)
}

func (l *loadReport) text(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }
	mode := "kept alive"
	if l.Mode == results.ModeClose {
		mode = "one per request, closed by the " + l.Closer
	}
	line("%s", l.URL)
	line("%s (%s), %s, pipeline %d, %.2f s", things(strconv.Itoa(l.Conns), "connection", "connections"), mode,
		things(strconv.Itoa(l.Threads), "thread", "threads"), l.Pipeline, l.Seconds)
	line("")
	line("requests\t%d\t%s req/s", l.Requests, results.ReqPerSec.Format(l.ReqPerSec))
	line("errors\t%d", l.Failed)
	line("connections\t%d\tTIME_WAIT made: server %s, client %s", l.Connections, count(l.TWServer), count(l.TWClient))
	line("transfer\t%s in\t%s out", results.ScaleBytes.Format(float64(l.BytesIn)), results.ScaleBytes.Format(float64(l.BytesOut)))
	switches := "-"
	if l.ClientVol != nil {
		switches = fmt.Sprintf("%s voluntary, %s involuntary switches a request",
			results.CswVoluntary.Format(*l.ClientVol), results.CswInvoluntary.Format(*l.ClientInvol))
	}
	line("generator\t%.0f%% of its threads' time\t%s", 100*l.ClientCPU, switches)
	l.Server.text(t)
	line("")
	line("latency\tp50\tp90\tp99\tp99.9\tmax\tn")
	for _, r := range []*latencyRow{l.Total, l.FirstByte, l.Connect} {
		if r != nil {
			r.text(t)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, f := range l.Failures {
		fmt.Fprintf(w, "\n%d x %s/%s", f.Count, f.Phase, f.Class)
		if f.Example != "" {
			fmt.Fprintf(w, ": %s", f.Example)
		}
		if f.Hint != "" {
			fmt.Fprintf(w, " (%s)", f.Hint)
		}
	}
	if len(l.Failures) > 0 {
		fmt.Fprintln(w)
	}
	for _, n := range l.Notes {
		fmt.Fprintf(w, "\nnote: %s\n", n)
	}
	for _, what := range slices.Sorted(maps.Keys(l.Missing)) {
		fmt.Fprintf(w, "\nmissing: %s: %s\n", what, l.Missing[what])
	}
	return nil
}

// miss says what is missing, the figures by their reason: many have the same.
func (l *loadReport) miss() {
	why := map[string][]string{}
	for _, i := range append(results.Metrics(), results.Info{Metric: cswPerf}, results.Info{Metric: cswPerfVoluntary}) {
		if reason, ok := l.Server.Missing[i.Metric]; ok {
			why[reason] = append(why[reason], string(i.Metric))
		}
	}
	if r := l.Total; r != nil {
		for _, p := range []struct {
			metric results.Metric
			value  *int64
		}{{results.P50, r.P50}, {results.P90, r.P90}, {results.P99, r.P99}, {results.P999, r.P999}} {
			if p.value == nil {
				const reason = "too few answers to tell"
				why[reason] = append(why[reason], string(p.metric))
			}
		}
	}
	for reason, metrics := range why {
		if l.Missing == nil {
			l.Missing = map[string]string{}
		}
		l.Missing[strings.Join(metrics, ", ")] = reason
	}
}

// things is so many of them, in words: "1 thread", "2 threads", "- threads".
func things(n, one, many string) string {
	if n == "1" {
		return n + " " + one
	}
	return n + " " + many
}

// writeHgrm writes the percentile distribution in milliseconds.
func writeHgrm(f *os.File, r *loadgen.Result) error {
	_, err := r.Total.PercentilesPrint(f, 5, float64(time.Millisecond))
	return errors.Join(err, f.Close())
}

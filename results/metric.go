package results

// Metric names a figure. The name is its unit in results.txt, its key in JSON
// and the word in every table: one spelling everywhere.
type Metric string

// The figures of a cell. Percentiles are those of one window; /req is per
// request answered in it.
const (
	ReqPerSec  Metric = "req/s"
	ConnPerSec Metric = "conn/s"

	P50        Metric = "p50-ns"
	P90        Metric = "p90-ns"
	P99        Metric = "p99-ns"
	P999       Metric = "p99.9-ns"
	MaxLatency Metric = "max-ns"

	CPUPerReq  Metric = "cpu-ns/req"
	UserPerReq Metric = "user-ns/req"
	SysPerReq  Metric = "sys-ns/req"

	CswVoluntary   Metric = "csw-vol/req"
	CswInvoluntary Metric = "csw-invol/req"
	CswError       Metric = "csw-error/req"
	CswRuntime     Metric = "csw-runtime/req"
	WakeUps        Metric = "wakeups/req"
	TimedWakeUps   Metric = "timed-wakeups/req"
	EAGAINs        Metric = "eagains/req"
	Allocs         Metric = "allocs/req"

	TimeWaitServer         Metric = "tw-server"
	TimeWaitClient         Metric = "tw-client"
	TimeWaitStandingServer Metric = "tw-standing-server"
	TimeWaitStandingClient Metric = "tw-standing-client"

	PSS       Metric = "pss-bytes"
	Threads   Metric = "threads"
	Procs     Metric = "procs"
	Errors    Metric = "errors"
	Overflows Metric = "overflows"

	AcceptQueue Metric = "accept-queue"
	Retransmits Metric = "retransmits"
)

// Figures that are in samples only, and only where perf events were asked for: context
// switches of the whole tree per second and, where the tracepoint sched:sched_switch may be
// counted, the voluntary ones of them.
const (
	SwitchesPerSec  Metric = "csw/s"
	VoluntaryPerSec Metric = "csw-vol/s"
)

// Better says which way is good.
type Better string

// Higher and Lower are spelled as a Unit line of the Go benchmark format does.
const (
	Higher Better = "higher"
	Lower  Better = "lower"
)

// Scale says how a figure is brought to three digits for people.
type Scale int

// The scales that Format knows.
const (
	ScaleCount Scale = iota // 12.3k, 1.24M: powers of 1,000
	ScaleTime               // nanoseconds to 850 µs, 1.24 ms
	ScaleBytes              // bytes to 13.6 KiB: powers of 1,024
)

// Info is what is known of a metric beside its name.
type Info struct {
	Metric Metric
	Better Better
	Scale  Scale
	What   string // one line for a table of units
}

var infos = []Info{
	{ReqPerSec, Higher, ScaleCount, "requests answered per second of the window"},
	{ConnPerSec, Higher, ScaleCount, "connections established per second of the window"},
	{P50, Lower, ScaleTime, "median latency: intended start of a request to the last byte of its answer"},
	{P90, Lower, ScaleTime, "90th percentile of the same"},
	{P99, Lower, ScaleTime, "99th percentile of the same"},
	{P999, Lower, ScaleTime, "99.9th percentile of the same"},
	{MaxLatency, Lower, ScaleTime, "the longest"},
	{CPUPerReq, Lower, ScaleTime, "CPU time of the served process tree per request"},
	{UserPerReq, Lower, ScaleTime, "its part in user mode"},
	{SysPerReq, Lower, ScaleTime, "its part in the kernel"},
	{CswVoluntary, Lower, ScaleCount, "voluntary context switches of workers per request"},
	{CswInvoluntary, Lower, ScaleCount, "involuntary context switches of workers per request"},
	{CswError, Lower, ScaleCount, "how far off the two may be: workers that lived at an edge of the window, with what one switches"},
	{CswRuntime, Lower, ScaleCount, "context switches of the rest of the tree per request"},
	{WakeUps, Lower, ScaleCount, "times a worker woke up with something to do, per request"},
	{TimedWakeUps, Lower, ScaleCount, "times a worker woke up only because its time was up, per request"},
	{EAGAINs, Lower, ScaleCount, "system calls of workers that found nothing to do, per request"},
	{Allocs, Lower, ScaleCount, "heap allocations of the served processes per request"},
	{TimeWaitServer, Lower, ScaleCount, "TIME_WAITs made in the window by the server closing first"},
	{TimeWaitClient, Lower, ScaleCount, "TIME_WAITs made in the window by the client closing first"},
	{TimeWaitStandingServer, Lower, ScaleCount, "TIME_WAITs of the server's side standing at the end"},
	{TimeWaitStandingClient, Lower, ScaleCount, "TIME_WAITs of the client's side standing at the end"},
	{PSS, Lower, ScaleBytes, "memory of the served tree, shared pages divided by their users"},
	{Threads, Lower, ScaleCount, "threads of the served tree"},
	{Procs, Lower, ScaleCount, "processes of the served tree"},
	{Errors, Lower, ScaleCount, "requests that failed in the window"},
	{Overflows, Lower, ScaleCount, "connections dropped by a full accept queue"},
	{AcceptQueue, Lower, ScaleCount, "the longest accept queue that a sample saw"},
	{Retransmits, Lower, ScaleCount, "TCP segments sent again in the window, in the whole network namespace"},
}

var infoOf = func() map[Metric]Info {
	m := make(map[Metric]Info, len(infos))
	for _, i := range infos {
		m[i.Metric] = i
	}
	return m
}()

// Metrics returns every metric with what is known of it, in the order in which
// files and tables show them. The slice is the caller's.
func Metrics() []Info { return append([]Info(nil), infos...) }

// Info returns what is known of m; ok is false for a name that this version
// does not know (Open keeps such figures of a newer one).
func (m Metric) Info() (info Info, ok bool) {
	info, ok = infoOf[m]
	return info, ok
}

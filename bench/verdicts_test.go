package bench_test

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/moby/sys/reexec"

	"github.com/c10kit/c10kit/bench"
	"github.com/c10kit/c10kit/internal/netns"
	"github.com/c10kit/c10kit/internal/sys"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/results"
)

// lossy is the reactor behind a lossy line: 2% of the segments that come in are thrown
// away before TCP sees them.
const lossy = "lossy"

// nameless is the reactor as a foreign program is seen: a tree of threads, of which one
// works, and no worker that can be named.
const nameless = "nameless"

func init() {
	reexec.Register("burn", burn)
	reactor, v, err := models.Find("reactor")
	if err != nil {
		panic(err)
	}
	models.Register(&models.Model{
		Name: lossy, Variants: []models.Variant{{Name: models.NoVariant, Traits: v.Traits}},
		New: func(env *models.Env) (models.Server, error) {
			if err := netns.Loss(env.Listener.FD, 2); err != nil {
				return nil, err
			}
			return reactor.New(env)
		},
	})
	traits := v.Traits
	traits.Tree = true
	models.Register(&models.Model{
		Name: nameless, Variants: []models.Variant{{Name: models.NoVariant, Traits: traits}}, New: reactor.New,
	})
}

// burn is a process that uses up a processor, argv[1], until it is killed.
func burn() {
	cpus, err := sys.ParseCPUs(os.Args[1])
	if err == nil {
		err = sys.SetAffinity(cpus)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for {
		_ = time.Now() // no system call
	}
}

// provocations are situations that are made to be limited by just one thing.
var provocations = []struct {
	name    string // where another has the same verdict
	verdict string
	shared  bool // server and load on the same processors, more than the server can use
	plan    bench.Plan
	change  func(*results.Cell)
	burn    bool // seven others want the generator's processor, and leave it an eighth
}{
	{verdict: results.VerdictNone, plan: bench.Plan{
		Models: []string{"reactor"}, Modes: []string{results.ModeKeepAlive}, Conns: []int{8}, Think: 20 * time.Millisecond,
	}},
	{verdict: results.VerdictServerCPU, plan: bench.Plan{
		Models: []string{"reactor"}, Modes: []string{results.ModeKeepAlive}, Conns: []int{16}, Path: "/hash/65536",
	}},
	{name: "one thread on shared CPUs", shared: true, verdict: results.VerdictServerCPU, plan: bench.Plan{
		Models: []string{"reactor"}, Modes: []string{results.ModeKeepAlive}, Conns: []int{16}, Path: "/hash/65536",
	}},
	{name: "one thread of a command on shared CPUs", shared: true, verdict: results.VerdictServerCPU, plan: bench.Plan{
		Models: []string{nameless}, Modes: []string{results.ModeKeepAlive}, Conns: []int{16}, Path: "/hash/65536",
	}},
	// So many connections that some answer is always there to be read, also where the server
	// gets its processor a third of the time.
	{verdict: results.VerdictClient, burn: true, plan: bench.Plan{
		Models: []string{"reactor"}, Modes: []string{results.ModeKeepAlive}, Conns: []int{1024},
	}},
	{verdict: results.VerdictConcurrency, plan: bench.Plan{
		Models: []string{"prethread"}, Modes: []string{results.ModeKeepAlive}, Conns: []int{64},
	}, change: func(c *results.Cell) { c.Workers = 4 }},
	// Requests that keep the loop away from accept for 20 ms, asleep.
	{verdict: results.VerdictAcceptQueue, plan: bench.Plan{
		Models: []string{"reactor"}, Modes: []string{results.ModeClose}, Conns: []int{64}, Path: "/block/20ms", Lab: true,
		Backlog: 1, Window: 2 * time.Second,
	}},
	{verdict: results.VerdictPorts, plan: bench.Plan{
		Models: []string{"reactor"}, Modes: []string{results.ModeClose}, Closer: results.CloserClient, Conns: []int{32},
	}},
	{verdict: results.VerdictLoss, plan: bench.Plan{
		Models: []string{lossy}, Modes: []string{results.ModeKeepAlive}, Conns: []int{16}, Window: 2 * time.Second,
	}},
}

// fewPorts leave each of the generator's eight addresses 64 ports.
var fewPorts = netns.Sysctls{"net.ipv4.ip_local_port_range": "50000 50063"}

// A wrong verdict is put down to the machine, and the run repeated, only where the evidence
// says that others took at least this share of a side's time, and so often at most: it is
// then no longer the situation that was to be provoked. One that stays wrong is wrong.
const (
	disturbance = 5 // percent
	repeats     = 10
)

var (
	takenByHypervisor = regexp.MustCompile(`\+(\d+)% stolen`)
	takenByOthers     = regexp.MustCompile(`\+(\d+)% waiting`)
)

// disturbed reports whether others of the machine took part in a run: the hypervisor or, on
// a side that was not provoked to wait, other processes.
func disturbed(evidence string, serverWaits, loadWaits bool) bool {
	taken := takenByHypervisor.FindAllStringSubmatch(evidence, -1)
	server, load, _ := strings.Cut(evidence, ", load ")
	if !serverWaits {
		taken = append(taken, takenByOthers.FindAllStringSubmatch(server, -1)...)
	}
	if !loadWaits {
		taken = append(taken, takenByOthers.FindAllStringSubmatch(load, -1)...)
	}
	return slices.ContainsFunc(taken, func(m []string) bool {
		share, err := strconv.Atoi(m[1])
		return err == nil && share >= disturbance
	})
}

// TestDisturbed: what excuses a wrong verdict of a provocation, and what does not.
func TestDisturbed(t *testing.T) {
	for _, tc := range []struct {
		evidence               string
		serverWaits, loadWaits bool
		want                   bool
	}{
		{"server 30% of 1 CPU, load 30% of 1 thread", false, false, false},
		{"server 30% of 1 CPU (+4% stolen), load 30% of 1 thread (+4% waiting)", false, false, false},
		{"server 30% of 1 CPU, load 30% of 1 thread (+2% waiting, +12% stolen)", true, true, true},
		{"server 30% of 1 CPU (+5% waiting), load 30% of 1 thread", false, true, true},
		{"server 30% of 1 CPU (+5% waiting), load 30% of 1 thread", true, true, false},
		{"server 30% of 1 CPU, load 22% of 1 thread (+72% waiting)", false, true, false},
		{"server 30% of 1 CPU, load 22% of 1 thread (+72% waiting)", false, false, true},
	} {
		if got := disturbed(tc.evidence, tc.serverWaits, tc.loadWaits); got != tc.want {
			t.Errorf("%q: %v", tc.evidence, got)
		}
	}
}

// TestProofVerdicts is a confusion matrix: each situation three times, in a network
// namespace whose counters and ports are its own. It must be the identity.
func TestProofVerdicts(t *testing.T) {
	proof(t)
	l := layout(t, results.PlacementSplit)
	if l.Placement != results.PlacementSplit {
		t.Skip(l.Warning)
	}
	for _, p := range provocations {
		t.Run(cmp.Or(p.name, p.verdict), func(t *testing.T) {
			var few netns.Sysctls
			if p.verdict == results.VerdictPorts {
				few = fewPorts
			}
			if !netns.Test(t, few) {
				return
			}
			if p.burn {
				for range 7 {
					defer burning(t, l.Load)()
				}
			}
			p.plan.Layout = l
			if p.shared {
				p.plan.Layout = layout(t, results.PlacementShared)
			}
			for run, again := 0, 0; run < 3; run++ {
				m := measure(t, p.plan, p.change)
				v := m.Result.Verdict
				t.Logf("%s: %s (%.0f req/s)", v.Name, v.Evidence, m.Result.Values[results.ReqPerSec])
				switch {
				case v.Name == p.verdict:
				case again < repeats && disturbed(v.Evidence, p.shared, p.shared || p.burn):
					again++
					run--
					t.Logf("the machine took part in that one: repeated, %d of at most %d times", again, repeats)
				default:
					t.Errorf("the verdict is %s, want %s", v.Name, p.verdict)
				}
			}
		})
	}
}

// burning starts a process on the given processors, and ends it.
func burning(t *testing.T, cpus []int) (end func()) {
	t.Helper()
	cmd := reexec.Command("burn", fmt.Sprint(cpus[0]))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

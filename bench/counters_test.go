package bench_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/c10kit/c10kit/bench"
	"github.com/c10kit/c10kit/internal/netns"
	"github.com/c10kit/c10kit/probe/netstat"
	"github.com/c10kit/c10kit/results"
)

// measure measures one cell of a plan, its keys changed as the test wants.
func measure(t *testing.T, p bench.Plan, change func(*results.Cell)) *bench.Measured {
	t.Helper()
	p = p.Default()
	cells, err := p.Cells()
	if err != nil {
		t.Fatal(err)
	}
	c := cells[0]
	if change != nil {
		change(&c)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(len(p.Layout.Load) + 2))
	m, err := p.Measure(t.Context(), c.Identify(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestSwitchesPerConnection is the arithmetic of blocking servers: 16 workers, one
// connection after the other, and a client that sleeps before it sends and before it
// goes on, so that whatever the worker waits for has not come yet. It sleeps in
// accept, in read, and, if the client is the one to close, in read again: 2 switches,
// or 3.
//
// Who waits for a second looks whether the server drains: that is counted
// (timed-wakeups/req) and allowed for.
//
// On a busy machine it is tried again. A worker that does not run for 2 ms while the client
// sleeps finds what it would have waited for: fewer. And a thread of Go's that comes back
// from its system call while one that was preempted holds a lock of the scheduler waits for
// that: more. A switch that a model makes for each connection is there every time.
func TestSwitchesPerConnection(t *testing.T) {
	l := layout(t, results.PlacementSplit)
	if l.Placement != results.PlacementSplit {
		t.Skip(l.Warning)
	}
	for _, model := range []string{"prefork", "prethread"} {
		for closer, want := range map[string]float64{results.CloserServer: 2, results.CloserClient: 3} {
			t.Run(fmt.Sprintf("%s/%s closes", model, closer), func(t *testing.T) {
				p := bench.Plan{
					Models: []string{model}, Modes: []string{results.ModeClose}, Closer: closer, Conns: []int{1},
					Requests: 100, WarmupRequests: 16, Think: 2 * time.Millisecond, Layout: l,
				}
				var vol float64
				for range 20 { // others on this machine keep a worker from its processor now and then
					m := measure(t, p, func(c *results.Cell) { c.Workers = 16 })
					r := m.Result
					vol = r.Values[results.CswVoluntary]
					timed := r.Values[results.TimedWakeUps]
					t.Logf("csw-vol %.3f, csw-invol %.3f, csw-runtime %.3f per connection; wake-ups %.3f, timed %.3f",
						vol, r.Values[results.CswInvoluntary], r.Values[results.CswRuntime], r.Values[results.WakeUps], timed)
					if vol >= want-0.1 && vol <= want+0.1+timed {
						return
					}
				}
				t.Errorf("%.3f voluntary switches per connection, want %v ± 0.1", vol, want)
			})
		}
	}
}

// TestTimeWaits: as many were made as connections were closed, on the side that closed
// first, which is what the kernel counts in a namespace where nobody else is; and what stands
// is no more than that.
func TestTimeWaits(t *testing.T) {
	const n = 2000
	for _, model := range []string{"reactor", "prethread"} {
		for _, closer := range []string{results.CloserServer, results.CloserClient} {
			t.Run(model+"/"+closer, func(t *testing.T) {
				// Where there are tcp_max_tw_buckets of them already, none is made.
				if !netns.Test(t, nil) {
					return
				}
				counters, err := netstat.Open("/proc")
				if err != nil {
					t.Fatal(err)
				}
				defer counters.Close()
				before, err := counters.Read()
				if err != nil {
					t.Fatal(err)
				}
				m := measure(t, bench.Plan{
					Models: []string{model}, Modes: []string{results.ModeClose}, Closer: closer,
					Requests: n, Layout: layout(t, results.PlacementShared),
				}, nil)
				v := m.Result.Values
				made, other := v[results.TimeWaitServer], v[results.TimeWaitClient]
				standing, otherStanding := v[results.TimeWaitStandingServer], v[results.TimeWaitStandingClient]
				if closer == results.CloserClient {
					made, other, standing, otherStanding = other, made, otherStanding, standing
				}
				t.Logf("made %v and %v, standing %v and %v", made, other, standing, otherStanding)
				if made != n || other != 0 {
					t.Errorf("%v TIME_WAITs made by the %s, %v by the other; want %d and 0", made, closer, other, n)
				}
				// The warm-up left some as well; on loopback a client's last a second only.
				all := float64(m.Load.Run.OK)
				if standing == 0 || standing > all || otherStanding != 0 {
					t.Errorf("%v standing on the side of the %s after %v closes, %v on the other", standing, closer, all, otherStanding)
				}
				created := func() int64 {
					now, err := counters.Read()
					window := now.Sub(before)
					n, countErr := window.TimeWaitsCreated()
					if err := errors.Join(err, countErr); err != nil {
						t.Skip(err)
					}
					return n
				}
				// A FIN may be acknowledged some time after the close that sent it.
				for end := time.Now().Add(10 * time.Second); created() != int64(all) && time.Now().Before(end); {
					time.Sleep(10 * time.Millisecond)
				}
				if n := created(); n != int64(all) || m.Load.Run.Failed != 0 {
					t.Errorf("the namespace made %d TIME_WAITs, the load closed %v connections: %+v", n, all, m.Load.Run)
				}
			})
		}
	}
}

package bench_test

import (
	"context"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/c10kit/c10kit/internal/netns"
	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/control"
	"github.com/c10kit/c10kit/probe"
	"github.com/c10kit/c10kit/probe/watch"
)

// TestProofProbeCost: the series of a server of 1,000 threads beside 30,000 TIME_WAIT
// sockets costs at most 0.5% of one processor, by the clock of the thread that reads
// it; and it does read all of that, all threads once at least.
func TestProofProbeCost(t *testing.T) {
	proof(t)
	if !netns.Test(t, netns.Sysctls{"net.ipv4.tcp_tw_reuse": "0"}) {
		return
	}
	const workers, closes, least = 1000, 32_000, 30_000 // some draw a port that another had
	m, v, err := models.Find("prethread")
	if err != nil {
		t.Fatal(err)
	}
	config := models.Config{Model: m.Name, Variant: v.Name, Addr: "127.77.2.1:0", Workers: workers}
	server, err := control.Start(t.Context(), config.WithDefaults(m))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(10 * time.Second); err != nil {
			t.Error(err)
		}
	}()
	target, err := loadgen.ParseTarget("http://" + server.Addr() + "/plaintext")
	if err != nil {
		t.Fatal(err)
	}
	cfg := loadgen.Config{Target: target, Conns: 64, Threads: 1, Requests: closes, Close: true, Closer: loadgen.ServerCloses}
	if cfg.Sources, err = loadgen.ParseSources("127.77.2.64/26"); err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	if _, err := loadgen.Run(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	// As long as it takes to have read everything twice, which is a matter of the budget and
	// of what a reading costs on this machine now.
	const shortest, longest = 15 * time.Second, 90 * time.Second
	ctx, stop := context.WithTimeout(t.Context(), longest)
	defer stop()
	began := time.Now()
	samples, switches, standing := 0, 0, 0.0
	o := watch.Options{Pid: server.Pid(), Addr: netip.MustParseAddrPort(server.Addr()), Board: server.Board}
	cost, err := watch.Series(ctx, o, func(s watch.Sample) {
		samples++
		standing = max(standing, s.Values[watch.StandingServer])
		if _, ok := s.Values["csw-vol"]; ok {
			switches++
		}
		if switches > 1 && time.Since(began) > shortest {
			stop()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d samples in %v, %d with the switches of all threads, %.3f%% of a processor; %.0f TIME_WAITs seen; %v", samples,
		cost.Elapsed.Round(time.Millisecond), switches, 100*cost.Share(), standing, cost.Sources)
	if samples < 50 || standing < least {
		t.Errorf("%d samples, at most %.0f TIME_WAITs: too little to say what it costs", samples, standing)
	}
	if cost.Share() > probe.Share {
		t.Errorf("%.3f%% of a processor, want at most %.1f%%", 100*cost.Share(), 100*probe.Share)
	}
	if switches == 0 || cost.Sources["TIME_WAIT"].Reads == 0 {
		t.Errorf("read: %v", cost.Sources)
	}
}

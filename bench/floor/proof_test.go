package floor

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"
)

const (
	// goLoopBound is what the plain Go loop may cost over the C floor; else it is no yardstick for Go.
	goLoopBound = 1.10

	proofRounds = 20
	quietTries  = 8
	quietShare  = 0.10 // of one CPU, by others
)

// TestProofGoLoop measures CPU per request of the plain Go loop over the C floor, 64 keep-alive connections, server
// and wrk on a CPU each, a new process for each run. 70 s on a quiet machine. make proofs asks for it.
func TestProofGoLoop(t *testing.T) {
	if os.Getenv("C10KIT_PROOFS") == "" {
		t.Skip("a long proof: make proofs runs it")
	}
	ratio, err := ABA(proofRounds, costOf(t, C), costOf(t, Go))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("plain Go loop over C floor, CPU per request, wrk -t1 -c64 -d1: %v", ratio)
	if ratio.High > goLoopBound {
		t.Errorf("the interval [%.3f, %.3f] does not lie below the bound %.2f", ratio.Low, ratio.High, goLoopBound)
	}
}

// costOf returns a run that measures nanoseconds of CPU per request of a fresh process.
func costOf(t *testing.T, which Which) func() (float64, error) {
	return Quiet(quietTries, quietShare, func() (cost float64, own time.Duration, err error) {
		p := start(t, which, []int{0})
		before, err := p.CPU()
		if err != nil {
			return 0, 0, err
		}
		requests, client, err := wrk(p)
		if err != nil {
			return 0, 0, err
		}
		after, err := p.CPU()
		if err != nil {
			return 0, 0, err
		}
		used := after - before
		cost = float64(used) / float64(requests)
		t.Logf("%-2s %8d requests  %6.0f ns of CPU each", which, requests, cost)
		return cost, used + client, p.Stop()
	})
}

var wrkRequests = regexp.MustCompile(`(\d+) requests in`)

// wrk loads p for a second from CPU 1 and returns the number of requests and the CPU time that wrk used.
func wrk(p *Proc) (int, time.Duration, error) {
	cmd := exec.Command("taskset", "-c", "1", "wrk", "-t1", "-c64", "-d1", "http://"+p.Addr.String()+"/plaintext")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, 0, fmt.Errorf("wrk (is it installed, are there two CPUs?): %w\n%s", err, out)
	}
	match := wrkRequests.FindSubmatch(out)
	if match == nil {
		return 0, 0, fmt.Errorf("wrk printed no number of requests:\n%s", out)
	}
	requests, err := strconv.Atoi(string(match[1]))
	return requests, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), err
}

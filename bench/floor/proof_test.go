package floor

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	// goLoopBound is what the plain Go loop may cost over the C floor; else it is no yardstick for Go.
	goLoopBound = 1.10

	// Many short runs instead of few long ones: a round is over in a second, and what disturbs the machine for longer
	// than that is in its quotient above and below the line. 30 rounds with runs of a second took three times as long on
	// a busy machine and gave an interval three times as wide.
	proofRounds = 80
	warmUp      = 60 * time.Millisecond
	window      = 240 * time.Millisecond

	quietTries = 4
	quietShare = 0.15 // of one CPU, by others
)

// TestProofGoLoop measures CPU per request of the plain Go loop over the C floor, 64 keep-alive connections, server
// and wrk on a CPU each, new processes for each run. 90 s on a quiet machine. make proofs asks for it.
func TestProofGoLoop(t *testing.T) {
	if os.Getenv("C10KIT_PROOFS") == "" {
		t.Skip("a long proof: make proofs runs it")
	}
	ratio, err := ABA(proofRounds, costOf(t, C), costOf(t, Go))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("plain Go loop over C floor, CPU per request, wrk -t1 -c64: %v", ratio)
	if ratio.High > goLoopBound {
		t.Errorf("the interval [%.3f, %.3f] does not lie below the bound %.2f", ratio.Low, ratio.High, goLoopBound)
	}
}

// costOf returns a run that measures nanoseconds of CPU per request of a fresh process.
func costOf(t *testing.T, which Which) func() (float64, error) {
	return Quiet(quietTries, quietShare, func() (cost float64, own time.Duration, err error) {
		p := start(t, which, []int{0})
		wrk := exec.Command("taskset", "-c", "1", "wrk", "-t1", "-c64", "-d10", "http://"+p.Addr.String()+"/plaintext")
		if err := wrk.Start(); err != nil {
			return 0, 0, fmt.Errorf("wrk and taskset are needed: %w", err)
		}
		cost, err = costNow(p)
		_ = wrk.Process.Kill()
		_ = wrk.Wait() // ends by the signal that was sent
		if err != nil {
			return 0, 0, err
		}
		used, err := p.CPU()
		t.Logf("%-2s %6.0f ns", which, cost)
		return cost, used + wrk.ProcessState.UserTime() + wrk.ProcessState.SystemTime(), errors.Join(err, p.Stop())
	})
}

// costNow lets the load warm up and measures a window of it.
func costNow(p *Proc) (float64, error) {
	var cpu [2]time.Duration
	var requests [2]int
	for edge, wait := range []time.Duration{warmUp, window} {
		time.Sleep(wait)
		var err error
		if cpu[edge], err = p.CPU(); err != nil {
			return 0, err
		}
		if requests[edge], err = writes(p.Pid); err != nil {
			return 0, err
		}
	}
	if requests[0] == 0 || requests[1] == requests[0] {
		return 0, errors.New("no requests arrived: are there two CPUs, 0 and 1, and does wrk work?")
	}
	return float64(cpu[1]-cpu[0]) / float64(requests[1]-requests[0]), nil
}

// writes returns how many times the process has called write(2), once for each request but for its first line of
// output: syscw of /proc/PID/io, proc_pid_io(5).
func writes(pid int) (int, error) {
	io, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(io) {
		if number, ok := strings.CutPrefix(string(line), "syscw: "); ok {
			return strconv.Atoi(strings.TrimSpace(number))
		}
	}
	return 0, fmt.Errorf("/proc/%d/io has no syscw", pid)
}

package main

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/bench"
	"github.com/c10kit/c10kit/probe/perf"
	"github.com/c10kit/c10kit/results"
)

// TestCPUFinding: the server's part of a split is what counts, which is 2 of 3.
func TestCPUFinding(t *testing.T) {
	for _, tc := range []struct {
		layout             bench.Layout
		state, found, cure string
	}{
		{bench.Layout{Placement: results.PlacementShared, Server: []int{3}, Load: []int{3}}, stateLimited, "1 for this process: [3]", "allow 2"},
		{bench.Layout{Placement: results.PlacementSplit, Server: []int{0}, Load: []int{1}}, stateLimited, "2 for this process; placement split gives [0] to the server, [1] to the load", "allow 3"},
		{bench.Layout{Placement: results.PlacementSplit, Server: []int{0, 1}, Load: []int{2}}, stateOK, "3 for this process; placement split gives [0 1] to the server, [2] to the load", ""},
	} {
		got := cpuFinding(tc.layout)
		if got.State != tc.state || got.Found != tc.found || !strings.Contains(got.Cure, tc.cure) || tc.cure == "" && got.Cure != "" {
			t.Errorf("%+v: %+v", tc.layout, got)
		}
	}
}

// TestPerfFinding: what is permitted is told beside what is not.
func TestPerfFinding(t *testing.T) {
	refused := &perf.Error{What: "x", Err: errors.New("no"), Cure: "be root"}
	const process, machine = "context switches of a process", "context switches of the machine"
	for _, tc := range []struct {
		try   perf.Support
		state string
		found string
		cure  string
	}{
		{perf.Support{}, stateOK, process + ", " + machine + ", tracepoints", ""},
		{
			perf.Support{Machine: refused, Tracepoint: refused},
			stateLimited,
			process + "; not permitted: " + machine + ", tracepoints (kernel.perf_event_paranoid = 2)", "only the cross-check is lost; be root",
		},
		{
			perf.Support{Thread: refused, Machine: refused, Tracepoint: refused},
			stateLimited,
			"not permitted: " + process + ", " + machine + ", tracepoints (kernel.perf_event_paranoid = 2)", "only the cross-check is lost; be root",
		},
	} {
		if got := perfFinding(tc.try, "2"); got.State != tc.state || got.Found != tc.found || got.Cure != tc.cure {
			t.Errorf("%+v: %+v", tc.try, got)
		}
	}
}

// TestSendByte: through an address of loopback; not through one that this machine does
// not have.
func TestSendByte(t *testing.T) {
	if err := sendByte("127.16.1.2:0", time.Second); err != nil {
		t.Error(err)
	}
	var op *net.OpError
	if err := sendByte("192.0.2.1:0", time.Second); !errors.As(err, &op) {
		t.Errorf("an address for documentation: %v", err)
	}
}

// TestUringCure: the cure is of what forbids it.
func TestUringCure(t *testing.T) {
	absent := errors.New("no such file")
	for _, tc := range []struct {
		errno    unix.Errno
		disabled string
		err      error
		want     string
	}{
		{unix.ENOSYS, "", absent, "5.1"},
		{unix.EPERM, "2", nil, "io_uring_disabled=0 (now 2)"},
		{unix.EPERM, "0", nil, "seccomp"},
		{unix.EPERM, "", absent, "seccomp"},
		{unix.ENOMEM, "0", nil, "ulimit -l"},
	} {
		if got := uringCure(tc.errno, tc.disabled, tc.err); !strings.Contains(got, tc.want) {
			t.Errorf("%v, %q: %q, want %q", tc.errno, tc.disabled, got, tc.want)
		}
	}
}

package bench

import (
	"strings"
	"testing"

	"github.com/c10kit/c10kit/results"
)

// TestVerdict: each rule, and which goes before which.
func TestVerdict(t *testing.T) {
	idle := side{used: 0.3, of: "1 CPU"}
	full := side{used: 0.99, of: "1 CPU"}
	crowded := side{used: 0.52, waited: 0.46, of: "1 thread"}
	for _, tc := range []struct {
		name string
		l    limits
		want string
		says string
	}{
		{"nothing", limits{server: idle, client: idle}, results.VerdictNone, "server 30% of 1 CPU, load 30% of 1 CPU"},
		{"server", limits{server: full, client: idle}, results.VerdictServerCPU, "99%"},
		{"client", limits{server: idle, client: full}, results.VerdictClient, "99%"},
		{"the busier", limits{server: side{used: 0.96}, client: side{used: 0.98}}, results.VerdictClient, ""},
		{"others take its CPU", limits{server: idle, client: crowded}, results.VerdictClient, "52% of 1 thread (+46% waiting)"},
		{"a full server overflows", limits{server: full, client: idle, overflows: 3}, results.VerdictServerCPU, "3 connections were dropped"},
		{"overflow", limits{server: idle, client: idle, overflows: 3, queue: 1, retransmits: 9, segments: 100}, results.VerdictAcceptQueue, "full accept queue of 1"},
		{"loss", limits{server: idle, client: idle, retransmits: 9, segments: 9000}, results.VerdictLoss, "9 of 9000"},
		{"hardly any loss", limits{server: idle, client: idle, retransmits: 1, segments: 9000}, results.VerdictNone, ""},
		{"ports", limits{server: full, client: full, ports: 1}, results.VerdictPorts, "EADDRNOTAVAIL"},
		{"concurrency", limits{spec: "iterative", conns: 64, concurrency: 1, neverServed: 63, server: full, ports: 1}, results.VerdictConcurrency, "63 of 64 connections were never served: iterative serves 1"},
		{"all were served in turn", limits{conns: 64, concurrency: 1, server: full}, results.VerdictServerCPU, ""},
	} {
		if v := tc.l.verdict(); v.Name != tc.want || !strings.Contains(v.Evidence, tc.says) {
			t.Errorf("%s: %+v, want %s with %q", tc.name, v, tc.want, tc.says)
		}
	}
}

package bench_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/control"
)

// TestProofMemory holds raw forked workers, which have no collector and whose
// allocations no runtime counts, to less than 64 KiB of resident memory more over
// 10^6 requests, after a warm-up that touches what is used once.
func TestProofMemory(t *testing.T) {
	if os.Getenv("C10KIT_PROOFS") == "" {
		t.Skip("takes a minute: make proofs asks for it with C10KIT_PROOFS=1")
	}
	const (
		workers  = 4
		requests = 1_000_000
		bound    = 64 << 10
	)
	m, v, err := models.Find("prefork:accept")
	if err != nil {
		t.Fatal(err)
	}
	config := models.Config{Variant: v.Name, Addr: "127.0.0.1:0", Workers: workers}.WithDefaults(m)
	p, err := control.Start(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Stop(config.Drain + 10*time.Second); err != nil {
			t.Error(err)
		}
	}()
	load := func(n uint64) {
		t.Helper()
		target, err := loadgen.ParseTarget("http://" + p.Addr() + "/plaintext")
		if err != nil {
			t.Fatal(err)
		}
		r, err := loadgen.Run(t.Context(), loadgen.Config{Target: target, Conns: workers, Requests: n})
		if err != nil {
			t.Fatal(err)
		}
		if r.Window.Failed != 0 {
			t.Fatalf("%d requests failed", r.Window.Failed)
		}
	}
	load(requests / 10)
	before, served := rssAnon(t, p), p.Board.Total().Requests
	load(requests)
	after := rssAnon(t, p)
	if n := p.Board.Total().Requests - served; n < requests {
		t.Errorf("%d requests, want %d", n, requests)
	}
	if len(before) != workers || len(after) != workers {
		t.Fatalf("%d and %d workers, want %d", len(before), len(after), workers)
	}
	for pid, bytes := range after {
		old, ok := before[pid]
		t.Logf("worker %d: RssAnon %d KiB, %+d", pid, bytes>>10, bytes-old)
		if !ok || bytes-old >= bound {
			t.Errorf("worker %d (known before: %v) has grown by %d bytes, want less than %d", pid, ok, bytes-old, bound)
		}
	}
}

// rssAnon returns RssAnon (proc_pid_status(5)) of each worker in bytes: of the
// forker's children.
func rssAnon(t *testing.T, p *control.Process) map[int]int {
	t.Helper()
	sizes := map[int]int{}
	for _, forker := range childrenOf(p.Pid()) {
		for _, worker := range childrenOf(forker) {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", worker))
			if err != nil {
				t.Fatal(err)
			}
			_, rest, _ := strings.Cut(string(status), "RssAnon:")
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			sizes[worker] = kib << 10
		}
	}
	return sizes
}

func childrenOf(pid int) (pids []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, f := range files {
		list, _ := os.ReadFile(f)
		for field := range strings.FieldsSeq(string(list)) {
			if n, err := strconv.Atoi(field); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}

package bench

import (
	"fmt"
	"os"
	"time"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/results"
)

// A connection that the server closes first leaves a TIME_WAIT there for a minute, which
// is longer than a run, and the kernel has room for net.ipv4.tcp_max_tw_buckets of them:
// 131,072, or 5 seconds of a fast server. Closes beyond that leave none, so the last
// rounds of a run would not be made under the conditions of the first.
//
// Therefore the cells of a run share the table. Each connects from so many pairs of
// source address and port that the TIME_WAITs of all cells fit:
//
//	pairs of a cell = tableShare x tcp_max_tw_buckets / cells of a minute that leave any
//
// The next connection of a pair takes the place of its TIME_WAIT (RFC 9293, section
// 3.6.1, MAY-2, which Linux does), so fewer stand than are made; as many are made as ever.

// tableShare leaves a part of the table to what others on this machine close.
const tableShare = 0.75

// fewestPairs is so many that no connection waits for a port.
const fewestPairs = 1024

// leavesTimeWaits reports whether a cell fills the table from the server's side. A client
// that closes first keeps its ports: it needs all there are.
func leavesTimeWaits(c results.Cell) bool {
	return c.Mode == results.ModeClose && c.Closer == results.CloserServer
}

// fit narrows the sources of a cell to its part of the table. They stay as they are where
// that is more than they have, and where the kernel cannot (before 6.3) or does not show
// its settings: a table that gets full is noted.
func (p Plan) fit(cfg *loadgen.Config) {
	var buckets, first, last int
	if loadgen.NarrowsPorts() != nil || sysctl("net/ipv4/tcp_max_tw_buckets", &buckets) != nil ||
		sysctl("net/ipv4/ip_local_port_range", &first, &last) != nil {
		return
	}
	narrow(cfg, max(int(tableShare*float64(buckets))/p.leaving(), fewestPairs, 4*cfg.Conns), first, last)
}

// leaving is how many cells, at least one, have TIME_WAITs that stand at a time: those of
// the run, or of a minute of one that is longer.
func (p Plan) leaving() int {
	cells, _ := p.Cells() // which gave the one that is measured
	n := 0
	for _, c := range cells {
		if leavesTimeWaits(c) {
			n++
		}
	}
	all, minute := p.Rounds*len(cells), int(time.Minute/(p.Window+p.Warmup))+1
	return max(n*min(all, minute)/max(len(cells), 1), 1)
}

// narrow leaves cfg so many pairs of source and port, of ports from first to last.
func narrow(cfg *loadgen.Config, pairs, first, last int) {
	have := last - first + 1
	sources := (pairs + have - 1) / have
	if sources > len(cfg.Sources) {
		return
	}
	cfg.Sources = cfg.Sources[:sources]
	if each := pairs / sources; each < have {
		cfg.Ports = loadgen.PortRange{First: uint16(first), Last: uint16(first + each - 1)}
	}
}

// sysctl reads the numbers of a setting.
func sysctl(name string, numbers ...any) error {
	text, err := os.ReadFile("/proc/sys/" + name)
	if err == nil {
		_, err = fmt.Sscan(string(text), numbers...)
	}
	return err
}

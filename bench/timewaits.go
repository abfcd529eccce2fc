package bench

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/c10kit/c10kit/internal/sys"
	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/results"
)

// A connection that the server closes first leaves a TIME_WAIT there for a minute, and the
// kernel has room for net.ipv4.tcp_max_tw_buckets of them: 131,072, which a fast server
// makes in five seconds. Closes beyond that leave none, so without a bound the last rounds
// of a run would not be made under the conditions of the first.
//
// Therefore the cells of a run share the table. Each connects from so many pairs of
// source address and port that the TIME_WAITs of all that stand together fit:
//
//	pairs = tableShare x tcp_max_tw_buckets / cells of the run, or of a minute, that leave any
//
// The next connection of a pair takes the place of its TIME_WAIT (RFC 9293, section
// 3.6.1, MAY-2, which Linux does), so fewer stand than are made; as many are made as ever.

// tableShare leaves a part of the table to what others on this machine close.
const tableShare = 0.75

// leavesTimeWaits reports whether a cell fills the table from the server's side. A client
// that closes first keeps its ports: it needs all there are.
func leavesTimeWaits(c results.Cell) bool {
	return c.Mode == results.ModeClose && c.Closer == results.CloserServer
}

// fit narrows the sources of a cell to the pairs of source and port that it may use.
func (p Plan) fit(cfg *loadgen.Config) {
	if pairs, _ := p.pairs(); pairs > 0 {
		first, last, _ := ephemeral() // or there were no pairs
		narrow(cfg, max(pairs, results.PairsPerConn*cfg.Conns), first, last)
	}
}

// pairs is how many pairs of source address and port a cell has whose server closes
// first: its part of the table. 0 is no bound, with the reason why there is none though
// cells leave TIME_WAITs: before Linux 6.3, and where the kernel does not show its settings
// or some of the ports are reserved. A table that gets full is noted.
func (p Plan) pairs() (int, error) {
	n := p.leaving()
	if n == 0 {
		return 0, nil
	}
	var buckets int
	if err := loadgen.NarrowsPorts(); err != nil {
		return 0, fmt.Errorf("%w: it wants Linux 6.3", err)
	}
	_, _, err := ephemeral()
	if err := cmp.Or(err, sysctl("net/ipv4/tcp_max_tw_buckets", &buckets)); err != nil {
		return 0, err
	}
	return max(int(tableShare*float64(buckets))/n, 1), nil
}

// leaving is how many cells may have TIME_WAITs that stand at a time: all that leave any
// or, of a long run, those that a minute touches, its order being drawn.
func (p Plan) leaving() int {
	p = p.Default()
	cells, _ := p.Cells() // which gave the one that is measured
	n := 0
	for _, c := range cells {
		if leavesTimeWaits(c) {
			n += p.Rounds
		}
	}
	if p.Requests > 0 {
		return n // however long each takes
	}
	return min(n, int(time.Minute/(p.Window+p.Warmup))+2)
}

// narrow leaves cfg so many pairs of source and port, of ports from first to last, if it
// has more.
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

// reservedPorts is the sysctl that keeps ports from being given out.
const reservedPorts = "net/ipv4/ip_local_reserved_ports"

// ephemeral are the first and the last port that the kernel gives out by itself. That some
// between them are reserved is an error: a part of the range might be all of these.
func ephemeral() (first, last int, err error) {
	text, err := sys.Sysctl(reservedPorts)
	if err == nil && text != "" {
		err = fmt.Errorf("%s is %s", strings.ReplaceAll(reservedPorts, "/", "."), text)
	}
	if err == nil {
		err = sysctl("net/ipv4/ip_local_port_range", &first, &last)
	}
	return first, last, err
}

// sysctl reads the numbers of a setting.
func sysctl(name string, numbers ...any) error {
	text, err := sys.Sysctl(name)
	if err == nil {
		_, err = fmt.Sscan(text, numbers...)
	}
	return err
}

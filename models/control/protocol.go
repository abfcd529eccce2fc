package control

import (
	"os"
	"runtime"
	"runtime/metrics"
	"time"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/internal/sys"
	"github.com/c10kit/c10kit/models/board"
)

// ServerName is the name, argv[0], of a re-executed server.
const ServerName = "c10kit-server"

// Descriptors of the control pipes in a server.
const (
	requestFD = 3
	answerFD  = 4
)

type request struct {
	Do string `json:"do"`
}

type answer struct {
	Ready *Ready `json:"ready,omitempty"`
	Edge  *Edge  `json:"edge,omitempty"`
	Usage *Usage `json:"usage,omitempty"`
	Stats *Stats `json:"stats,omitempty"`
	Drain bool   `json:"drain,omitempty"`
	Error string `json:"error,omitempty"`
}

// Ready is the first line of a server that listens.
type Ready struct {
	Addr       string `json:"addr"`
	Pid        int    `json:"pid"`
	Root       int    `json:"root"` // of the process tree that serves: Pid, or a command below it
	Gomaxprocs int    `json:"gomaxprocs"`
	Workers    int    `json:"workers"`
}

// Usage is what the serving process, without its children, has used of the scheduler:
// getrusage(2) with RUSAGE_SELF. It has what no other process can read, the context
// switches of threads that have ended.
type Usage struct {
	Voluntary   uint64 `json:"voluntary"`
	Involuntary uint64 `json:"involuntary"`
}

func readUsage() (Usage, error) {
	var ru unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &ru); err != nil {
		return Usage{}, os.NewSyscallError("getrusage", err)
	}
	return Usage{uint64(ru.Nvcsw), uint64(ru.Nivcsw)}, nil
}

// Edge is what a server says at an edge of the measured window. Differences of
// two edges are what the window cost.
type Edge struct {
	MonotonicNs int64        `json:"monotonic-ns"` // CLOCK_MONOTONIC, comparable between processes
	UserNs      int64        `json:"user-ns"`      // CPU of the process and of its workers' processes
	SysNs       int64        `json:"sys-ns"`
	Allocs      uint64       `json:"allocs"` // heap objects allocated so far
	Board       board.Counts `json:"board"`
}

// Stats is what a server says about its runtime.
type Stats struct {
	Goroutines int          `json:"goroutines"`
	Gomaxprocs int          `json:"gomaxprocs"`
	HeapBytes  uint64       `json:"heap-bytes"`
	GCCycles   uint64       `json:"gc-cycles"`
	Board      board.Counts `json:"board"`
	Leaked     uint64       `json:"leaked-blocks"`
}

// readEdge reads the clocks and counters of this process.
//
// Allocations come from runtime.ReadMemStats, which stops the world for some
// microseconds: runtime/metrics would not, but leaves out what each P has allocated
// from the spans it holds, up to a few hundred objects a size class, more than a
// bound of 0.001 a request allows to miss.
func readEdge(b *board.Board) (Edge, error) {
	var e Edge
	user, system, err := cpu(b)
	if err != nil {
		return e, err
	}
	e.UserNs, e.SysNs = int64(user), int64(system)
	e.Board = b.Total()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	e.Allocs = m.Mallocs
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return e, err
	}
	e.MonotonicNs = ts.Nano()
	return e, nil
}

// cpu is what the server has used: this process, worker processes that were reaped,
// and those on the board that live. One that ends while the list is read is missed,
// once.
func cpu(b *board.Board) (user, system time.Duration, err error) {
	var ru unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &ru); err != nil {
		return 0, 0, os.NewSyscallError("getrusage", err)
	}
	user, system = b.CPU()
	user += time.Duration(ru.Utime.Nano())
	system += time.Duration(ru.Stime.Nano())
	seen := map[int]bool{0: true, os.Getpid(): true}
	slots := b.Slots()
	for i := range slots {
		s := &slots[i]
		if pid := s.Pid(); s.Generation()&1 != 0 && !seen[pid] {
			seen[pid] = true
			u, k, err := sys.ProcessTimes(pid)
			if err != nil {
				continue // it has ended meanwhile
			}
			user, system = user+u, system+k
		}
	}
	return user, system, nil
}

func readStats(b *board.Board) Stats {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(s)
	return Stats{
		Goroutines: runtime.NumGoroutine(),
		Gomaxprocs: runtime.GOMAXPROCS(0),
		HeapBytes:  s[0].Value.Uint64(),
		GCCycles:   s[1].Value.Uint64(),
		Board:      b.Total(),
		Leaked:     b.Leaked(),
	}
}

// Sub returns what happened between the edges before and e.
func (e Edge) Sub(before Edge) Window {
	return Window{
		Elapsed:  time.Duration(e.MonotonicNs - before.MonotonicNs),
		User:     time.Duration(e.UserNs - before.UserNs),
		Sys:      time.Duration(e.SysNs - before.SysNs),
		Allocs:   e.Allocs - before.Allocs,
		Requests: e.Board.Requests - before.Board.Requests,
		Conns:    e.Board.Connections - before.Board.Connections,
	}
}

// Window is the difference of two edges of one server.
type Window struct {
	Elapsed, User, Sys time.Duration
	Allocs             uint64
	Requests, Conns    uint64
}

package netstat

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// TimeWaitGauge reads how many TIME_WAIT sockets stand in a network namespace, of
// both families and on both sides, with those FIN_WAIT2 sockets that no process
// holds any more: the tw of sockstat. It is meant for a live series, ten times a
// second. For one port and without FIN_WAIT2 ask probe/inetdiag, which walks tables.
type TimeWaitGauge struct {
	file *os.File
	buf  []byte
}

// OpenTimeWaitGauge opens net/sockstat under proc, usually "/proc", and keeps it
// open. The caller closes the gauge, and uses it from one goroutine.
func OpenTimeWaitGauge(proc string) (*TimeWaitGauge, error) {
	file, err := os.Open(filepath.Join(proc, paths[fromSockstat]))
	if err != nil {
		return nil, fmt.Errorf("netstat: %w", err)
	}
	return &TimeWaitGauge{file: file, buf: make([]byte, 1<<10)}, nil // it has 200 bytes
}

// Read returns the number that stand now, in two system calls and without
// allocating.
func (g *TimeWaitGauge) Read() (int64, error) {
	text, err := readAll(g.file, &g.buf)
	if err != nil {
		return 0, fmt.Errorf("netstat: %w", err)
	}
	var v Values
	if err := parse(&v, fromSockstat, text); err != nil {
		return 0, fmt.Errorf("netstat: %w", err)
	}
	standing, ok := v.Get(TCPTW)
	if !ok {
		return 0, errors.New("netstat: net/sockstat has no tw in its line of TCP")
	}
	return standing, nil
}

// Close closes the file.
func (g *TimeWaitGauge) Close() error { return g.file.Close() }

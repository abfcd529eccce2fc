package models

import (
	"runtime"
	"strings"
)

// Kind is how a model waits, which decides the number of workers it is given and
// the GOMAXPROCS it runs under.
type Kind uint8

// The kinds of models.
const (
	// Serial serves one connection at a time on one thread.
	Serial Kind = iota
	// Pool is a fixed number of blocking workers, each with one connection.
	Pool
	// PerConnection creates a blocking worker for each connection.
	PerConnection
	// Events is a number of loops, each with many connections.
	Events
	// Runtime is goroutines over the Go runtime's own poller: its workers are the
	// processors it is given.
	Runtime
	// Command is a program of its own, which decides for itself.
	Command
)

// Origin is whose code a model is.
type Origin uint8

// The origins of models.
const (
	Own     Origin = iota // c10kit's
	Library               // foreign code, linked into this program
	Program               // a foreign program
)

// Traits is what a model's user may expect of it. The strings are the columns of
// `c10kit models`, after the table of Shuo Chen's muduo.
type Traits struct {
	Kind Kind

	Processes    string // "1", "workers", "1/conn"
	Threads      string // of one process, without the Go runtime's own; "runtime": as that sees fit
	Blocking     bool   // I/O calls put the worker to sleep
	Multiplexing string // "none", "epoll", ...
	Multicore    bool   // one server can use more than one processor
	CrashTakes   string // what a memory fault in a handler takes down: "server", "worker", "connection"
	Switches     string // voluntary context switches per request to expect, keep-alive: "1", "0-1"

	// ReusePort: the model opens more listeners on the address of the first.
	ReusePort bool
	// MaxWorkers bounds Config.Workers; 0 is no bound.
	MaxWorkers int
	// Listens: the model opens its listener itself, as foreign code does that wants an
	// address and not a socket. Env.Listener then only keeps the address: bound, not
	// listening. Its Server is a Starter.
	Listens bool
	// Tree: no worker can be named, because whoever schedules them is not ours (the Go
	// runtime, a foreign program). Context switches are those of the whole process
	// tree, and nothing is counted on the board but what the model says there.
	Tree bool
	// KeepsOpen: the server never closes a connection first, whatever it is asked.
	KeepsOpen bool
	// Forks: the process that serves creates children by fork, so it must have one
	// goroutine and GOMAXPROCS 1.
	Forks bool
	// Origin is whose code serves: only c10kit's own has a buffer chain, so --copy means
	// something to no other, and a program of its own has no --lab.
	Origin Origin
	// Apps lists the apps that the model serves; nil is all.
	Apps []string
	// Ignores is the closed list of the flags of serve that change nothing here, as foreign
	// code has no such setting: serve refuses them. Empty for a model of the card.
	Ignores []string
	// Skips is the closed list of what this model may skip of the conformance suite, each
	// with the reason: a check ("Books"), a case of one ("Drain/half a request"), or a
	// path ("/wait/"). Empty for a model of the card.
	Skips map[string]string
}

// Unserved says why path is not served, "" if it is or nobody knows: Skips has the paths
// that are not, by how they begin.
func (t Traits) Unserved(path string) (why string) {
	for skip, reason := range t.Skips {
		if strings.HasPrefix(skip, "/") && strings.HasPrefix(path, skip) {
			return reason
		}
	}
	return ""
}

// defaultWorkers is how many workers a server gets that was not told.
func (t Traits) defaultWorkers(cpus int) int {
	switch t.Kind {
	case Serial, PerConnection, Command: // a worker for each connection, or what it likes, whatever it is told
		return 1
	case Events, Runtime:
		if t.MaxWorkers > 0 {
			return min(cpus, t.MaxWorkers)
		}
		return cpus
	default:
		return DefaultPoolWorkers
	}
}

// Concurrency is how many connections a server of this kind with the given
// number of workers can serve at the same time; 0 is no such bound.
func (t Traits) Concurrency(workers int) int {
	switch t.Kind {
	case Serial:
		return 1
	case Pool:
		return workers
	default:
		return 0
	}
}

// Gomaxprocs is the GOMAXPROCS that a server of this kind runs under. The rule
// and the measurements behind it are in docs/adr/0003-gomaxprocs.md: a thread
// that returns from a blocking system call needs a P to go on, so a pool of
// blocking threads starves under the default, while more than 256 make the
// collector's pauses long.
func (t Traits) Gomaxprocs(workers int) int {
	switch {
	case t.Forks:
		return 1
	case t.Kind == Serial:
		return 1 + 2
	case t.Kind == Events:
		return workers + 2
	case t.Kind == Runtime:
		return workers
	case t.Kind == Command:
		return 1 + 2 // of the process that watches it
	case t.Kind == PerConnection:
		return 64 + 2
	default:
		return min(max(workers, 64), 256) + 2
	}
}

// cpuCount is the number of processors that the server may use.
func (c Config) cpuCount() int {
	if len(c.CPUs) > 0 {
		return len(c.CPUs)
	}
	return runtime.NumCPU()
}

package bench_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/c10kit/c10kit/bench/floor"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/control"
)

// requestCalls are the system calls that serve: a model and its yardstick of the same design make the same ones, and
// what differs beside them is what a language's runtime costs.
var requestCalls = []string{
	"accept4", "read", "readv", "recvfrom", "write", "writev", "sendto", "sendfile", "close", "shutdown", "fcntl",
	"setsockopt", "epoll_ctl", "epoll_pwait", "poll", "ppoll", "select", "pselect6",
}

const callWorkers = 4

// designs are the models with the yardsticks that are the same design in C, and how many processes each has. A real
// fork from Go takes two parents: one forks, and one hears signals.
var designs = []struct {
	model      string
	processes  int
	yardstick  floor.Which
	cProcesses int
	cArguments []string
	loads      []callLoad
}{
	{"tpc:thread", 1, floor.TPC, 1, nil, callLoads},
	{"prethread:accept", 1, floor.Prethread, 1, []string{floor.Workers(callWorkers)}, callLoads},
	{"prefork:accept", 2 + callWorkers, floor.Prefork, 1 + callWorkers, []string{floor.Workers(callWorkers)}, callLoads},
	// A connection costs Go other calls than C: its child gives back more of what it inherited.
	{"ppc:fork", 2 + 1, floor.PPC, 1 + 1, nil, callLoads[:1]},
}

// TestSameCallsAsC: a ratio of CPU per request compares a model with its yardstick only if both ask the kernel for the
// same: as many reads and writes a request, as many calls a connection, whoever closes it.
func TestSameCallsAsC(t *testing.T) {
	for _, d := range designs {
		t.Run(d.model, func(t *testing.T) {
			for _, load := range d.loads {
				t.Run(load.name, func(t *testing.T) {
					c := startYardstick(t, d.yardstick, slices.Concat(load.flags, d.cArguments))
					want := load.callsPerRound(t, c.Addr.String(), c.Pid, d.cProcesses)
					addr, pid := startForCalls(t, d.model)
					got := load.callsPerRound(t, addr, pid, d.processes)
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("system calls, each time (-%s in C +%s):\n%s", d.yardstick, d.model, diff)
					}
					if diff := cmp.Diff(load.want, want); diff != "" {
						t.Errorf("system calls of the yardstick, each time (-want +got):\n%s", diff)
					}
				})
			}
		})
	}
}

// callLoads are what is done again and again while system calls are counted.
var callLoads = []callLoad{
	{
		name: "keep-alive", rounds: 1000, keep: true,
		want: map[string]int{"read": 1, "write": 1},
	},
	{
		name: "server-closes", rounds: 200, header: "Connection: close\r\n", flags: []string{floor.CloseAfterAnswer},
		want: map[string]int{"accept4": 1, "read": 1, "write": 1, "close": 1},
	},
	{
		name: "client-closes", rounds: 200,
		want: map[string]int{"accept4": 1, "read": 2, "write": 1, "close": 1},
	},
}

type callLoad struct {
	name   string
	rounds int
	keep   bool   // one connection for all
	header string // of the request, which a yardstick does not look at
	flags  []string
	want   map[string]int
}

// callsPerRound returns the calls that a round costs a server with all its processes, rounded.
func (load callLoad) callsPerRound(t *testing.T, addr string, pid, processes int) map[string]int {
	t.Helper()
	conn := dialCalls(t, addr)
	load.exchange(t, conn) // what is done once for a connection is done
	stop, err := floor.CountCalls(family(t, pid, processes))
	if errors.Is(err, floor.ErrNoStrace) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for range load.rounds {
		if !load.keep {
			conn = dialCalls(t, addr)
		}
		load.exchange(t, conn)
	}
	calls, err := stop()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d times: %v", load.rounds, calls)
	got := map[string]int{}
	for name, c := range calls {
		if n := int(math.Round(float64(c.Made) / float64(load.rounds))); n > 0 && slices.Contains(requestCalls, name) {
			got[name] = n
		}
	}
	return got
}

// family waits until a process has its descendants, who may still be started when it listens, and returns all pids.
func family(t *testing.T, pid, processes int) []int {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		pids, err := floor.Processes(pid)
		if err != nil {
			t.Fatal(err)
		}
		if len(pids) == processes {
			return pids
		}
		if time.Now().After(deadline) {
			t.Fatalf("processes %v, want %d", pids, processes)
		}
	}
}

// exchange sends a request, reads the answer, and where the connection is not kept waits until the server has closed.
func (load callLoad) exchange(t *testing.T, conn *net.TCPConn) {
	t.Helper()
	if _, err := io.WriteString(conn, "GET /plaintext HTTP/1.1\r\nHost: a\r\n"+load.header+"\r\n"); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(body), "Hello, World!") {
		t.Fatalf("%q, %v", body, err)
	}
	if load.keep {
		return
	}
	if load.header == "" {
		err = conn.CloseWrite()
	}
	if _, end := r.ReadByte(); err != nil || !errors.Is(end, io.EOF) {
		t.Fatalf("at the end: %v, %v", err, end)
	}
	conn.Close()
}

func dialCalls(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.(*net.TCPConn)
}

func startYardstick(t *testing.T, which floor.Which, args []string) *floor.Proc {
	t.Helper()
	p, err := floor.Start(context.WithoutCancel(t.Context()), which, nil, args...)
	if errors.Is(err, floor.ErrNoCompiler) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func startForCalls(t *testing.T, spec string) (addr string, pid int) {
	t.Helper()
	m, v, err := models.Find(spec)
	if err != nil {
		t.Fatal(err)
	}
	p, err := control.Start(context.WithoutCancel(t.Context()), models.Config{ // the context ends before Cleanup
		Model: m.Name, Variant: v.Name, Addr: "127.0.0.1:0", Workers: callWorkers,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(models.DefaultDrain); err != nil {
			t.Error(err)
		}
	})
	return p.Addr(), p.Pid()
}

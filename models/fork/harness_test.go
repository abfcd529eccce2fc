package fork_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/control"
	"github.com/c10kit/c10kit/models/modeltest"
	_ "github.com/c10kit/c10kit/ppc"
	_ "github.com/c10kit/c10kit/prefork"
)

func TestMain(m *testing.M) { modeltest.Main(m) }

// specs are the models whose workers are processes.
var specs = []string{"prefork:accept", "ppc:fork", "ppc:exec"}

// patience is how long anything may take that a sound server does in a tenth of it.
const patience = 10 * time.Second

// soon is within which the dead are gone and replaced: it takes milliseconds, which tests
// log, but two processors that others use as well may be busy for seconds.
const soon = 5 * time.Second

// mark is the environment variable by which a test finds every process of its
// server, orphans included: forks and re-executed programs inherit it.
const mark = "C10KIT_TEST_TREE"

// tree is a server with its processes: supervisor, forker, workers.
type tree struct {
	*control.Process
	t      *testing.T
	config models.Config
	mark   string
	ended  bool
}

// start runs a server. Not in parallel with others: the mark is an environment
// variable.
func start(t *testing.T, spec string, change func(*models.Config)) *tree {
	t.Helper()
	m, v, err := models.Find(spec)
	if err != nil {
		t.Fatal(err)
	}
	s := &tree{t: t, mark: fmt.Sprintf("%d-%d", os.Getpid(), time.Now().UnixNano())}
	t.Setenv(mark, s.mark)
	s.config = models.Config{Variant: v.Name, Addr: "127.0.0.1:0", Workers: 4}
	if change != nil {
		change(&s.config)
	}
	s.config = s.config.WithDefaults(m)
	// Not t.Context: it ends before Cleanup, and the server would be killed.
	if s.Process, err = control.Start(context.Background(), s.config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !s.ended {
			_ = s.Kill()
		}
		if left := s.processes(); len(left) > 0 {
			t.Errorf("processes that are left: %v", left)
		}
	})
	return s
}

// stop drains the server, which must end with status 0.
func (s *tree) stop() {
	s.t.Helper()
	s.ended = true
	if err := s.Stop(s.config.Drain + patience); err != nil {
		s.t.Errorf("the server did not end well: %v", err)
	}
}

// said kills the server and returns what it has printed to stderr.
func (s *tree) said() string {
	s.ended = true
	_ = s.Signal(syscall.SIGKILL)
	<-s.Exited()
	return fmt.Sprint(s.Stop(0))
}

// forker returns the pid of the forking process, waiting for one other than not.
func (s *tree) forker(not int) (pid int) {
	s.t.Helper()
	s.within(patience, "a forking process", func() bool {
		for _, p := range childrenOf(s.Pid()) {
			if p != not && leads(p) {
				pid = p
			}
		}
		return pid != 0
	})
	return pid
}

// workers returns the pids of the workers, zombies included.
func (s *tree) workers() []int {
	var pids []int
	for _, p := range childrenOf(s.Pid()) {
		if leads(p) {
			pids = append(pids, childrenOf(p)...)
		} else {
			pids = append(pids, p) // an orphan
		}
	}
	return pids
}

// live returns the pids on the board of workers that are not the forker and have
// begun: a slot has no pid before.
func (s *tree) live(forker int) []int {
	var pids []int
	slots := s.Board.Slots()
	for i := range slots {
		if pid := slots[i].Pid(); slots[i].Generation()&1 != 0 && pid != forker && pid > 0 {
			pids = append(pids, pid)
		}
	}
	return pids
}

// processes lists every process that carries the server's mark.
func (s *tree) processes() []string {
	var found []string
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, f := range files {
		env, err := os.ReadFile(f)
		if err == nil && slices.Contains(strings.Split(string(env), "\x00"), mark+"="+s.mark) {
			pid := strings.Split(f, "/")[2]
			stat, _ := os.ReadFile("/proc/" + pid + "/stat")
			found = append(found, string(stat))
		}
	}
	return found
}

// within waits for something to become true and reports how long it took.
func (s *tree) within(d time.Duration, what string, ok func() bool) time.Duration {
	s.t.Helper()
	begin := time.Now()
	for !ok() {
		if time.Since(begin) > d {
			s.t.Fatalf("not within %v: %s; the board says %+v", d, what, s.Board.Total())
		}
		time.Sleep(2 * time.Millisecond)
	}
	return time.Since(begin)
}

// allGone wants no process of the given pids within a second, not even a zombie
// that this tree should have reaped.
func (s *tree) allGone(pids []int) time.Duration {
	s.t.Helper()
	return s.within(soon, fmt.Sprintf("the end of processes %v", pids), func() bool {
		return !slices.ContainsFunc(pids, func(pid int) bool {
			state := stateOf(pid)
			return state != 0 && (state != 'Z' || parentOf(pid) == s.Pid())
		})
	})
}

// client is a keep-alive connection.
type client struct {
	net.Conn
	r *bufio.Reader
}

func (s *tree) dial() (*client, error) { return dialTo(s.Addr()) }

func dialTo(addr string) (*client, error) {
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	return &client{c, bufio.NewReader(c)}, nil
}

func (c *client) send(path string) error {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: a\r\n\r\n")
	return err
}

func (c *client) receive() (*http.Response, error) {
	r, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	_, err = io.Copy(io.Discard, r.Body)
	if err == nil && r.StatusCode != 200 {
		err = fmt.Errorf("status %s", r.Status)
	}
	return r, err
}

func (c *client) get(path string) error {
	if err := c.send(path); err != nil {
		return err
	}
	_, err := c.receive()
	return err
}

// connect opens n connections and has each served once.
func (s *tree) connect(n int) []*client {
	s.t.Helper()
	conns := make([]*client, n)
	for i := range conns {
		c, err := s.dial()
		if err == nil {
			s.t.Cleanup(func() { c.Close() })
			err = c.get("/plaintext")
		}
		if err != nil {
			s.t.Fatalf("connection %d of %d: %v", i, n, err)
		}
		conns[i] = c
	}
	return conns
}

func childrenOf(pid int) []int {
	var pids []int
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, f := range files {
		list, _ := os.ReadFile(f)
		for p := range strings.FieldsSeq(string(list)) {
			n, _ := strconv.Atoi(p)
			pids = append(pids, n)
		}
	}
	return pids
}

// stat returns the fields of /proc/PID/stat that follow the name, nil if there is
// no such process.
func stat(pid int) []string {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(line[strings.LastIndexByte(string(line), ')')+1:]))
}

// stateOf returns the letter of a process's state, 0 if there is none.
func stateOf(pid int) byte {
	if f := stat(pid); len(f) > 0 {
		return f[0][0]
	}
	return 0
}

func parentOf(pid int) int {
	f := stat(pid)
	if len(f) < 2 {
		return 0
	}
	n, _ := strconv.Atoi(f[1])
	return n
}

// leads reports whether a process lives and leads its process group, as a forker
// does. Orphans of another do not, nor does the child by which os/exec tries out
// pidfd_send_signal(2).
func leads(pid int) bool {
	f := stat(pid)
	return len(f) > 2 && f[0] != "Z" && f[2] == strconv.Itoa(pid)
}

// descriptors lists what the descriptors of a process are.
func descriptors(pid int) []string {
	var out []string
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, l := range links {
		to, err := os.Readlink(l)
		if err == nil {
			out = append(out, filepath.Base(l)+" "+to)
		}
	}
	return out
}

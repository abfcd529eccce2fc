package modeltest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// straceConns is how many connections each model serves under strace.
const straceConns = 1000

// straced is what strace says of a server: before and from the moment on that it
// had served some connections, so that what is made once was made.
type straced struct {
	t             *testing.T
	model         string
	before, after []string
}

// TestProofStrace looks at the system calls of 1,000 connections: what each model
// creates for them, and how it waits.
func TestProofStrace(t *testing.T) {
	if os.Getenv("C10KIT_PROOFS") == "" {
		t.Skip("strace slows servers down for a minute: set C10KIT_PROOFS=1 (make proofs)")
	}
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skipf("no strace: %v", err)
	}
	command := filepath.Join(t.TempDir(), "c10kit")
	build := exec.Command("go", "build", "-o", command, "../../cmd/c10kit")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	for _, proof := range []struct {
		model string
		look  func(*straced)
	}{
		{"ppc", (*straced).forks},
		{"tpc", (*straced).threads},
		{"prefork", (*straced).createsNothing},
		{"prethread", (*straced).poolComplete},
		{"iterative", (*straced).poolComplete},
		{"reactor", (*straced).polls},
		{"hybrid", (*straced).listens},
	} {
		t.Run(proof.model, func(t *testing.T) {
			s := &straced{t: t, model: proof.model}
			s.run(command)
			if !t.Failed() {
				proof.look(s)
			}
		})
	}
}

// forks: a fork for each connection, no exec, and every child works.
func (s *straced) forks() {
	forks := count(s.after, rawFork)
	children := answering(s.after)
	s.t.Logf("%d forks, %d children that answered, %d execve", forks, len(children), count(s.after, execve))
	if forks != straceConns || len(children) != straceConns || count(s.after, execve) != 0 {
		s.t.Errorf("want %d forks, as many children that answer, and no execve", straceConns)
	}
	s.blocks()
}

// threads: one that is created and ends for each connection.
func (s *straced) threads() {
	made, ended := count(s.after, newThread), count(s.after, threadEnd)
	s.t.Logf("%d threads created, %d ended", made, ended)
	if ended != straceConns || made < 990 || made > 1010 {
		s.t.Errorf("want %d threads that end and 990 to 1,010 that are created", straceConns)
	}
	s.blocks()
}

// runtimeThreads is how many threads the runtime of a pool of threads may still add
// for itself, to hand a processor to when more of the pool return from a system
// call at a time than ever before. They have nothing to do with connections.
const runtimeThreads = 8

// poolComplete: no thread ends, and whoever answers has answered before.
func (s *straced) poolComplete() {
	made := count(s.after, anyClone)
	before, after := answering(s.before), answering(s.after)
	s.t.Logf("%d of a pool answer, %d threads of the runtime's own", len(after), made)
	for pid := range after {
		if !before[pid] {
			s.t.Errorf("thread %s answers and is none of the pool", pid)
		}
	}
	if made > runtimeThreads || count(s.after, threadEnd)+count(s.after, execve) != 0 {
		s.t.Errorf("%d threads created, %d ended, want none", made, count(s.after, threadEnd))
	}
	s.blocks()
}

// createsNothing: no process at all, and whoever answers no thread either. What the
// runtime of the supervisor adds for itself is as in poolComplete.
func (s *straced) createsNothing() {
	for _, line := range s.after {
		pid, _, _ := strings.Cut(line, " ")
		thread := newThread.MatchString(line) && !answering(s.before)[pid]
		if (anyClone.MatchString(line) || execve.MatchString(line)) && !thread {
			s.t.Errorf("want no process created after the start: %s", line)
		}
	}
	s.poolComplete()
}

// blocks: nobody hands a socket to epoll.
func (s *straced) blocks() {
	if all := append(s.before, s.after...); count(all, epollTCP) != 0 {
		s.t.Errorf("a blocking model polls a socket: %s", first(all, epollTCP))
	}
}

// polls: one that does is seen.
func (s *straced) polls() {
	n := count(s.after, epollTCP)
	s.t.Logf("%d epoll_ctl with a socket", n)
	if n < straceConns {
		s.t.Errorf("%d calls of epoll_ctl name a socket, want one for each connection at least", n)
	}
}

// listens: hybrid, with 4 workers, has 4 listeners on its address.
func (s *straced) listens() {
	reuse, listens := count(s.before, reusePort), count(s.before, listen)
	s.t.Logf("%d SO_REUSEPORT, %d listen", reuse, listens)
	if reuse != 4 || listens != 4 || count(s.after, listen) != 0 {
		s.t.Error("want exactly 4 listeners with SO_REUSEPORT")
	}
	s.polls()
}

// What is looked for in lines of strace -f -yy, complete ones and halves that end in
// "<unfinished ...>".
var (
	rawFork   = regexp.MustCompile(`\bclone\(child_stack=NULL, flags=SIGCHLD(\)| <unf)`)
	anyClone  = regexp.MustCompile(`\b(clone3?|v?fork)\(`)
	newThread = regexp.MustCompile(`\bclone3?\(.*CLONE_THREAD`)
	threadEnd = regexp.MustCompile(`\bexit\(0`)
	execve    = regexp.MustCompile(`\bexecve(at)?\(`)
	epollTCP  = regexp.MustCompile(`\bepoll_ctl\([^,]*, [^,]*, \d+<(TCP|socket)`)
	answer    = regexp.MustCompile(`\bwritev?\(\d+<TCP`)
	reusePort = regexp.MustCompile(`\bsetsockopt\(.*SO_REUSEPORT, \[1\]`)
	listen    = regexp.MustCompile(`\blisten\(\d+<TCP`)
)

const traced = "clone,clone3,fork,vfork,execve,execveat,exit,epoll_ctl,write,writev,setsockopt,listen"

// answering returns the threads that write to a connection.
func answering(lines []string) map[string]bool {
	pids := map[string]bool{}
	for _, line := range lines {
		if answer.MatchString(line) {
			pid, _, _ := strings.Cut(line, " ")
			pids[pid] = true
		}
	}
	return pids
}

func count(lines []string, what *regexp.Regexp) (n int) {
	for _, line := range lines {
		if what.MatchString(line) {
			n++
		}
	}
	return n
}

func first(lines []string, what *regexp.Regexp) string {
	for _, line := range lines {
		if what.MatchString(line) {
			return line
		}
	}
	return ""
}

// run serves the connections under strace.
func (s *straced) run(command string) {
	t := s.t
	trace := filepath.Join(t.TempDir(), "trace")
	workers := "16"
	switch s.model {
	case "hybrid":
		workers = "4"
	case "iterative", "reactor":
		workers = "1"
	}
	cmd := exec.Command("strace", "-f", "-yy", "-s", "8", "-e", "trace="+traced, "-e", "signal=none", "-o", trace,
		command, "serve", s.model, "--addr", "127.0.0.1:0", "--workers", workers)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Skipf("strace cannot trace here: %q, %v", line, err)
	}
	s.serve(addr, 500, 8) // a pool has begun, the runtime has the threads that it wants
	mark := atRest(t, trace)
	s.serve(addr, straceConns, 4)
	all := atRest(t, trace)
	s.before = strings.Split(string(mark), "\n")
	s.after = strings.Split(string(all[len(mark):]), "\n")
	s.end(cmd)
}

// atRest returns a trace when it has not grown for a second: the last child or thread has
// ended.
func atRest(t *testing.T, trace string) []byte {
	t.Helper()
	size := -1
	for range 60 {
		time.Sleep(time.Second)
		all, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) == size {
			return all
		}
		size = len(all)
	}
	t.Fatal("the server is not at rest after a minute")
	return nil
}

// end sends SIGTERM to the server, strace's only child.
func (s *straced) end(cmd *exec.Cmd) {
	list, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", cmd.Process.Pid, cmd.Process.Pid))
	pid, err := strconv.Atoi(strings.TrimSpace(string(list)))
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGTERM)
	}
	if err == nil {
		err = cmd.Wait() // strace ends with the status of what it traces
	}
	if err != nil {
		s.t.Errorf("ending the server: %v", err)
	}
}

// serve makes n connections with a request each, some at a time.
func (s *straced) serve(addr string, n, at int) {
	var clients sync.WaitGroup
	for i := range at {
		clients.Go(func() {
			for j := i; j < n; j += at {
				if err := closeRequest(addr); err != nil {
					s.t.Errorf("connection %d: %v", j, err)
					return
				}
			}
		})
	}
	clients.Wait()
}

func closeRequest(addr string) error {
	c, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, "GET /plaintext HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); err != nil {
		return err
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	_, err = io.Copy(io.Discard, r.Body)
	return err
}

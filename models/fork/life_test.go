package fork_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/moby/sys/reexec"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
)

// This file: who dies by SIGKILL, and what is left of whom.

func kill(t *testing.T, pid int) {
	t.Helper()
	if pid <= 1 { // kill(2) takes 0 and -1 for many processes, the test's own among them
		t.Fatalf("%d is no process of a server", pid)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// busy keeps n clients at requests of a keep-alive connection each, or a connection
// for each request; one that fails is counted and dials again. The returned
// function ends them and returns how many requests were answered and how many
// failed.
func (s *tree) busy(n int, path string, closing bool) (stop func() (answered, failed int64)) {
	var clients sync.WaitGroup
	var ends atomic.Bool
	var answered, failed atomic.Int64
	for range n {
		clients.Go(func() {
			var c *client
			for !ends.Load() {
				var err error
				if c == nil {
					c, err = s.dial()
				}
				if err == nil {
					err = c.get(path)
				}
				switch {
				case err == nil:
					answered.Add(1)
				case !ends.Load():
					failed.Add(1)
				}
				if c != nil && (err != nil || closing) {
					c.Close()
					c = nil
				}
				if err != nil {
					time.Sleep(5 * time.Millisecond)
				}
			}
			if c != nil {
				c.Close()
			}
		})
	}
	return func() (int64, int64) {
		ends.Store(true)
		clients.Wait()
		return answered.Load(), failed.Load()
	}
}

// A worker of 64 dies with its connection: nobody else notices.
func TestKillWorker(t *testing.T) {
	const n = 64
	s := start(t, "prefork:accept", func(c *models.Config) { c.Workers = n })
	forker := s.forker(0)
	stop := s.busy(n, "/wait/5ms", false)
	s.within(patience, "64 busy workers", func() bool { return s.Board.Total().Open() == n && s.Board.Total().Requests > n })
	victim := s.live(forker)[n/2]
	kill(t, victim)
	took := s.within(soon, "64 workers again", func() bool {
		now := s.live(forker)
		return len(now) == n && !slices.Contains(now, victim) && len(s.workers()) == n
	})
	s.within(patience, "64 open connections again", func() bool { return s.Board.Total().Open() == n })
	before := s.Board.Total().Requests
	s.within(patience, "all clients being served", func() bool { return s.Board.Total().Requests > before+2*n })
	answered, failed := stop()
	if failed > 1 {
		t.Errorf("%d clients saw an error, want at most the one of the killed worker", failed)
	}
	if s.forker(0) != forker {
		t.Error("the forking process was replaced")
	}
	s.within(patience, "no open connection, none in flight", func() bool {
		b := s.Board.Total()
		return b.Open() == 0 && b.InFlight() == 0 && b.Errors == uint64(failed)
	})
	t.Logf("64 workers again after %v; %d requests answered, %d failed", took, answered, failed)
	s.stop()
}

// Workers that die young delay their successors, for twice as long each time.
//
// A worker that lived for a second begins the back-off anew: where the machine is so busy
// that one does, it is tried again.
func TestBackoff(t *testing.T) {
	const tries = 5
	for try := 1; ; try++ {
		amiss := backoff(t)
		if amiss == "" {
			return
		}
		if try == tries {
			t.Fatal(amiss)
		}
		t.Logf("try %d: %s", try, amiss)
	}
}

// backoff kills six workers and says what is amiss in how their successors were put off.
func backoff(t *testing.T) string {
	t.Helper()
	s := start(t, "prefork:accept", func(c *models.Config) { c.Workers = 2 })
	forker := s.forker(0)
	s.within(patience, "2 workers", func() bool { return len(s.live(forker)) == 2 })
	const kills = 6
	var took time.Duration
	for range kills {
		before := s.live(forker)
		victim := before[len(before)-1]
		for _, pid := range before { // the youngest: started last
			if len(stat(pid)) > 19 && len(stat(victim)) > 19 && stat(pid)[19] > stat(victim)[19] {
				victim = pid
			}
		}
		kill(t, victim)
		took = s.within(patience, "a successor", func() bool {
			now := s.live(forker)
			return len(now) == 2 && !slices.Contains(now, victim)
		})
	}
	// The last successor waited for a back-off of 10 ms << 5.
	said := s.said()
	if n := strings.Count(said, "ended by signal killed; the next may start in"); n != kills {
		return fmt.Sprintf("%d lines about %d workers: %s", n, kills, said)
	}
	for _, d := range []string{"10ms", "20ms", "40ms", "80ms", "160ms", "320ms"} {
		if !strings.Contains(said, "may start in "+d) {
			return fmt.Sprintf("no back-off of %s: %s", d, said)
		}
	}
	if took < 320*time.Millisecond {
		return fmt.Sprintf("the last successor came after %v, before its back-off", took)
	}
	t.Logf("the successor of the sixth came after %v", took)
	return ""
}

// The forking process dies, its children with it, and the supervisor starts another.
func TestKillForker(t *testing.T) {
	for _, spec := range specs {
		t.Run(spec, func(t *testing.T) {
			s := start(t, spec, nil)
			forker := s.forker(0)
			conns := s.connect(4)
			workers := s.workers()
			if len(workers) != 4 {
				t.Fatalf("%d workers, want 4", len(workers))
			}
			for _, c := range conns {
				if err := c.send("/wait/1s"); err != nil {
					t.Fatal(err)
				}
			}
			s.within(patience, "4 requests in flight", func() bool { return s.Board.Total().InFlight() == 4 })
			fds := len(descriptors(s.Pid()))
			kill(t, forker)
			gone := s.allGone(append(workers, forker))
			for i, c := range conns {
				if _, err := c.receive(); err == nil {
					t.Errorf("connection %d was answered by a dead worker", i)
				}
				c.Close()
			}
			now := s.forker(forker)
			s.connect(4)[0].Close()
			s.stale(now)
			if n := len(descriptors(s.Pid())); n != fds {
				t.Errorf("the supervisor has %d descriptors, before the forker died it had %d: %v", n, fds, descriptors(s.Pid()))
			}
			t.Logf("all gone after %v", gone)
			s.stop()
		})
	}
}

// stale wants every slot in use to be that of a process that lives.
func (s *tree) stale(forker int) {
	s.t.Helper()
	s.within(soon, "no stale slot, 3 open connections, none in flight", func() bool {
		workers := s.workers()
		for _, pid := range s.live(forker) {
			if !slices.Contains(workers, pid) {
				return false
			}
		}
		b := s.Board.Total()
		return b.Open() == 3 && b.InFlight() == 0
	})
}

// The supervisor dies: nothing is left.
func TestKillSupervisor(t *testing.T) {
	for _, spec := range specs {
		t.Run(spec, func(t *testing.T) {
			s := start(t, spec, nil)
			forker := s.forker(0)
			for _, c := range s.connect(4) {
				if err := c.send("/wait/5s"); err != nil {
					t.Fatal(err)
				}
			}
			pids := append(s.workers(), forker, s.Pid())
			if err := s.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			gone := s.allGone(pids)
			if left := s.processes(); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			t.Logf("%d processes gone after %v", len(pids), gone)
		})
	}
}

// clientName is a process that holds connections until it is killed.
const clientName = "c10kit-test-client"

func init() {
	reexec.Register(clientName, func() {
		var held []*client // or they would be collected, and closed
		for range 8 {
			c, err := dialTo(os.Args[1])
			if err == nil {
				err = c.get("/plaintext")
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			held = append(held, c)
		}
		time.Sleep(time.Minute)
		runtime.KeepAlive(held)
	})
}

// The client dies: no child of its connections stays.
func TestKillClient(t *testing.T) {
	for _, spec := range specs[1:] {
		t.Run(spec, func(t *testing.T) {
			s := start(t, spec, nil)
			cmd := reexec.Command(clientName, s.Addr())
			cmd.Stderr = os.Stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = cmd.Wait() }()
			defer func() { _ = cmd.Process.Kill() }()
			s.within(patience, "8 connections", func() bool { return s.Board.Total().Requests == 8 && len(s.workers()) == 8 })
			s.clean(spec)
			kill(t, cmd.Process.Pid)
			took := s.within(soon, "no child", func() bool {
				return len(s.workers()) == 0 && len(s.live(s.forker(0))) == 0 && s.Board.Total().Open() == 0
			})
			t.Logf("8 children gone after %v", took)
			s.stop()
		})
	}
}

// clean looks at what a worker has of the forker's descriptors.
func (s *tree) clean(spec string) {
	s.t.Helper()
	own := descriptors(os.Getpid()) // what this test was started with, everybody inherits
	for _, pid := range s.workers() {
		sockets := 0
		for _, d := range descriptors(pid) {
			fd, to, _ := strings.Cut(d, " ")
			switch {
			case strings.HasPrefix(to, "socket:"):
				sockets++
			case strings.HasPrefix(to, "pipe:") && fd != "2" && !slices.Contains(own, d):
				s.t.Errorf("%s: a worker has the pipe %s", spec, d)
			}
		}
		if sockets != 1 {
			s.t.Errorf("%s: a worker has %d sockets, want its connection: %v", spec, sockets, descriptors(pid))
		}
	}
}

// Each of them dies while children are forked for new connections as fast as it
// goes: no orphan, no zombie, no descriptor and no board are left.
func TestKillWhileForking(t *testing.T) { killWhileForking(t, 3) }

// TestProofKillWhileForking does it 40 times on each.
func TestProofKillWhileForking(t *testing.T) {
	if os.Getenv("C10KIT_PROOFS") == "" {
		t.Skip("40 times on each takes a minute: set C10KIT_PROOFS=1 (make proofs)")
	}
	killWhileForking(t, 40)
}

func killWhileForking(t *testing.T, rounds int) {
	for _, spec := range specs[1:] {
		t.Run(spec, func(t *testing.T) {
			for round := range rounds {
				s := start(t, spec, nil)
				forker := s.forker(0)
				stop := s.busy(4, "/plaintext", true)
				s.within(patience, "forks", func() bool { return s.Board.Total().Connections > 20 })
				fds := len(descriptors(s.Pid()))
				time.Sleep(time.Duration(round*1700) * time.Microsecond)
				if round%3 != 2 { // forker
					kill(t, forker)
					now := s.forker(forker)
					before := s.Board.Total().Requests
					s.within(patience, "requests after a new forker", func() bool { return s.Board.Total().Requests > before })
					stop()
					s.within(soon, "nothing but the forker", func() bool {
						return len(s.workers()) == 0 && len(s.live(now)) == 0 && s.Board.Total().Open() == 0
					})
					if n := len(descriptors(s.Pid())); n != fds {
						t.Errorf("the supervisor has %d descriptors, had %d: %v", n, fds, descriptors(s.Pid()))
					}
					s.stop()
				} else {
					if err := s.Signal(syscall.SIGKILL); err != nil {
						t.Fatal(err)
					}
					s.within(soon, "no process of the tree", func() bool { return len(s.processes()) == 0 })
					stop()
					s.ended = true
					_ = s.Kill()
				}
			}
			for _, d := range descriptors(os.Getpid()) {
				if strings.Contains(d, board.Name) {
					t.Errorf("a board is left open: %s", d)
				}
			}
		})
	}
}

// A worker that has answered its share is replaced between two connections, and
// that is no death.
func TestWorn(t *testing.T) {
	const share, requests = 5, 100
	s := start(t, "prefork:accept", func(c *models.Config) { c.MaxRequestsPerWorker = share })
	forker := s.forker(0)
	c := s.connect(1)[0]
	for range 2 * share { // within a connection it goes on
		if err := c.get("/plaintext"); err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
	var clients sync.WaitGroup
	for range 2 {
		clients.Go(func() {
			for i := range requests / 2 {
				c, err := s.dial()
				if err == nil {
					err = c.get("/plaintext")
					c.Close()
				}
				if err != nil {
					t.Errorf("request %d: %v", i, err)
					return
				}
			}
		})
	}
	clients.Wait()
	s.within(soon, "a full pool", func() bool { return len(s.live(forker)) == 4 && s.Board.Total().Open() == 0 })
	b := s.Board.Total()
	if b.Requests != 1+2*share+requests || b.Errors != 0 {
		t.Errorf("the board says %+v, want %d requests and no error", b, 1+2*share+requests)
	}
	// Each but the one of the long connection answered exactly its share.
	if want := uint64(1 + requests/share); b.Ended > want || b.Ended < want-4 {
		t.Errorf("%d workers have ended, want %d, or up to 4 fewer that have not answered theirs", b.Ended, want)
	}
	if said := s.said(); strings.Contains(said, "ended by") {
		t.Errorf("a worn worker is taken for a dead one: %s", said)
	}
}

// A pool that is full waits for the death of a worker and for nothing else: nobody's
// clock wakes its forker, which the board counts as a worker.
func TestForkerSleeps(t *testing.T) {
	s := start(t, "prefork:accept", nil)
	forker := s.forker(0)
	s.connect(s.config.Workers) // so all are forked
	s.within(patience, "a forker that sleeps", func() bool { return stateOf(forker) == 'S' })
	before, _ := switchesOf(t, forker)
	time.Sleep(400 * time.Millisecond)
	if after, _ := switchesOf(t, forker); after != before {
		t.Errorf("the forker was switched %d times in 400 ms of nothing to do", after-before)
	}
	s.stop()
}

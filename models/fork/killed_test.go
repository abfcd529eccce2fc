package fork_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/c10kit/c10kit/models/board"
)

// switchesOf returns the context switches of the leader of a process and those of its
// other threads, of both kinds.
func switchesOf(t *testing.T, pid int) (leader, others uint64) {
	t.Helper()
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(line, ":")
			if !strings.HasSuffix(key, "voluntary_ctxt_switches") {
				continue
			}
			n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Base(filepath.Dir(f)) == fmt.Sprint(pid) {
				leader += n
			} else {
				others += n
			}
		}
	}
	return leader, others
}

// A process of several threads that is killed, a forker or a re-executed worker: what its
// worker's thread did is the workers', and what the others did is not.
func TestKilledSwitches(t *testing.T) {
	for _, tc := range []struct {
		spec   string
		victim func(s *tree) int
	}{
		{"ppc:fork", func(s *tree) int { return s.forker(0) }},
		{"ppc:exec", func(s *tree) int { return s.live(s.forker(0))[0] }},
	} {
		t.Run(tc.spec, func(t *testing.T) {
			s := start(t, tc.spec, nil)
			c := s.connect(1)[0]
			for range 300 { // its threads have something to do
				if err := c.get("/plaintext"); err != nil {
					t.Fatal(err)
				}
			}
			if tc.spec == "ppc:fork" {
				for range 50 {
					s.connect(1)[0].Close()
				}
				s.within(patience, "50 workers reaped", func() bool { return s.Board.Total().Ended == 50 })
			}
			victim := tc.victim(s)
			before := s.Board.Switches()
			leader, others := switchesOf(t, victim)
			if tc.spec == "ppc:fork" { // its one worker, which may be a program, dies with it
				l, o := switchesOf(t, s.live(victim)[0])
				leader, others = leader+l, others+o
			}
			if others == 0 {
				t.Fatal("its other threads have not done anything")
			}
			kill(t, victim)
			s.within(soon, "its account", func() bool { return s.Board.Switches() != before })
			s.within(soon, "no seat of its", func() bool {
				for i := range s.Board.Slots() {
					if slot := s.Board.Slot(i); slot.State() != board.Free && slot.Pid() == victim {
						return false
					}
				}
				return true
			})
			now := s.Board.Switches()
			// The ends of the threads, and what they did until the signal came.
			const slack = 100
			workers := now.Voluntary + now.Involuntary - before.Voluntary - before.Involuntary
			rest := now.Rest - before.Rest
			t.Logf("leader %d, others %d; booked %d and %d", leader, others, workers, rest)
			if workers > leader+slack || rest < others || rest > others+slack || now.Uncertain != 0 {
				t.Errorf("the leader had %d switches, the others %d; booked are %d and %d, uncertain %d", leader, others, workers, rest, now.Uncertain)
			}
			c.Close()
			if tc.spec == "ppc:fork" {
				s.forker(victim) // its successor: a drain before that tells of the death
			}
			s.stop()
		})
	}
}

package probe

import (
	"testing"
	"time"

	"github.com/c10kit/c10kit/internal/sys"
)

// TestCPURecorded: the sum of all processes and of the children they waited for.
func TestCPURecorded(t *testing.T) {
	p := recorded(t, "children")
	c, err := p.cpu(p.reader(), mustTree(t, p, 100), nil)
	want := CPU{(5 + 100 + 10 + 30 + 1) * sys.Tick, (7 + 50 + 20 + 40 + 1) * sys.Tick}
	if err != nil || c.CPU != want || c.childFaults != 3 {
		t.Errorf("%+v, %v; want %+v and 3 faults", c, err, want)
	}
	// A board knows what its workers used, to the microsecond; ticks only cut off.
	for _, tc := range []struct{ board, want time.Duration }{{1504 * time.Millisecond, 1504 * time.Millisecond}, {time.Second, 1500 * time.Millisecond}} {
		w := &boardCPU{user: tc.board}
		c, err := p.cpu(p.reader(), mustTree(t, p, 100), w)
		if all := want.Total() - 1500*time.Millisecond + tc.want; err != nil || c.Total() != all {
			t.Errorf("with a board that says %v: %v, %v; want %v", tc.board, c.Total(), err, all)
		}
	}
}

type boardCPU struct {
	seats
	user time.Duration
}

func (b *boardCPU) CPU() (user, system time.Duration) { return b.user, 0 }

// TestCPUOfChildren: a child that is there at one edge and waited for at the next is
// counted once; one that comes and goes in between, too; and one whose own parent
// ended, which the root of the tree has waited for.
func TestCPUOfChildren(t *testing.T) {
	const most = 20 * time.Millisecond // two ticks are cut off
	for _, sign := range []string{"", "-"} {
		p := start(t, nil, "parent")
		s := newServer(t, Proc{}, p.pid(), nil)
		none := edge(t, s)
		p.tell(sign + "120")
		there := edge(t, s)
		told := p.tell("0")
		gone := edge(t, s)
		used := time.Duration(told[0]) * time.Microsecond
		if used < 120*time.Millisecond || there.Procs != 2 || gone.Procs != 1 {
			t.Fatalf("children used %v, %d processes and then %d", used, there.Procs, gone.Procs)
		}
		own := gone.cpuOf(t, none) - used // and what the parent itself did
		if own < -most || own > 200*time.Millisecond {
			t.Errorf("%s: %v in the whole window, of which children %v", sign, own+used, used)
		}
		if first := there.cpuOf(t, none); first < 120*time.Millisecond {
			t.Errorf("%s: %v while the child is there", sign, first)
		}
		if second := gone.cpuOf(t, there); second > 60*time.Millisecond {
			t.Errorf("%s: %v in the window in which the child only ended: it is counted twice", sign, second)
		}
		if w := gone.Sub(none); !w.Switches.Unseen {
			t.Errorf("%s: nothing tells that the switches of children were not seen: %+v", sign, w.Switches)
		}
		if w := there.Sub(none); sign == "" && w.Switches.Unseen {
			t.Errorf("%s: no child has ended, and some are said to be missing: %+v", sign, w.Switches)
		}
	}
}

func (e *Reading) cpuOf(t *testing.T, first *Reading) time.Duration {
	t.Helper()
	w := e.Sub(first)
	if w.CPUErr != nil {
		t.Fatal(w.CPUErr)
	}
	return w.CPU.Total()
}

// TestCPUNeverBack: time does not go back, whatever the division says.
func TestCPUNeverBack(t *testing.T) {
	const ms = time.Millisecond
	for _, tc := range []struct{ now, first, want CPU }{
		{CPU{5 * ms, 5 * ms}, CPU{2 * ms, 1 * ms}, CPU{3 * ms, 4 * ms}},
		{CPU{5 * ms, 9 * ms}, CPU{6 * ms, 1 * ms}, CPU{0, 7 * ms}},
		{CPU{9 * ms, 1 * ms}, CPU{1 * ms, 6 * ms}, CPU{3 * ms, 0}},
		{CPU{1 * ms, 1 * ms}, CPU{2 * ms, 1 * ms}, CPU{}},
	} {
		if got := tc.now.sub(tc.first); got != tc.want {
			t.Errorf("%v - %v = %v, want %v", tc.now, tc.first, got, tc.want)
		}
	}
}

// TestOverlooked: a process that is older than the first reading, which had it not, adds
// nothing of its life; one that is not, all of it.
func TestOverlooked(t *testing.T) {
	const ms = time.Millisecond
	first := cpuReading{CPU: CPU{100 * ms, 0}, processes: map[int]processCPU{1: {5, CPU{100 * ms, 0}}}}
	now := cpuReading{CPU: CPU{1160 * ms, 0}, processes: map[int]processCPU{
		1: {5, CPU{130 * ms, 0}}, 2: {18, CPU{1000 * ms, 0}}, 3: {19, CPU{30 * ms, 0}},
	}}
	if got := now.since(first, 20); got.Total() != 60*ms {
		t.Errorf("%v, want 30ms of one that was there and 30ms of a new one", got)
	}
	if got := now.since(first, 0); got.Total() != 1060*ms {
		t.Errorf("%v of a recorded tree, want all that is new", got)
	}
	// The two clocks are one: a process begins between two looks at it.
	before := Proc{}.ticks()
	p := start(t, nil, "sleeper")
	after := Proc{}.ticks()
	if s := newServer(t, Proc{}, p.pid(), nil).Process().Start; before == 0 || s+1 < before || s > after {
		t.Errorf("it began at tick %d, after %d and before %d", s, before, after)
	}
}

// TestDelay: what threads wait for a processor, in a recorded tree and here, where
// more threads burn than there are processors.
func TestDelay(t *testing.T) {
	p := recorded(t, "children")
	d := delays{}
	err := p.reader().delays(mustTree(t, p, 100), d)
	if err != nil || len(d) != 6 || d[100].delay != time.Millisecond || d[103].delay != 7 {
		t.Errorf("%v, %v", d, err)
	}
	first := delays{100: {pid: 100, delay: 400_000}, 102: {pid: 102, delay: 50}, 7: {pid: 7, delay: 1000}}
	// 100 goes on, 105 is new, 102 has had more before: another thread, 101 and so on whole.
	got := time.Duration(0)
	for _, one := range d.since(first, time.Hour) {
		got += one.Delay
	}
	if want := time.Duration(600_000 + 2000 + 30 + 40 + 2 + 7); got != want {
		t.Errorf("%v since, want %v", got, want)
	}
	if err := p.reader().delays(Tree{{PID: 999}}, d); err != nil {
		t.Errorf("a process that has gone: %v", err)
	}
}

package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/c10kit/c10kit/internal/race"
)

// simulate runs a planner for n ticks over sources of the given true costs.
func simulate(p *planner, costs []time.Duration, n int) (spent time.Duration) {
	for tick := range n {
		now := time.Duration(tick) * p.interval
		for _, i := range p.due(now, spent) {
			p.read(i, now, costs[i])
			spent += costs[i]
		}
		p.tick(0)
	}
	return spent
}

// TestPlanner: whatever sources cost, if guessed right they stay within the budget,
// each is read again and again, and one that fits is read at every tick.
func TestPlanner(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &planner{interval: Interval, share: Share}
		var costs []time.Duration
		for range rapid.IntRange(1, 6).Draw(t, "sources") {
			c := time.Duration(rapid.Int64Range(1, int64(50*time.Millisecond)).Draw(t, "cost"))
			if rapid.Bool().Draw(t, "cheap") {
				c = c%(100*time.Microsecond) + 1
			}
			costs = append(costs, c)
			weight := rapid.SampledFrom([]float64{0, 1, 4}).Draw(t, "weight")
			p.sources = append(p.sources, plan{cost: c, weight: weight})
		}
		parts := 0.0
		for i := range p.sources {
			parts += p.sources[i].parts()
		}
		const ticks = 2000
		spent := simulate(p, costs, ticks)
		if allowed := time.Duration(Share * ticks * float64(Interval)); spent > allowed {
			t.Fatalf("%v of %v: %v", spent, allowed, costs)
		}
		for i, s := range p.sources {
			part := time.Duration(Share * margin * float64(Interval) * s.parts() / parts)
			if s.reads == 0 {
				t.Fatalf("source %d of %v is never read", i, costs)
			}
			if costs[i] < part && s.reads != ticks {
				t.Fatalf("source %d of %v is cheap and read %d times in %d ticks", i, costs, s.reads, ticks)
			}
			if want := int(ticks * part / max(costs[i], part)); s.reads < want*3/4-2 {
				t.Fatalf("source %d of %v is read %d times, its part allows %d", i, costs, s.reads, want)
			}
		}
	})
}

// TestPlannerRhythm: a source that costs a little more than its part of a tick is not read
// at every tick, which would be at the cost of the others.
func TestPlannerRhythm(t *testing.T) {
	costs := []time.Duration{958963, 957661} // the parts are 225 and 900 µs
	p := &planner{interval: Interval, share: Share, sources: []plan{{cost: costs[0]}, {cost: costs[1], weight: 4}}}
	const ticks = 2000
	simulate(p, costs, ticks)
	for i, want := range []int{ticks * 225 / 959, ticks * 900 / 958} {
		if reads := p.sources[i].reads; reads < want-want/50 || reads > want+want/50 {
			t.Errorf("source %d is read %d times in %d ticks, want %d", i, reads, ticks, want)
		}
	}
}

// A source that turns out to be dear costs its first read, and that is paid back.
func TestPlannerLearns(t *testing.T) {
	p := &planner{interval: Interval, share: Share, sources: []plan{{}, {}}}
	const ticks = 400
	spent := simulate(p, []time.Duration{10 * time.Microsecond, 30 * time.Millisecond}, ticks)
	if allowed := time.Duration(Share * ticks * float64(Interval)); spent > allowed {
		t.Errorf("%v of %v", spent, allowed)
	}
	if p.sources[0].reads != ticks {
		t.Errorf("the cheap one is read %d times of %d: it waits for the dear", p.sources[0].reads, ticks)
	}
	if p.sources[1].reads < 10 {
		t.Errorf("the dear one is read %d times", p.sources[1].reads)
	}
	if got := learn(8, 40); got != 40 {
		t.Errorf("an estimate of 8 that proves to be 40 becomes %d", got)
	}
	if got := learn(40, 8); got != 32 {
		t.Errorf("an estimate of 40 that proves to be 8 becomes %d", got)
	}
}

// TestSampler: samples carry what was read and what failed, and nothing else.
func TestSampler(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	bad := errors.New("not today")
	n := 0.0
	s := Sampler{Interval: 5 * time.Millisecond, Share: 0.5, Sources: []Source{
		{Name: "good", Read: func(into Values) error { n++; into["n"] = n; return nil }},
		{Name: "bad", Read: func(into Values) error { into["half"] = 1; return bad }},
		{Name: "dear", Cost: time.Hour, Read: func(Values) error { t.Error("read over budget"); return nil }},
	}}
	var samples []Sample
	cost, err := s.Run(ctx, func(x Sample) {
		if samples = append(samples, x); len(samples) == 10 {
			cancel()
		}
	})
	if err != nil || len(samples) < 10 || cost.Sources["good"].Reads != len(samples) || cost.CPU <= 0 || cost.Elapsed < 20*time.Millisecond {
		t.Errorf("%d samples, %+v, %v", len(samples), cost, err)
	}
	for i, x := range samples {
		if len(x.Values) != 2 || x.Values["n"] != float64(i+1) || x.Values["half"] != 1 || len(x.Errors) != 1 || x.Errors["bad"] != bad {
			t.Errorf("sample %d: %+v", i, x)
		}
	}
}

// TestBudget: a live series of a server of 1,000 threads costs the prober no more
// than half a percent of a processor, by its own clock, dear sources of a caller
// included. The round of all threads goes on meanwhile, some at each tick.
//
// A read is begun if it fits by what the ones before it cost, so where other tests pull the
// processor's caches away it may end over the budget: once, and it is planned for from then
// on. Where they make everything three times as dear, the budget has no room for the
// dearest in five seconds. Three times in a row is no accident.
func TestBudget(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes one reading of 1,000 threads dearer than the budget of three seconds")
	}
	crowd := start(t, nil, "threads", "1000")
	const tries = 3
	for try := 1; ; try++ {
		amiss := overBudget(t, crowd)
		if amiss == "" {
			return
		}
		t.Logf("try %d: %s", try, amiss)
		if try == tries {
			t.Fatal(amiss)
		}
	}
}

// overBudget samples a server for five seconds and says what was amiss, "" if nothing.
func overBudget(t *testing.T, crowd *peer) string {
	t.Helper()
	s := newServer(t, Proc{}, crowd.pid(), nil)
	sources := append(s.Sources(),
		Source{Name: "dump", Cost: 3 * time.Millisecond, Read: func(into Values) error { burn(3 * time.Millisecond); into["dump"] = 1; return nil }})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	seen := map[string]int{}
	sampler := Sampler{Sources: sources}
	cost, err := sampler.Run(ctx, func(x Sample) {
		for name := range x.Values {
			seen[name]++
		}
		for name, err := range x.Errors {
			t.Errorf("%s: %v", name, err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.3f%% of a processor; %+v; %v", 100*cost.Share(), cost.Sources, seen)
	switch {
	case cost.Share() > Share:
		return fmt.Sprintf("%.3f%% of a processor, at most %.3f%% is allowed: %+v", 100*cost.Share(), 100*Share, cost.Sources)
	case seen["dump"] == 0 || seen["threads"] < 2 || cost.Sources["switches"].Reads < 3:
		return fmt.Sprintf("too little was read: %v, %+v", seen, cost.Sources)
	}
	return ""
}

// TestSources: a live series tells what the edges tell.
func TestSources(t *testing.T) {
	p := start(t, nil, "sleeper")
	tid := p.tell("0")[0]
	w := &seats{list: []Seat{{Generation: 1, PID: p.pid(), TID: tid}}}
	quiet(t, p.pid(), tid)
	for _, workers := range []Workers{w, nil} {
		s := newServer(t, Proc{}, p.pid(), workers)
		sources := s.Sources()
		round := func() Values {
			v := Values{}
			for range 10 { // parts: the listing, the threads
				for _, source := range sources {
					if err := source.Read(v); err != nil {
						t.Fatalf("%s: %v", source.Name, err)
					}
				}
			}
			return v
		}
		first := round()
		p.tell("40")
		quiet(t, p.pid(), tid)
		last := round()
		names := []string{}
		for name := range last {
			names = append(names, name)
		}
		want := []string{"csw-invol", "csw-runtime", "csw-vol", "procs", "threads"}
		if workers == nil {
			want = slices.DeleteFunc(want, func(s string) bool { return s == "csw-runtime" })
		}
		if slices.Sort(names); !slices.Equal(names, want) {
			t.Errorf("the names are %v, want %v", names, want)
		}
		if d := last["csw-vol"] - first["csw-vol"]; d < 40 || workers != nil && d > 42 {
			t.Errorf("%v voluntary switches, want 41", d)
		}
		if last["procs"] != 1 || last["threads"] < 2 {
			t.Errorf("%v", last)
		}
	}
	// The tree is the dearest where there are many threads: the others do not wait for it.
	for _, source := range newServer(t, Proc{}, p.pid(), nil).Sources()[1:] {
		if err := source.Read(Values{}); err != nil {
			t.Errorf("%s before the tree: %v", source.Name, err)
		}
	}
}

// TestSourcesSoon: a series of a server of some threads has its switches from the first
// ticks on, and again as soon as the budget allows.
func TestSourcesSoon(t *testing.T) {
	p := start(t, nil, "threads", "80")
	s := newServer(t, Proc{}, p.pid(), nil)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var with []int
	n := 0
	sampler := Sampler{Sources: s.Sources()}
	cost, err := sampler.Run(ctx, func(x Sample) {
		if _, ok := x.Values["csw-vol"]; ok {
			with = append(with, n)
		}
		if n++; len(with) == 2 {
			cancel()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	switches := cost.Sources["switches"]
	const tick = Share * float64(Interval)
	// The bound grows with what the two readings cost here and now, so that a machine on which
	// they are dear has more ticks for them; three are for the others that want to be read.
	soon := 3 + int(3*float64(switches.CPU)/tick)
	t.Logf("ticks with switches: %v, the second wanted by %d; %v", with, soon, switches)
	if len(with) < 2 || switches.Reads != 2 || with[0] > 2 || with[1] > soon {
		t.Errorf("ticks with switches: %v in %d readings, wanted by the 2nd and by the %dth", with, switches.Reads, soon)
	}
}

// TestSourcesEnd: the server dies in the middle of a round, or between two.
func TestSourcesEnd(t *testing.T) {
	for _, n := range []string{"4", "200"} { // in one go, and in several
		p := start(t, nil, "threads", n)
		s := newServer(t, Proc{}, p.pid(), nil)
		sources := s.Sources()
		read := func(source Source) error {
			v := Values{}
			err := source.Read(v)
			if _, ok := v["csw-vol"]; ok && err == nil {
				t.Logf("%s threads: %v", n, v)
			} else if len(v) > 0 && err != nil {
				t.Errorf("%s threads: %v beside %v", n, v, err)
			}
			return err
		}
		for _, source := range sources { // of 200, the listing
			if err := read(source); err != nil {
				t.Fatal(err)
			}
		}
		p.in.Close()
		if err := p.cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		var err error
		for range 10 { // the tree that was read last stands
			if err = read(sources[1]); err != nil {
				break
			}
		}
		if !errors.Is(err, ErrGone) {
			t.Errorf("%s threads, all gone: %v", n, err)
		}
		for _, source := range sources {
			if err := read(source); !errors.Is(err, ErrGone) {
				t.Errorf("%s of a server that has ended: %v", source.Name, err)
			}
		}
	}
}

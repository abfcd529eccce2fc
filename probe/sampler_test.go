package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
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
			p.sources = append(p.sources, plan{cost: c})
		}
		const ticks = 2000
		spent := simulate(p, costs, ticks)
		if allowed := time.Duration(Share * ticks * float64(Interval)); spent > allowed {
			t.Fatalf("%v of %v: %v", spent, allowed, costs)
		}
		part := time.Duration(Share * margin * float64(Interval) / float64(len(costs)))
		for i, s := range p.sources {
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
func TestBudget(t *testing.T) {
	crowd := start(t, nil, "threads", "1000")
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
	if cost.Share() > Share {
		t.Errorf("%.3f%% of a processor, at most %.3f%% is allowed: %+v", 100*cost.Share(), 100*Share, cost.Sources)
	}
	if seen["dump"] == 0 || seen["user-ns"] < 10 || cost.Sources["switches"].Reads < 3 {
		t.Errorf("%v, %+v", seen, cost.Sources)
	}
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
		want := []string{"csw-invol", "csw-lost", "csw-runtime", "csw-uncertain", "csw-vol", "procs", "sys-ns", "threads", "user-ns"}
		if workers == nil {
			want = slices.DeleteFunc(want, func(s string) bool { return s == "csw-runtime" })
		}
		if slices.Sort(names); !slices.Equal(names, want) {
			t.Errorf("the names are %v, want %v", names, want)
		}
		if d := last["csw-vol"] - first["csw-vol"]; d < 40 || workers != nil && d > 42 {
			t.Errorf("%v voluntary switches, want 41", d)
		}
		if last["procs"] != 1 || last["threads"] < 2 || last["user-ns"]+last["sys-ns"] <= 0 {
			t.Errorf("%v", last)
		}
	}
	s := newServer(t, Proc{}, p.pid(), nil)
	sources := s.Sources()
	for _, source := range sources[1:] {
		if err := source.Read(Values{}); err == nil || fmt.Sprint(err) != "the tree has not been read yet" {
			t.Errorf("%s before the tree: %v", source.Name, err)
		}
	}
}

package probe

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCame: what ended threads used, from clocks and threads that are read one after
// another while all goes on.
func TestCame(t *testing.T) {
	const ms = time.Millisecond
	at := func(before, after time.Duration, ran ...time.Duration) *Reading {
		e := &Reading{clocks: clocks{7: {start: 1, before: before, after: after}}, delays: delays{}}
		for i, ran := range ran {
			e.delays[70+i] = threadDelay{pid: 7, ran: ran}
		}
		return e
	}
	for name, tc := range map[string]struct {
		first, second *Reading
		want          time.Duration
	}{
		"threads that stay, and run while they are read": {at(20*ms, 22*ms, 10*ms, 12*ms), at(50*ms, 52*ms, 30*ms, 21*ms), 0},
		"one new, that is there":                         {at(20*ms, 20*ms, 20*ms), at(50*ms, 50*ms, 30*ms, 20*ms), 0},
		"some came and went":                             {at(20*ms, 20*ms, 20*ms), at(50*ms, 51*ms, 25*ms), 25 * ms},
		"before the window, too":                         {at(90*ms, 90*ms, 20*ms), at(120*ms, 120*ms, 25*ms), 25 * ms},
		"one that was there has ended":                   {at(20*ms, 20*ms, 10*ms, 10*ms), at(50*ms, 50*ms, 11*ms), 29 * ms},
		"its thread number used again":                   {at(20*ms, 20*ms, 10*ms, 10*ms), at(50*ms, 50*ms, 15*ms, 5*ms), 20 * ms},
		"a process that began in the window":             {&Reading{}, at(50*ms, 50*ms, 11*ms), 39 * ms},
	} {
		if got := tc.second.came(tc.first); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

// TestUnseenThreads: threads that come and go between two edges are told, with the CPU
// time that they used; those that stay never are, busy as they may be.
func TestUnseenThreads(t *testing.T) {
	p := start(t, nil, "short-lived")
	s := newServer(t, Proc{}, p.pid(), nil)
	first := edge(t, s)
	p.tell("8")
	w := edge(t, s).Sub(first)
	// 8 of a millisecond each, and what it takes to make them.
	if got := switchesOf(t, w); !got.Unseen || got.UnseenCPU < 0.5 || got.UnseenCPU > 1 {
		t.Errorf("%+v of %v", got, w.CPU)
	}
	if notes := w.Switches.Notes(); len(notes) == 0 || !strings.Contains(notes[0], "came and went") {
		t.Errorf("it says %q", notes)
	}
	for range 10 {
		first := edge(t, s)
		p.tell("-3")
		w := edge(t, s).Sub(first)
		if got := switchesOf(t, w); got.Unseen || got.Notes() != nil || w.CPU.Total() < 3*time.Millisecond {
			t.Errorf("%+v of %v, when no thread has ended", got, w.CPU)
		}
	}
	p.in.Close()
}

// TestNotes: each thing that is missing is said once.
func TestNotes(t *testing.T) {
	const processes = "processes of the server ended in the window: their context switches are missing where no edge saw them"
	for _, tc := range []struct {
		s    Switches
		want []string
	}{
		{Switches{Voluntary: 3, Uncertain: 2}, nil},
		{Switches{Unseen: true}, []string{processes}},
		{Switches{Unseen: true, UnseenCPU: 0.617, Lost: 2}, []string{
			"threads that used 62% of the server's CPU time or more came and went in the window: their context switches are missing",
			"2 threads of the server ended in the window, or were overlooked at its beginning: of their context switches some are missing",
		}},
		{Switches{Unasked: 7}, []string{
			"7 workers ended in the window as threads: what a thread does on its way out is missing, about a quarter of a voluntary switch of each",
		}},
	} {
		if got := tc.s.Notes(); !slices.Equal(got, tc.want) {
			t.Errorf("%+v: %q, want %q", tc.s, got, tc.want)
		}
	}
}

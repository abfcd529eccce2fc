package main

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/c10kit/c10kit/dashboard"
	"github.com/c10kit/c10kit/results"
)

// gated is a run that measures nothing: only what lets its cells through is tested.
func gated(t *testing.T) (r *liveRun, cell func(round int) results.Cell) {
	t.Helper()
	base := results.Cell{
		Model: "iterative", App: "http", Path: "/plaintext", Conns: 1, Workers: 1, Mode: results.ModeKeepAlive,
		Closer: results.CloserClient, Pipeline: 1, Placement: results.PlacementSplit,
	}
	folder, err := results.Create(t.TempDir(), "gated", results.Manifest{Cells: []results.Cell{base.Identify()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close(false) })
	return &liveRun{folder: folder, feed: dashboard.NewFeed()}, func(round int) results.Cell {
		c := base
		c.Round = round
		return c.Identify()
	}
}

// next leaves out what is left of the round of the latest cell, and the folder says so.
func TestLeaveOutRound(t *testing.T) {
	r, cell := gated(t)
	var got []bool
	admit := func(round int) { got = append(got, r.before(t.Context(), cell(round))) }
	r.next() // nothing is measured yet: nothing to leave out
	admit(1)
	r.next()
	admit(1)
	admit(1)
	r.next() // again, before round 2: no more than once
	admit(2)
	admit(2)
	r.next()
	admit(2)
	admit(3)
	if want := []bool{true, false, false, true, true, false, true}; !slices.Equal(got, want) {
		t.Errorf("measured: %v, want %v", got, want)
	}
	stored, err := results.Open(r.folder.Dir())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"what was left of round 1 was left out on request", "what was left of round 2 was left out on request"}
	if !slices.Equal(stored.Manifest.Warnings, want) {
		t.Errorf("the folder says %q, want %q", stored.Manifest.Warnings, want)
	}
}

// A pause holds the next cell until it ends; next, meanwhile, is about the round that was
// seen; the end of the run ends the pause.
func TestPauseHoldsTheNextCell(t *testing.T) {
	r, cell := gated(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		answers := make(chan bool, 1)
		ask := func(round int) {
			go func() { answers <- r.before(ctx, cell(round)) }()
			synctest.Wait()
		}
		want := func(what string, answered, measured bool) {
			t.Helper()
			synctest.Wait()
			select {
			case got := <-answers:
				if !answered || got != measured {
					t.Errorf("%s: answered %v, want an answer: %v, %v", what, got, answered, measured)
				}
			default:
				if answered {
					t.Errorf("%s: no answer", what)
				}
			}
		}
		ask(1)
		want("no pause", true, true)
		held := func(want bool) {
			t.Helper()
			if r.holds() != want {
				t.Errorf("held: %v, want %v", !want, want)
			}
		}
		r.pause(true)
		r.pause(true)
		held(false) // the cell that was let through is still measured
		ask(1)
		want("in a pause", false, false)
		held(true)
		r.next()
		r.pause(false)
		held(false)
		r.pause(false)
		want("the rest of round 1 was left out in the pause", true, false)
		r.pause(true)
		ask(2)
		r.next() // round 2 is not begun
		r.pause(false)
		want("round 2", true, true)
		r.pause(true)
		ask(2)
		want("in another pause", false, false)
		cancel()
		want("stopped in a pause", true, true) // bench.Plan.Run looks at the context then
	})
}

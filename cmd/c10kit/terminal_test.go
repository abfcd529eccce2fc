package main

import (
	"bytes"
	"testing"

	"github.com/c10kit/c10kit/results"
)

// A cell has a line when it is done: no rate is that of a window that never opened, which
// is another thing than one in which nothing was answered.
func TestProgressLines(t *testing.T) {
	cell := results.Cell{Model: "iterative", Mode: results.ModeClose, Conns: 4, Round: 2}
	for _, tt := range []struct {
		name   string
		values map[results.Metric]float64
		want   string
	}{
		{"rate", map[results.Metric]float64{results.ReqPerSec: 12345}, "12.3k req/s"},
		{"nothing answered", map[results.Metric]float64{results.ReqPerSec: 0}, "0 req/s"},
		{"interrupted before the window", nil, "cut short"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			newProgress(&out).event(results.Event{
				Kind: results.EventResult, Cell: cell, Done: 3, Total: 8, Result: &results.Result{Cell: cell, Values: tt.values},
			})
			if want := "[3/8] round 2  iterative  close  4 conns  " + tt.want + "\n"; out.String() != want {
				t.Errorf("it says %q, want %q", out.String(), want)
			}
		})
	}
}

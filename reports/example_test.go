package reports_test

import (
	"fmt"

	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
)

// Three rounds of a cell become one row.
func ExampleSummarise() {
	var rounds []results.Result
	for i, rate := range []float64{55_000, 53_100, 54_300} {
		r := results.Result{Cell: results.Cell{Model: "prefork", Variant: "flock", Round: i + 1}}
		r.Set(results.ReqPerSec, rate)
		rounds = append(rounds, r)
	}
	for _, row := range reports.Summarise(rounds) {
		s := row.Stats[results.ReqPerSec]
		f := results.ReqPerSec.Format
		fmt.Printf("%s: %s req/s [%s–%s] over %d rounds\n", row.Spec(), f(s.Median), f(s.Q1), f(s.Q3), s.N)
	}
	// Output: prefork:flock: 54.3k req/s [53.1k–55.0k] over 3 rounds
}

// Of three rounds the one that is neither the fairest nor the least fair.
func ExampleRow_TypicalShares() {
	var rounds []results.Result
	for i, conns := range [][]uint64{{2038, 1968}, {9, 3991}, {2001, 1999}} {
		cell := results.Cell{Model: "hybrid", Variant: "reuseport", Workers: 2, Round: i + 1}
		rounds = append(rounds, results.Result{Cell: cell, PerWorker: conns})
	}
	row := reports.Summarise(rounds)[0]
	if shares, ok := row.TypicalShares(); ok {
		fmt.Printf("round %d: %v\n", shares.Round, shares)
	}
	// Output: round 1: 2 workers had 2038 and 1968 connections
}

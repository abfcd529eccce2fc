package results_test

import (
	"fmt"
	"log"
	"os"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/c10kit/c10kit/results"
)

// A run of one cell, written and read back.
func Example() {
	dir, err := os.MkdirTemp("", "runs")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	cell := results.Cell{
		Model: "reactor", Variant: "epoll", App: "http", Path: "/plaintext", Conns: 64, Workers: 1,
		Mode: results.ModeKeepAlive, Closer: results.CloserServer, Pipeline: 1,
		Placement: results.PlacementSplit, Round: 1,
	}.Identify()
	run, err := results.Create(dir, "example", results.Manifest{Cells: []results.Cell{cell}})
	if err != nil {
		log.Fatal(err)
	}
	defer run.Close(true) // does nothing after the Close below

	latencies := hdrhistogram.New(1000, 60e9, 3) // nanoseconds: 1 µs to 1 min
	if err := latencies.RecordValues(913_000, 67_120); err != nil {
		log.Fatal(err)
	}
	end := time.Now()
	if err := run.Latency(cell.ID, results.Total, end.Add(-time.Second), end, latencies); err != nil {
		log.Fatal(err)
	}

	r := results.Result{Cell: cell, Requests: 67_120}
	r.Verdict = results.Verdict{Name: results.VerdictServerCPU, Evidence: "served processes used 0.99 of 1 CPU"}
	r.Set(results.ReqPerSec, 67_120)
	r.Set(results.P50, float64(latencies.ValueAtPercentile(50)))
	r.MissRest("this is an example")
	if err := run.Result(r); err != nil {
		log.Fatal(err)
	}
	if err := run.Close(false); err != nil {
		log.Fatal(err)
	}

	stored, err := results.Open(run.Dir())
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range stored.Results {
		fmt.Println(r.ID)
		fmt.Println(results.ReqPerSec.Format(r.Values[results.ReqPerSec]), "req/s,", results.P50.Format(r.Values[results.P50]))
		fmt.Println("cpu-ns/req:", r.Missing[results.CPUPerReq])
	}
	// Output:
	// reactor:epoll/plaintext/64/keepalive/w1/r1
	// 67.1k req/s, 913 µs
	// cpu-ns/req: this is an example
}

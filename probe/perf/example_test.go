package perf_test

import (
	"fmt"
	"log"
	"time"

	"github.com/c10kit/c10kit/probe/perf"
)

// How often the threads of a server and of its children switched in a second, exactly.
func ExampleNewTrace() {
	const server = 4711
	trace, err := perf.NewTrace(perf.Options{Roots: []int{server}})
	if err != nil {
		log.Fatal(err)
	}
	time.Sleep(time.Second) // the load
	counts, err := trace.Stop()
	if err != nil {
		log.Fatal(err)
	}
	if err := counts.Complete(); err != nil {
		log.Fatal(err)
	}
	for _, t := range counts.Threads {
		fmt.Println(t.Tgid, t.Tid, t.Comm, t.Voluntary, t.Involuntary, t.Started, t.Exited)
	}
	fmt.Println("main threads only:", counts.Sum(func(t perf.Thread) bool { return t.Tid == t.Tgid }))
}

// A live series: all switches of a server four times a second, and as root the voluntary ones.
func ExampleNewCounter() {
	const server = 4711
	counter, err := perf.NewCounter(server, perf.ContextSwitches, perf.VoluntarySwitches)
	if err != nil {
		log.Fatal(err)
	}
	defer counter.Close()
	for range 4 {
		time.Sleep(250 * time.Millisecond)
		totals, err := counter.Read()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(totals[perf.ContextSwitches], totals[perf.VoluntarySwitches])
	}
}

// What this machine allows, and how to allow more.
func ExampleTry() {
	support := perf.Try()
	fmt.Println("counter:", support.Thread)
	fmt.Println("trace:", support.Tracepoint)
}

// Command c10kit serves the same requests in every classic concurrency model,
// loads the servers, and compares them. `c10kit help` tells how; the README has a
// first example.
package main

import (
	"context"
	"os"

	"github.com/moby/sys/reexec"
)

func main() {
	if reexec.Init() { // this process is a server that compare started
		return
	}
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

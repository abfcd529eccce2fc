//go:build race

package modeltest

import "os"

// raceDetector: this binary, and so every server that it starts, has one. Models
// that fork re-execute there, at a second of CPU for each worker.
const raceDetector = true

// memoryFactor: the race detector keeps four shadow words for each that it sees.
const memoryFactor = 5

// quickExit keeps the race detector of the children from sleeping for a second at
// the end of each, in the hope that one more race shows.
func quickExit() error {
	return os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0")
}

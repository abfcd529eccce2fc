//go:build race

package modeltest

import "os"

// memoryFactor: the race detector keeps four shadow words for each that it sees.
const memoryFactor = 5

// quickExit keeps the race detector of the children from sleeping for a second at
// the end of each, in the hope that one more race shows.
func quickExit() error {
	return os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0")
}

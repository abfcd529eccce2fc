package modeltest

import (
	"os"

	"github.com/c10kit/c10kit/internal/race"
)

// memoryFactor: the race detector keeps four shadow words for each that it sees.
var memoryFactor = map[bool]int64{false: 1, true: 5}[race.Enabled]

// quickExit keeps the race detector of the children, if they have one, from sleeping for a
// second at the end of each, in the hope that one more race shows.
func quickExit() error {
	return os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0")
}

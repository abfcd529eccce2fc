//go:build !race

package modeltest

const (
	raceDetector = false
	memoryFactor = 1
)

func quickExit() error { return nil }

package control

import "time"

// SetAskTimeout shortens the patience with a server that does not answer.
func SetAskTimeout(d time.Duration) (restore func()) {
	before := askTimeout
	askTimeout = d
	return func() { askTimeout = before }
}

package conn

import (
	"time"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/stage"
)

// drainSilence is how long a draining server waits for the next byte of a request
// that has begun; then the pipeline is told that its deadline has passed (HTTP: 408).
// Two ticks, so that a blocking worker, which may be in the middle of one when the
// drain begins, gives every client a whole one.
const drainSilence = 2 * models.Tick

// lingerFor is how long a lingering close waits: less in a drain, whose time is
// limited.
func lingerFor(w *stage.Worker) time.Duration {
	if w.Draining() {
		return min(w.Limits.Linger, models.Tick)
	}
	return w.Limits.Linger
}

// publish moves what the pipeline counted to the board. It comes before the
// flush: a client that has its answer finds it on the board.
func publish(c *stage.Conn, s *board.Slot) {
	if c.Begun|c.Ended != 0 {
		s.Add(board.Begun, c.Begun)
		s.Add(board.Requests, c.Ended)
		c.Begun, c.Ended = 0, 0
	}
}

package conn

import (
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/stage"
)

// publish moves what the pipeline counted to the board. It comes before the
// flush: a client that has its answer finds it on the board.
func publish(c *stage.Conn, s *board.Slot) {
	if c.Begun|c.Ended != 0 {
		s.Add(board.Begun, c.Begun)
		s.Add(board.Requests, c.Ended)
		c.Begun, c.Ended = 0, 0
	}
}

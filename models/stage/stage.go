package stage

// Stage is one step of a pipeline. It must not block the thread, except where
// its app documents it (the lab path /block), and must not keep slices of In or
// Out after it returned. It is called by one thread at a time, the connection's
// worker.
type Stage func(*Conn) Next

// Wait is what a blocked stage waits for.
type Wait uint8

// What a stage may wait for. Every Block is also ended by Conn.Deadline, if that
// is not 0: then Conn.Expired is true when the stage runs again.
const (
	// WaitInput: bytes were added to In, or EOF became true.
	WaitInput Wait = 1 + iota
	// WaitRoom: Out is shorter than Worker.OutLimit again.
	WaitRoom
	// WaitTimer: Conn.Deadline has passed (it must be set).
	WaitTimer
	// WaitResource: something outside the connection is ready: Conn.Resource names a
	// descriptor to become readable. Used for requests to a second server.
	WaitResource
	// WaitWorker: the next stage blocks its thread, so a model that multiplexes may
	// hand the connection to another thread first. A blocking model, or one
	// without such a thread, runs it where it is.
	WaitWorker
)

// Next is a stage's answer; make it with Go, Block or Done.
type Next struct {
	stage Stage // nil: done
	wait  Wait  // 0: now
}

// Go continues with s at once, on the same thread.
func Go(s Stage) Next { return Next{stage: s} }

// Block waits for w and then continues with s.
func Block(w Wait, s Stage) Next { return Next{stage: s, wait: w} }

// Done ends the connection after Out has been flushed. With Conn.Linger set, the
// close is a lingering one.
func Done() Next { return Next{} }

// Run runs c's stages until one blocks or is done, and reports what it waits for:
// 0 means done. Called by the model, on the connection's worker, each time what
// the last Run asked for has happened (or Deadline has passed).
func Run(c *Conn) Wait {
	for c.stage != nil {
		n := c.stage(c)
		c.stage = n.stage
		if n.wait != 0 {
			return n.wait
		}
	}
	return 0
}

// Package stage is the staged pipeline that every model runs under: what a
// server does with a connection, cut into stages that never wait and never see
// a descriptor.
//
// A stage is a function over a [Conn]. It reads from Conn.In, writes to
// Conn.Out and answers one of three:
//
//	Go(next)        go on with the next stage now, on this thread, no queue between
//	Block(w, next)  blocked: wait for w (more input, room for output, a timer,
//	                a resource, a worker to take it over), then run next
//	Done()          the connection is finished: flush Out, close
//
// That is a function returning the next state, as in the lexer of text/template,
// with waiting made explicit. The model supplies the waiting: an event loop
// parks the connection, a thread sleeps in read(2). So the same pipeline runs
// unchanged in all of them, and a model differs from its sibling only by how it
// waits and who runs it.
//
//	            +-- Go --+
//	            v        |
//	accept -> stage -----+
//	            +------ Block(WaitInput) -----> Fill, then the next stage
//	            +------ Block(WaitRoom) ------> Flush, then the next stage
//	            +------ Block(WaitTimer) -----> the model's clock
//	            +------ Block(WaitResource) --> the model's poll of a descriptor
//	            +------ Block(WaitWorker) ----> another thread, where there is one
//	            +------ Done -----------------> Flush, (lingering) close
//
// The rejected alternative is a queue between stages (SEDA): each hand-over
// costs two context switches per request, which claim 45 measures.
package stage

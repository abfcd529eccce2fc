// Package poll is the event loop of the models that multiplex: epoll(7) and a
// timer wheel, for one thread. It is exported because an event model of a user's
// own needs it.
//
//	            +--------------------------------------------------+
//	            v                                                  |
//	[again list] -> epoll_pwait(timeout = next timer or 0) -> Ready of each
//	                                                       -> Expired of each due timer
//
// It does not use Go's network poller: there every wait parks a goroutine, so a
// handler would run on whichever thread the scheduler picks, and the context
// switches that c10kit counts would be the scheduler's and not the model's.
package poll

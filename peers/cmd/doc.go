// Package cmd serves by any command line: nginx, httpd, or a server of the user's own,
// started, watched, drained and ended as a model of this program is.
//
//	c10kit serve  'cmd:./my-server --listen {addr}'
//	c10kit compare reactor cmd:nginx cmd:httpd-event
//
// Three layers of processes, of which the first two are c10kit:
//
//	c10kit-server   models.Server: writes {dir}, watches for the listener, drains
//	     |   ^
//	     |   | report: pid, then how the command ended
//	     v   |
//	     lifeline: a byte is a signal to send; its end kills everything
//	     |
//	c10kit-guard    the subreaper: whatever the command leaves behind is its child
//	     |
//	     v   PDEATHSIG
//	command         a process group of its own
//	     |
//	     +--- its workers, their children
//
// The guard exists for kill -9. A master that dies takes none of its workers with it:
// those of nginx and httpd serve on for ever, and PDEATHSIG is not inherited. A pid
// namespace would do, and needs root. So:
//
//   - the command ends, however it does: the guard kills what is left, removes {dir},
//     reports, ends;
//   - the server is killed: the lifeline ends, and the guard kills everything first;
//   - the guard is killed: PDEATHSIG takes the command, the rest becomes the server's
//     children, who kills them, removes {dir}, and gives up.
//
// Only where server and guard are killed in the same moment is something left: workers,
// and a {dir} that the next start removes.
//
// The states of a server:
//
//	starting ---somebody listens---> listening ---Draining---> draining ---> ended
//	    |  \------------------------------Draining----------------^            ^
//	    +--- ended before it listened, or too late: an error ------------------+
//
// Nothing is counted on the board. What the tree of processes uses is for probes to
// read. Guard and server are part of it; while the command serves, both sleep.
package cmd

package rawfork

import (
	"runtime"
	"time"
)

// quieten are the functions of BeforePrepare.
var quieten []func()

// BeforePrepare has f called by Prepare, in a process that is to fork: f ends
// goroutines that a package started at its init, as some libraries do in every process
// that they are linked into. It returns without waiting for them; Prepare waits. Call
// it from an init function. Such a package need not know who forks, nor the other way
// around.
func BeforePrepare(f func()) { quieten = append(quieten, f) }

// quietTime bounds how long goroutines may take to end that were told to.
const quietTime = time.Second

// quiet ends what BeforePrepare knows of and waits until the caller is alone. It
// yields instead of sleeping: a timer may outlive the wait in a process that must not
// have one. If somebody stays, checkAlone says who.
func quiet() {
	if len(quieten) == 0 {
		return
	}
	for _, f := range quieten {
		f()
	}
	for end := time.Now().Add(quietTime); runtime.NumGoroutine() > 1 && time.Now().Before(end); {
		runtime.Gosched()
	}
}

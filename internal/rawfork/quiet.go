package rawfork

import (
	"runtime"
	"time"

	"github.com/c10kit/c10kit/internal/quiet"
)

// quietTime bounds how long goroutines may take to end that were told to.
const quietTime = time.Second

// quieten ends what package quiet knows of and waits until the caller is alone. It
// yields instead of sleeping: a timer may outlive the wait in a process that must not
// have one. If somebody stays, checkAlone says who.
func quieten() {
	quiet.All()
	for end := time.Now().Add(quietTime); runtime.NumGoroutine() > 1 && time.Now().Before(end); {
		runtime.Gosched()
	}
}

package peers

import (
	"net/http"
	"sync/atomic"
	"time"
)

// Clock is the value of Date, made once a second: TechEmpower's rules allow that, and
// net/http and fasthttp do it too.
type Clock struct {
	date atomic.Pointer[[]byte]
	stop chan struct{}
	done chan struct{}
}

// StartClock returns a clock that runs until Stop.
func StartClock() *Clock {
	c := &Clock{stop: make(chan struct{}), done: make(chan struct{})}
	c.set(time.Now())
	go c.run()
	return c
}

// Stop ends the clock. Date goes on to return its last second.
func (c *Clock) Stop() {
	close(c.stop)
	<-c.done
}

// Date returns the current second as Date has it. Safe from any goroutine; nobody may
// write to it.
func (c *Clock) Date() []byte { return *c.date.Load() }

func (c *Clock) set(now time.Time) {
	b := now.UTC().AppendFormat(nil, http.TimeFormat)
	c.date.Store(&b)
}

func (c *Clock) run() {
	defer close(c.done)
	seconds := time.NewTicker(time.Second)
	defer seconds.Stop()
	for {
		select {
		case now := <-seconds.C:
			c.set(now)
		case <-c.stop:
			return
		}
	}
}

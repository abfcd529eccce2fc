package stage

import "time"

// start is the zero of every Clock.Now of the process.
var start = time.Now()

// Clock is a worker's cached time: read once a wake-up, used by all the
// connections that it woke up for.
type Clock struct {
	// Now is the monotonic time in nanoseconds since the process started.
	Now int64

	second int64 // the wall clock is asked again when Now passes this
	date   [29]byte
}

// Update reads the monotonic clock: one vDSO call. time.Since of a time with a
// monotonic reading skips the wall clock, which time.Now would read as well.
func (c *Clock) Update() int64 {
	c.Now = int64(time.Since(start))
	return c.Now
}

// Date returns the current time as an IMF-fixdate (RFC 9110, section 5.6.7),
// formatted at most once a second. The slice is the clock's own.
func (c *Clock) Date() []byte {
	if c.Now >= c.second {
		now := time.Now()
		now.UTC().AppendFormat(c.date[:0], "Mon, 02 Jan 2006 15:04:05 GMT")
		c.second = c.Now + int64(time.Second) - int64(now.Nanosecond())
	}
	return c.date[:]
}

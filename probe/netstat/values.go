package netstat

import (
	"errors"
	"fmt"
	"strings"
)

// Values are the counters of one reading, or, from [Values.Sub], their differences
// over a window. The zero Values has none. It is plain data: copy it, compare it.
type Values struct {
	v     [counters]int64
	have  uint64 // a bit for each counter that was read
	made  bool   // TW counts a TIME_WAIT when it is made
	known string // the kernel's release, as read
}

var _ [64 - counters]struct{} // have has room for all

// Get returns a counter's value, and whether it was read: not ok is that this kernel has no
// such counter, or that its file could not be read.
func (v *Values) Get(c Counter) (value int64, ok bool) {
	if c >= counters || v.have&(1<<c) == 0 {
		return 0, false
	}
	return v.v[c], true
}

func (v *Values) set(c Counter, value int64) {
	v.v[c] = value
	v.have |= 1 << c
}

// Sub returns what happened since the earlier reading of the same namespace. What is
// missing in one of them is missing; so is a counter that went backwards, because
// then the two readings are not of one namespace.
func (v Values) Sub(earlier Values) Values {
	window := Values{made: v.made && earlier.made, known: v.known}
	for c := range counters {
		now, ok := v.Get(c)
		then, had := earlier.Get(c)
		if ok && had && now >= then {
			window.set(c, now-then)
		}
	}
	return window
}

// TimeWaitsCreated returns how many TIME_WAIT sockets were made in a window, on both
// sides of all connections of the namespace, FIN_WAIT2 of closed sockets included:
//
//	d(TW) + d(TWKilled)
//
// which holds since Linux 5.18, where the kernel counts a TIME_WAIT when it is made
// (inet_twsk_schedule), by whether its timeout is above 4 s. The often seen
// d(tw) + d(TW) + d(TWRecycled) + d(TWKilled) counts every one twice there, tried on
// 6.18: 100 closes make d(tw) = d(TW) = 100. On older kernels, which count at the
// end, that sum is no better: a SYN that arrives for a TIME_WAIT, which is how a
// client's port comes round at a server that closes first, ends it in no counter at
// all. For those this returns an error; the load generator's own book of who closed
// first is right on every kernel.
//
// Not counted, because never made, are those beyond net.ipv4.tcp_max_tw_buckets:
// TCPTimeWaitOverflow.
func (v *Values) TimeWaitsCreated() (int64, error) {
	if !v.made {
		return 0, fmt.Errorf("netstat: TIME_WAITs made: Linux %s is older than 5.18 or unknown, and counts them when they end",
			strings.TrimSpace(v.known))
	}
	long, ok := v.Get(TW)
	short, also := v.Get(TWKilled)
	if !ok || !also {
		return 0, errors.New("netstat: TIME_WAITs made: TcpExt.TW or TcpExt.TWKilled is missing")
	}
	return long + short, nil
}

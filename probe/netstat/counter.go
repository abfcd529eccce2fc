package netstat

import "fmt"

// Counter is one number that this package reads. Its String is GROUP.NAME as the
// kernel spells them, and as nstat(8) does without the point.
type Counter uint8

// The counters. All only ever grow.
const (
	ListenOverflows Counter = iota // handshakes refused because the accept queue was full

	// TIME_WAIT; see Values.TimeWaitsCreated.
	TW                  // made, with the usual timeout (ended, before Linux 5.18)
	TWRecycled          // replaced by connect(2) before their time
	TWKilled            // made with a timeout of at most 4 s (ended, before Linux 5.18)
	TCPTimeWaitOverflow // not made: net.ipv4.tcp_max_tw_buckets were there

	OutSegs     // segments sent, without retransmissions
	RetransSegs // segments sent again

	counters // how many there are
)

// source is a file of /proc/net.
type source uint8

const (
	fromNetstat source = iota
	fromSNMP
	sources
)

// paths are relative to a thread's folder of /proc. /proc/net would be a link to
// /proc/self/net: the namespace of this process's main thread, which may be another.
var paths = [sources]string{"net/netstat", "net/snmp"}

// groups are the lines of each file that counters of ours stand on.
var groups = [sources]string{"TcpExt", "Tcp"}

// table says where each counter stands.
var table = [counters]struct {
	from source
	name string
}{
	ListenOverflows:     {fromNetstat, "ListenOverflows"},
	TW:                  {fromNetstat, "TW"},
	TWRecycled:          {fromNetstat, "TWRecycled"},
	TWKilled:            {fromNetstat, "TWKilled"},
	TCPTimeWaitOverflow: {fromNetstat, "TCPTimeWaitOverflow"},
	OutSegs:             {fromSNMP, "OutSegs"},
	RetransSegs:         {fromSNMP, "RetransSegs"},
}

// String returns GROUP.NAME, such as "TcpExt.ListenOverflows".
func (c Counter) String() string {
	if c >= counters {
		return fmt.Sprintf("Counter(%d)", uint8(c))
	}
	return groups[table[c].from] + "." + table[c].name
}

// index finds the counters of each file by their name.
var index = func() (maps [sources]map[string]Counter) {
	for i := range maps {
		maps[i] = map[string]Counter{}
	}
	for c, row := range table {
		maps[row.from][row.name] = Counter(c)
	}
	return maps
}()

package netstat

import "fmt"

// Counter is one number that this package reads. Its String is GROUP.NAME as the
// kernel spells them, and as nstat(8) does without the point.
type Counter uint8

// The counters. Those of TcpExt and Tcp only ever grow; those of sockstat, and
// CurrEstab, are gauges and go up and down.
const (
	// A full accept queue.
	ListenOverflows      Counter = iota // handshakes refused because the accept queue was full
	ListenDrops                         // connection requests dropped for any reason, those included
	TCPReqQFullDrop                     // SYNs dropped because the SYN queue was full
	TCPReqQFullDoCookies                // SYNs answered with a cookie for that reason
	SyncookiesSent
	SyncookiesRecv
	TCPBacklogDrop // segments dropped because a socket's backlog was full

	// Loss.
	TCPSynRetrans     // SYNs and SYN-ACKs sent again
	TCPTimeouts       // retransmission timers that expired
	TCPLostRetransmit // retransmissions that were lost as well
	TCPFastRetrans
	TCPLossProbes

	// TIME_WAIT; see Values.TimeWaitsCreated.
	TW                  // made, with the usual timeout (ended, before Linux 5.18)
	TWRecycled          // replaced by connect(2) before their time
	TWKilled            // made with a timeout of at most 4 s (ended, before Linux 5.18)
	TCPTimeWaitOverflow // not made: net.ipv4.tcp_max_tw_buckets were there

	// Connections cut off.
	TCPAbortOnData    // closed with unread data, which makes a reset
	TCPAbortOnClose   // closed, and data came afterwards
	TCPAbortOnMemory  // out of orphans or socket memory
	TCPAbortOnTimeout // given up by a timer
	TCPAbortOnLinger  // FIN_WAIT2 orphans beyond their lingering time

	// Totals.
	ActiveOpens  // connect(2): SYNs of connections, each once
	PassiveOpens // connections taken by listeners
	AttemptFails // handshakes that failed
	EstabResets  // connections that were reset
	InSegs
	OutSegs     // without retransmissions
	RetransSegs // segments sent again
	InErrs
	OutRsts
	CurrEstab // gauge: connections in ESTABLISHED or CLOSE_WAIT

	// Gauges of sockstat.
	TCPInuse  // sockets in use over IPv4, without TIME_WAIT
	TCPOrphan // sockets that no process holds any more
	TCPTW     // TIME_WAIT of both families, with FIN_WAIT2 of closed sockets
	TCPAlloc
	TCPMem    // pages
	TCP6Inuse // sockets in use over IPv6; missing where the kernel has no IPv6

	counters // how many there are
)

// source is a file of /proc/net.
type source uint8

const (
	fromNetstat source = iota
	fromSNMP
	fromSockstat
	fromSockstat6
	sources
)

// paths are relative to a thread's folder of /proc. /proc/net would be a link to
// /proc/self/net: the namespace of this process's main thread, which may be another.
var paths = [sources]string{"net/netstat", "net/snmp", "net/sockstat", "net/sockstat6"}

// table says where each counter stands, and which are gauges.
var table = [counters]struct {
	from        source
	group, name string
	gauge       bool
}{
	ListenOverflows:      {from: fromNetstat, group: "TcpExt", name: "ListenOverflows"},
	ListenDrops:          {from: fromNetstat, group: "TcpExt", name: "ListenDrops"},
	TCPReqQFullDrop:      {from: fromNetstat, group: "TcpExt", name: "TCPReqQFullDrop"},
	TCPReqQFullDoCookies: {from: fromNetstat, group: "TcpExt", name: "TCPReqQFullDoCookies"},
	SyncookiesSent:       {from: fromNetstat, group: "TcpExt", name: "SyncookiesSent"},
	SyncookiesRecv:       {from: fromNetstat, group: "TcpExt", name: "SyncookiesRecv"},
	TCPBacklogDrop:       {from: fromNetstat, group: "TcpExt", name: "TCPBacklogDrop"},
	TCPSynRetrans:        {from: fromNetstat, group: "TcpExt", name: "TCPSynRetrans"},
	TCPTimeouts:          {from: fromNetstat, group: "TcpExt", name: "TCPTimeouts"},
	TCPLostRetransmit:    {from: fromNetstat, group: "TcpExt", name: "TCPLostRetransmit"},
	TCPFastRetrans:       {from: fromNetstat, group: "TcpExt", name: "TCPFastRetrans"},
	TCPLossProbes:        {from: fromNetstat, group: "TcpExt", name: "TCPLossProbes"},
	TW:                   {from: fromNetstat, group: "TcpExt", name: "TW"},
	TWRecycled:           {from: fromNetstat, group: "TcpExt", name: "TWRecycled"},
	TWKilled:             {from: fromNetstat, group: "TcpExt", name: "TWKilled"},
	TCPTimeWaitOverflow:  {from: fromNetstat, group: "TcpExt", name: "TCPTimeWaitOverflow"},
	TCPAbortOnData:       {from: fromNetstat, group: "TcpExt", name: "TCPAbortOnData"},
	TCPAbortOnClose:      {from: fromNetstat, group: "TcpExt", name: "TCPAbortOnClose"},
	TCPAbortOnMemory:     {from: fromNetstat, group: "TcpExt", name: "TCPAbortOnMemory"},
	TCPAbortOnTimeout:    {from: fromNetstat, group: "TcpExt", name: "TCPAbortOnTimeout"},
	TCPAbortOnLinger:     {from: fromNetstat, group: "TcpExt", name: "TCPAbortOnLinger"},
	ActiveOpens:          {from: fromSNMP, group: "Tcp", name: "ActiveOpens"},
	PassiveOpens:         {from: fromSNMP, group: "Tcp", name: "PassiveOpens"},
	AttemptFails:         {from: fromSNMP, group: "Tcp", name: "AttemptFails"},
	EstabResets:          {from: fromSNMP, group: "Tcp", name: "EstabResets"},
	InSegs:               {from: fromSNMP, group: "Tcp", name: "InSegs"},
	OutSegs:              {from: fromSNMP, group: "Tcp", name: "OutSegs"},
	RetransSegs:          {from: fromSNMP, group: "Tcp", name: "RetransSegs"},
	InErrs:               {from: fromSNMP, group: "Tcp", name: "InErrs"},
	OutRsts:              {from: fromSNMP, group: "Tcp", name: "OutRsts"},
	CurrEstab:            {from: fromSNMP, group: "Tcp", name: "CurrEstab", gauge: true},
	TCPInuse:             {from: fromSockstat, group: "TCP", name: "inuse", gauge: true},
	TCPOrphan:            {from: fromSockstat, group: "TCP", name: "orphan", gauge: true},
	TCPTW:                {from: fromSockstat, group: "TCP", name: "tw", gauge: true},
	TCPAlloc:             {from: fromSockstat, group: "TCP", name: "alloc", gauge: true},
	TCPMem:               {from: fromSockstat, group: "TCP", name: "mem", gauge: true},
	TCP6Inuse:            {from: fromSockstat6, group: "TCP6", name: "inuse", gauge: true},
}

// String returns GROUP.NAME, such as "TcpExt.ListenOverflows".
func (c Counter) String() string {
	if c >= counters {
		return fmt.Sprintf("Counter(%d)", uint8(c))
	}
	return table[c].group + "." + table[c].name
}

// Gauge reports whether the number goes up and down, so that its difference may be
// negative.
func (c Counter) Gauge() bool { return c < counters && table[c].gauge }

// key is a counter's place in a file.
type key struct{ group, name string }

// index finds counters by their place, a map per file.
var index = func() (maps [sources]map[key]Counter) {
	for i := range maps {
		maps[i] = map[key]Counter{}
	}
	for c, row := range table {
		maps[row.from][key{row.group, row.name}] = Counter(c)
	}
	return maps
}()

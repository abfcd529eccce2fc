package probe

import (
	"testing"
	"time"
)

func TestBusiest(t *testing.T) {
	const ms = time.Millisecond
	first := delays{1: {pid: 1, ran: 900 * ms, delay: 5 * ms}, 2: {pid: 1, ran: 10 * ms}, 4: {pid: 4, ran: 400 * ms}}
	last := delays{
		1: {pid: 1, ran: 950 * ms, delay: 5 * ms},  // 50 ms
		2: {pid: 1, ran: 80 * ms, delay: 20 * ms},  // 70 ms
		3: {pid: 1, ran: 60 * ms},                  // a new one
		4: {pid: 9, ran: 65 * ms, delay: 300 * ms}, // a new one of another process
	}
	if got, want := last.busiest(first), (ThreadTime{70 * ms, 20 * ms}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := (delays{}).busiest(first); got != (ThreadTime{}) {
		t.Errorf("of nobody %+v", got)
	}
}

package board

import "testing"

// A worker that died leaves no connection open and no request in flight, and its
// slot to the next.
func TestBury(t *testing.T) {
	b, err := New(2)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	s, err := b.Take(1, 1)
	if err != nil {
		t.Fatal(err)
	}
	s.Add(Connections, 3)
	s.Add(Closed, 2)
	s.Add(Begun, 8)
	s.Add(Requests, 7)
	b.Bury(s)
	want := Counts{Connections: 3, Closed: 3, Begun: 7, Requests: 7, Errors: 1, Ended: 1}
	if got := b.Total(); got != want {
		t.Errorf("the totals are %+v, want %+v", got, want)
	}
	if s.State() != Free {
		t.Errorf("the slot is %v, want free", s.State())
	}
}

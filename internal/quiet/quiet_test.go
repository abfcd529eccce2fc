package quiet

import "testing"

// TestAll: every function is called, each time.
func TestAll(t *testing.T) {
	defer func(before []func()) { functions = before }(functions)
	functions = nil
	var calls [2]int
	Register(func() { calls[0]++ })
	Register(func() { calls[1]++ })
	All()
	All()
	if calls != [2]int{2, 2} {
		t.Errorf("%v calls, want 2 of each", calls)
	}
}

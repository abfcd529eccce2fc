// Package quiet ends what libraries start at their package's init, in every process
// that they are linked into: goroutines with timers, which wake a process some ten
// times a second that has nothing to do with them. A process that forks must have
// none, and one whose context switches are counted should have none that are not the
// model's.
//
// The package that links such a library registers how to end it; whoever wants a quiet
// process calls All. Neither knows the other.
package quiet

var functions []func()

// Register has f called by All. f ends goroutines and returns without waiting for
// them; it may be called more than once. Call Register from an init function.
func Register(f func()) { functions = append(functions, f) }

// All calls every function that is registered.
func All() {
	for _, f := range functions {
		f()
	}
}

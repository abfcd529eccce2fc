package loadgen

// waiter decides whether to look for events by a RawSyscall with timeout 0
// before waiting in a Syscall. The look spares a busy thread the hand-over to
// the scheduler, some 100 ns a wake-up, and costs an idle one a system call of
// a microsecond: it pays if it finds something nine times in ten, so each miss
// is followed by 16 waits without it, doubling as long as misses follow. With
// 1 to 512 connections, always and never looking were at best equal to this in
// CPU per request, and within the noise of two cores (15%) of it.
type waiter struct {
	skip  int // waits left that go straight to the Syscall
	after int // skip after the next miss
}

// mostSkips bounds how long a busy thread that had a quiet moment goes on
// paying for the Syscall.
const mostSkips = 256

// spin reports whether to look first.
func (w *waiter) spin() bool {
	if w.skip > 0 {
		w.skip--
		return false
	}
	return true
}

// found tells how many events the look brought.
func (w *waiter) found(n int) {
	if n > 0 {
		w.after = 0
		return
	}
	w.after = min(max(16, 2*w.after), mostSkips)
	w.skip = w.after
}

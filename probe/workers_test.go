package probe_test

import (
	"sync"
	"syscall"
	"testing"

	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/probe"
)

// TestSeatOfOneUser: who has at B the generation of A and is not ending has added nothing
// at T. On a board of one slot that is a sum: each of its users before leaves two
// switches, so generation 2n+1 finds 2n of them.
func TestSeatOfOneUser(t *testing.T) {
	b, err := board.New(1)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	const users = 100_000
	var user sync.WaitGroup
	user.Go(func() {
		for i := range users {
			s, err := b.Take(1, 1+i)
			if err != nil {
				t.Error(err)
				return
			}
			s.SetState(board.Serving)
			b.Left(s, 0, &syscall.Rusage{Nvcsw: 1})
		}
	})
	w, sure := probe.OnBoard(b), 0
	for w.Ended().Workers < users && !t.Failed() {
		if w.Len() == 0 {
			continue
		}
		first := w.Seat(0)
		ended := w.Ended()
		now := w.Seat(0)
		if !first.Live() || now.Generation != first.Generation || now.Ending {
			continue
		}
		sure++
		if before := uint64(first.Generation - 1); ended.Voluntary != before {
			t.Errorf("generation %d is not ending, and of those before it there are %d switches; want %d", now.Generation, ended.Voluntary, before)
		}
	}
	user.Wait()
	t.Logf("%d of %d users were seen at work", sure, users)
}

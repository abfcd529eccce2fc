package conn_test

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/conn"
	"github.com/c10kit/c10kit/models/stage"
)

func TestOutcomeOf(t *testing.T) {
	for errno, want := range map[unix.Errno]conn.Outcome{
		0:                 conn.Accepted,
		unix.EINVAL:       conn.Drained,
		unix.EAGAIN:       conn.Nothing,
		unix.ECONNABORTED: conn.Gone,
		unix.ENETUNREACH:  conn.Gone,
		unix.EMFILE:       conn.Exhausted,
		unix.ENOTSOCK:     conn.Broken,
		unix.EBADF:        conn.Broken,
	} {
		if got := conn.OutcomeOf(errno); got != want {
			t.Errorf("%v: outcome %d, want %d", errno, got, want)
		}
	}
}

// TestBrokenListener: accepting from what can never be accepted from ends a worker,
// with the reason, instead of trying for ever.
func TestBrokenListener(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	if _, err := write.WriteString("a connection?"); err != nil {
		t.Fatal(err)
	}
	b, err := board.New(1)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	slot, err := b.Take(os.Getpid(), 0)
	if err != nil {
		t.Fatal(err)
	}
	w := stage.NewWorker(false, stage.Limits{}, b.Draining())
	fd := int(read.Fd())

	e, err := conn.NewEvents(&models.Env{Board: b}, w, &app{first: echo}, slot, fd)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Run(); !errors.Is(err, unix.ENOTSOCK) {
		t.Errorf("the loop ended with %v, want %v", err, unix.ENOTSOCK)
	}
	th := conn.NewThread(w, &app{first: echo}, slot, conn.Blocking)
	if _, ok, err := th.Accept(fd); ok || !errors.Is(err, unix.ENOTSOCK) {
		t.Errorf("the thread's accept: ok %v, %v, want %v", ok, err, unix.ENOTSOCK)
	}
}

package conn_test

import (
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/conn"
	"github.com/c10kit/c10kit/models/stage"
)

// TestRawBlocking serves in the flavour of forked children. In a process with a Go
// runtime it must not block, so everything that it will wait for is there before:
// input, FIN, room for the answer.
func TestRawBlocking(t *testing.T) {
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
	a := &app{first: echo}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	th := conn.NewThread(w, a, slot, conn.RawBlocking)
	for i := range uint64(3) {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := unix.Write(pair[0], []byte("raw")); err != nil {
			t.Fatal(err)
		}
		if err := unix.Shutdown(pair[0], unix.SHUT_WR); err != nil {
			t.Fatal(err)
		}
		th.Serve(pair[1])
		p := make([]byte, 10)
		if n, err := unix.Read(pair[0], p); err != nil || string(p[:n]) != "raw" {
			t.Errorf("received %q, %v", p[:n], err)
		}
		if n, err := unix.Read(pair[0], p); err != nil || n != 0 {
			t.Errorf("after the answer: %d bytes, %v; want the end", n, err)
		}
		unix.Close(pair[0])
		if n := slot.Read(); n.Connections != i+1 || n.Open() != 0 || n.Errors != 0 || n.BytesIn != 3*(i+1) || n.BytesOut != n.BytesIn {
			t.Errorf("the slot counts %+v", n)
		}
	}
	if live := w.Pool.Live(); live != 0 {
		t.Errorf("%d blocks are left", live)
	}
}

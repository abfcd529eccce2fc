package rawfork

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// This file: how children end, and what they survive.

func init() {
	scenarios["orphan"] = orphan
	scenarios["ends"] = ends
	scenarios["stack"] = stack
}

// orphan is a forker whose children take another process for their parent.
func orphan([]string) error {
	f, err := Prepare()
	if err != nil {
		return err
	}
	self := f.pid
	f.beforeClone = func() { f.pid = self + 1 }
	if _, err := f.Fork(func() int { return 0 }); err != nil {
		return err
	}
	return wantStatus(f, ExitOrphan<<8)
}

// wantStatus reaps the one child of f, which must have ended with the given status.
func wantStatus(f *Forker, want syscall.WaitStatus) error {
	for i := 0; f.Children() > 0 && i < 10000; i++ {
		var got syscall.WaitStatus
		if err := f.Reap(func(_ int, s syscall.WaitStatus, _ *syscall.Rusage) { got = s }); err != nil {
			return err
		}
		switch {
		case f.Children() > 0:
			_ = unix.Nanosleep(&unix.Timespec{Nsec: 1e6}, nil)
		case got&^0x80 != want: // 0x80: a core was dumped
			return fmt.Errorf("wait status %#x, want %#x", got, want)
		default:
			return nil
		}
	}
	return fmt.Errorf("the child does not end:\n%s", describe(f.pid))
}

func TestOrphan(t *testing.T) {
	t.Parallel()
	start(t, patience, "orphan", nil).end()
}

// ends forks children that end in every way; the forker must see it, and live.
func ends([]string) error {
	f, err := Prepare()
	if err != nil {
		return err
	}
	f.pend()
	var none *int
	for _, c := range []struct {
		about string
		child func() int
		want  syscall.WaitStatus
	}{
		{"returns", func() int { return 7 }, 7 << 8},
		{"returns more than a status holds", func() int { return 256 + 3 }, 3 << 8},
		{"memory fault", func() int { return *none }, syscall.WaitStatus(unix.SIGSEGV)},
		{"index out of range", func() int { return int(f.closing[len(os.Args)+100].first) }, 2 << 8},
		{"panic", func() int { panic("as asked") }, 2 << 8},
		{"abort", func() int { kill(unix.SIGABRT); return 0 }, syscall.WaitStatus(unix.SIGABRT)},
		{"SIGTERM", func() int { kill(unix.SIGTERM); return 0 }, syscall.WaitStatus(unix.SIGTERM)},
		{"SIGINT is ignored", func() int { kill(unix.SIGINT); return 9 }, 9 << 8},
		{"broken pipe", func() int { return writeToNobody() }, syscall.WaitStatus(unix.EPIPE) << 8},
	} {
		if _, err := f.Fork(c.child); err != nil {
			return err
		}
		if err := wantStatus(f, c.want); err != nil {
			return fmt.Errorf("%s: %w", c.about, err)
		}
	}
	return nil
}

func kill(sig unix.Signal) {
	pid, _, _ := unix.RawSyscall(unix.SYS_GETPID, 0, 0, 0)
	_, _, _ = unix.RawSyscall(unix.SYS_KILL, pid, uintptr(sig), 0)
}

func writeToNobody() int {
	var p [2]int
	if err := unix.Pipe2(p[:], 0); err != nil { // a raw call in x/sys
		return 1
	}
	_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, uintptr(p[0]), 0, 0)
	b := [1]byte{}
	_, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(p[1]), bytesAddr(b[:]), 1)
	return int(errno)
}

func TestEnds(t *testing.T) {
	t.Parallel()
	f := start(t, patience, "ends", nil)
	f.end()
	if !strings.Contains(f.stderr.String(), "panic: as asked") {
		t.Errorf("the panic of a child left no trace on descriptor 2: %q", f.stderr.String())
	}
}

// stack is a forker whose children use their stack, before and after collections
// have shrunk it, and break the rules by allocating and growing it. A child reports
// by its status whether its stack moved.
func stack([]string) error {
	f, err := Prepare()
	if err != nil {
		return err
	}
	f.pend()
	const deep, deeper = 60 << 10, 4 << 20
	for i := range 30 {
		for range 4 { // each halves the stack
			f.collect()
		}
		want := syscall.WaitStatus(0)
		child := func() int { return moved(deep) }
		switch i % 3 {
		case 1:
			child, want = func() int { return moved(deeper) }, 1<<8
		case 2:
			child = func() int { return allocate(f) }
		}
		if _, err := f.Fork(child); err != nil {
			return err
		}
		if err := wantStatus(f, want); err != nil {
			return fmt.Errorf("fork %d: %w", i, err)
		}
	}
	if pendings != 30 {
		return fmt.Errorf("only %d of 30 forks had a preemption request pending", pendings)
	}
	return nil
}

// moved uses the given number of bytes of stack and returns 1 if that moved it.
func moved(bytes int) int {
	var here byte
	before := address(&here)
	use(bytes)
	if address(&here) != before {
		return 1
	}
	return 0
}

//go:noinline
func use(bytes int) byte {
	var frame [1024]byte
	frame[bytes%1024] = 1
	if bytes > 1500 { // with the rest of its frame, a call takes less than 1,100 bytes
		frame[0] += use(bytes - 1100)
	}
	return frame[bytes%1023]
}

// allocate makes 16 MiB of garbage in all sizes and returns 0. A variable of f's
// keeps the compiler from leaving it out.
func allocate(f *Forker) int {
	for i := range 4096 {
		f.closing = make([]span, 1+i%1024)
		f.closing[0].last = uint32(i)
	}
	return 0
}

func TestStack(t *testing.T) {
	t.Parallel()
	start(t, patience, "stack", nil).end()
}

package board_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/moby/sys/reexec"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/c10kit/c10kit/models/board"
)

func init() { reexec.Register("board-hammer", hammer) }

func TestMain(m *testing.M) {
	if reexec.Init() {
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func newBoard(t *testing.T, slots int) *board.Board {
	t.Helper()
	b, err := board.New(slots)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func take(t *testing.T, b *board.Board) *board.Slot {
	t.Helper()
	s, err := b.Take(os.Getpid(), 7)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestLayout: a slot is two cache lines, whatever is added to it; other processes
// rely on it.
func TestLayout(t *testing.T) {
	if n := unsafe.Sizeof(board.Slot{}); n != 128 {
		t.Errorf("a slot has %d bytes, want 128", n)
	}
	b := newBoard(t, 3)
	one, two := take(t, b), take(t, b)
	if d := uintptr(unsafe.Pointer(two)) - uintptr(unsafe.Pointer(one)); d != 128 {
		t.Errorf("neighbours lie %d bytes apart, want 128", d)
	}
	if at := uintptr(unsafe.Pointer(one)) % 4096; at != 256 {
		t.Errorf("the first slot lies at offset %d of the mapping, want 256", at)
	}
	var st unix.Stat_t
	if err := unix.Fstat(b.Fd(), &st); err != nil || st.Size != 128*(1+1+3) {
		t.Errorf("the file of a board of 3 slots has %d bytes (%v), want %d", st.Size, err, 128*5)
	}
}

// TestUntouchedSlotsCostNothing: the file of a large board has one page.
func TestUntouchedSlotsCostNothing(t *testing.T) {
	b := newBoard(t, 16384)
	take(t, b)
	_ = b.Total()
	var st unix.Stat_t
	if err := unix.Fstat(b.Fd(), &st); err != nil || st.Blocks*512 > 4096 {
		t.Errorf("a board of 16,384 slots with one in use holds %d bytes (%v), want one page", st.Blocks*512, err)
	}
}

func TestTakeAndEnd(t *testing.T) {
	b := newBoard(t, 2)
	if b.Pid() != os.Getpid() || len(b.Slots()) != 0 {
		t.Errorf("a new board has pid %d and %d slots in use", b.Pid(), len(b.Slots()))
	}
	s := take(t, b)
	if s.State() != board.Starting || s.Pid() != os.Getpid() || s.Tid() != 7 || s.Generation() != 1 {
		t.Errorf("a slot just taken: state %v, pid %d, tid %d, generation %d", s.State(), s.Pid(), s.Tid(), s.Generation())
	}
	s.SetState(board.Serving)
	s.SetThread(1, 2)
	if s.State() != board.Serving || s.Pid() != 1 || s.Tid() != 2 {
		t.Errorf("state %v, pid %d, tid %d; want serving, 1, 2", s.State(), s.Pid(), s.Tid())
	}
	s.Add(board.Requests, 3)
	s.Add(board.BytesOut, 0)
	second := take(t, b)
	if _, err := b.Take(1, 1); !errors.Is(err, board.ErrFull) {
		t.Errorf("a third worker on two slots: %v, want ErrFull", err)
	}
	b.End(s, 2)
	if s.State() != board.Free || s.Generation() != 2 {
		t.Errorf("an ended slot: state %v, generation %d, want free, 2", s.State(), s.Generation())
	}
	if got := b.Total(); got.Requests != 3 || got.Ended != 1 || b.Leaked() != 2 {
		t.Errorf("totals %+v and %d leaked blocks; want 3 requests, 1 ended, 2 leaked", got, b.Leaked())
	}
	again := take(t, b)
	if again != s || again.Generation() != 3 || again.Read() != (board.Counts{}) {
		t.Errorf("a slot that is used again: same %v, generation %d, counts %+v", again == s, again.Generation(), again.Read())
	}
	b.End(again, 0)
	b.End(second, 0)
	if got := b.Total(); got.Requests != 3 || got.Ended != 3 {
		t.Errorf("totals at the end: %+v", got)
	}
}

// TestTotalsNeverLose: whatever workers come, count and go, the total is what all
// of them have counted.
func TestTotalsNeverLose(t *testing.T) {
	counters := []board.Counter{
		board.Connections, board.Closed, board.Begun, board.Requests, board.BytesIn, board.BytesOut,
		board.WakeUps, board.TimedWakeUps, board.EAGAINs, board.Errors, board.Shed,
	}
	rapid.Check(t, func(t *rapid.T) {
		slots := rapid.IntRange(1, 5).Draw(t, "slots")
		b, err := board.New(slots)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		var live []*board.Slot
		want, ended := map[board.Counter]uint64{}, uint64(0)
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				s, err := b.Take(1, 1)
				if (len(live) == slots) != errors.Is(err, board.ErrFull) {
					t.Fatalf("%d of %d slots in use: %v", len(live), slots, err)
				}
				if err == nil {
					live = append(live, s)
				}
			},
			"add": func(t *rapid.T) {
				if len(live) > 0 {
					c, n := rapid.SampledFrom(counters).Draw(t, "counter"), rapid.Uint64Range(0, 1<<40).Draw(t, "n")
					rapid.SampledFrom(live).Draw(t, "slot").Add(c, n)
					want[c] += n
				}
			},
			"end": func(t *rapid.T) {
				if len(live) > 0 {
					i := rapid.IntRange(0, len(live)-1).Draw(t, "slot")
					b.End(live[i], 0)
					live = append(live[:i], live[i+1:]...)
					ended++
				}
			},
			"": func(t *rapid.T) {
				wanted := board.Counts{
					Connections: want[board.Connections], Closed: want[board.Closed], Begun: want[board.Begun],
					Requests: want[board.Requests], BytesIn: want[board.BytesIn], BytesOut: want[board.BytesOut],
					WakeUps: want[board.WakeUps], TimedWakeUps: want[board.TimedWakeUps], EAGAINs: want[board.EAGAINs],
					Errors: want[board.Errors], Shed: want[board.Shed], Ended: ended,
				}
				if got := b.Total(); got != wanted {
					t.Fatalf("total %+v, want %+v", got, wanted)
				}
			},
		})
	})
}

func TestCounts(t *testing.T) {
	c := board.Counts{Connections: 5, Closed: 3, Begun: 9, Requests: 8}
	if c.Open() != 2 || c.InFlight() != 1 {
		t.Errorf("open %d, in flight %d; want 2, 1", c.Open(), c.InFlight())
	}
	torn := board.Counts{Connections: 5, Closed: 6, Begun: 9, Requests: 10} // read while they moved
	if torn.Open() != 0 || torn.InFlight() != 0 {
		t.Errorf("open %d, in flight %d; want 0, not an overflow", torn.Open(), torn.InFlight())
	}
}

func TestStateNames(t *testing.T) {
	for s, want := range map[board.State]string{
		board.Free: "free", board.Starting: "starting", board.Accepting: "accepting", board.Waiting: "waiting",
		board.Serving: "serving", board.Ended: "ended", 99: "unknown",
	} {
		if got := s.String(); got != want {
			t.Errorf("state %d is called %q, want %q", s, got, want)
		}
	}
}

// rounds is how often a hammering child counts.
const rounds = 200_000

// hammer is a child that counts in the slot whose number it is given, on the board
// of descriptor 3.
func hammer() {
	b, err := board.Open(3)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var at int
	if _, err := fmt.Sscan(os.Args[1], &at); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s := &b.Slots()[at]
	s.SetThread(os.Getpid(), unix.Gettid())
	s.SetState(board.Serving)
	for range rounds {
		s.Add(board.Begun, 1)
		s.Add(board.BytesIn, 3)
		s.Add(board.Requests, 1)
	}
	for b.Draining().Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	if os.Args[2] == "ends" {
		b.End(s, 1)
	}
	os.Exit(0)
}

// TestTwoProcesses: two children count in their slots while this process reads,
// through another mapping. Nothing is lost, nothing goes back, and requests never
// overtake those begun by more than what passes between two reads.
func TestTwoProcesses(t *testing.T) {
	b := newBoard(t, 4)
	children := make([]*exec.Cmd, 2)
	for i, act := range []string{"ends", "dies"} {
		take(t, b)
		fd, err := unix.FcntlInt(uintptr(b.Fd()), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		shared := os.NewFile(uintptr(fd), "board")
		cmd := reexec.Command("board-hammer", fmt.Sprint(i), act)
		cmd.ExtraFiles = []*os.File{shared}
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		shared.Close()
		children[i] = cmd
	}
	reader, err := board.OpenProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var last board.Counts
	for end := time.Now().Add(30 * time.Second); last.Requests < 2*rounds; {
		if time.Now().After(end) {
			t.Fatalf("the children did not come to an end: %+v", last)
		}
		now := reader.Total()
		if now.Begun < last.Begun || now.BytesIn < last.BytesIn || now.Requests < last.Requests {
			t.Fatalf("a counter went back from %+v to %+v", last, now)
		}
		last = now
	}
	for i, cmd := range children {
		if s := &reader.Slots()[i]; s.Pid() != cmd.Process.Pid || s.State() != board.Serving {
			t.Errorf("slot %d: pid %d, state %v; want %d, serving", i, s.Pid(), s.State(), cmd.Process.Pid)
		}
	}
	b.Drain()
	for _, cmd := range children {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	b.End(&b.Slots()[1], 0) // its worker died without
	want := board.Counts{Begun: 2 * rounds, Requests: 2 * rounds, BytesIn: 6 * rounds, Ended: 2}
	if got := reader.Total(); got != want {
		t.Errorf("totals %+v, want %+v", got, want)
	}
	if reader.Leaked() != 1 {
		t.Errorf("%d leaked blocks, want 1", reader.Leaked())
	}
}

// TestRefusals: what is not a board is not misread.
func TestRefusals(t *testing.T) {
	memfd := func(edit func(p []byte) []byte) int {
		b := newBoard(t, 2)
		p := make([]byte, 128*4)
		if n, err := unix.Pread(b.Fd(), p, 0); n != len(p) || err != nil {
			t.Fatalf("pread: %d, %v", n, err)
		}
		fd, err := unix.MemfdCreate("not-a-board", unix.MFD_CLOEXEC)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := unix.Pwrite(fd, edit(p), 0); err != nil {
			t.Fatal(err)
		}
		return fd
	}
	pipe := make([]int, 2)
	if err := unix.Pipe2(pipe, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[1])
	for _, tc := range []struct {
		name, want string
		fd         int
	}{
		{"empty", "board: 0 bytes is too small for a scoreboard", memfd(func([]byte) []byte { return nil })},
		{"short", "board: 300 bytes is too small for a scoreboard", memfd(func(p []byte) []byte { return p[:300] })},
		{"pipe", "board: 0 bytes is too small for a scoreboard", pipe[0]},
		{"magic", "board: not a scoreboard of this version of c10kit", memfd(func(p []byte) []byte { p[0] ^= 1; return p })},
		{"version", "board: not a scoreboard of this version of c10kit", memfd(func(p []byte) []byte { p[4]++; return p })},
		{"slots", "board: not a scoreboard of this version of c10kit", memfd(func(p []byte) []byte { p[8]++; return p })},
		{"a bit more", "board: not a scoreboard of this version of c10kit", memfd(func(p []byte) []byte { return append(p, 0) })},
		{"closed", "fstat: bad file descriptor", 1 << 20},
	} {
		b, err := board.Open(tc.fd)
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s: %v, want %s", tc.name, err, tc.want)
		}
		if b != nil {
			b.Close()
		}
		if tc.fd < 1<<20 {
			if err := unix.Close(tc.fd); err != nil {
				t.Errorf("%s: a refused descriptor stays the caller's: %v", tc.name, err)
			}
		}
	}
	if b, err := board.Open(memfd(func(p []byte) []byte { return p })); err != nil {
		t.Errorf("an unchanged copy is refused: %v", err)
	} else if err := b.Close(); err != nil {
		t.Error(err)
	}
	if _, err := board.New(0); err == nil || err.Error() != "board: 0 slots wanted, at least 1 is needed" {
		t.Errorf("a board of no slots: %v", err)
	}
}

func TestOpenProcessErrors(t *testing.T) {
	cmd := exec.Command("sleep", "30")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	want := fmt.Sprintf("board: process %d has no scoreboard: is it a c10kit server?", cmd.Process.Pid)
	if _, err := board.OpenProcess(cmd.Process.Pid); err == nil || err.Error() != want {
		t.Errorf("a stranger's board: %v, want %s", err, want)
	}
	_, err := board.OpenProcess(1 << 30)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "process 1073741824") {
		t.Errorf("the board of no process: %v", err)
	}
}

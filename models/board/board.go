package board

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Name is the name of the memfd, as /proc/PID/fd shows it after "/memfd:".
const Name = "c10kit-board"

const (
	magic   = 0xc10c10c1
	version = 2

	headerSize = 128
	slotSize   = 128
)

// header is the first 128 bytes of the mapping.
type header struct {
	magic    atomic.Uint32
	version  atomic.Uint32
	slots    atomic.Uint32
	draining atomic.Uint32
	pid      atomic.Int32
	high     atomic.Uint32 // slots [0, high) have been used at least once
	leaked   atomic.Uint64 // blocks that ended workers had not given back
	userNs   atomic.Uint64 // CPU of worker processes that were reaped
	sysNs    atomic.Uint64
	switches [3]atomic.Uint64 // of ended workers: see Switches
	tree     atomic.Uint32    // no worker can be named: see Tree
	_        [headerSize - 76]byte
}

// Board is a mapping of a scoreboard.
type Board struct {
	mem   []byte
	fd    int
	head  *header
	total *Slot
	slots []Slot

	hint uint32 // where Take looks first; the taker's own
}

// ErrFull is Take's answer when every slot is in use.
var ErrFull = errors.New("board: every slot is in use; raise --max-conns")

// New makes a board of n slots for the calling process. Its pages are touched
// only as slots are used: 16,384 slots cost 2 MiB of address space and, idle,
// one page. The descriptor survives neither exec nor close; pass Fd to a child.
func New(n int) (*Board, error) {
	if n < 1 {
		return nil, fmt.Errorf("board: %d slots wanted, at least 1 is needed", n)
	}
	fd, err := unix.MemfdCreate(Name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	size := headerSize + slotSize*(n+1)
	if err := unix.Ftruncate(fd, int64(size)); err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("ftruncate", err)
	}
	b, err := mapBoard(fd, size)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	b.head.version.Store(version)
	b.head.slots.Store(uint32(n))
	b.head.pid.Store(int32(os.Getpid()))
	b.head.magic.Store(magic)
	return b, nil
}

// Open maps the board behind descriptor fd, which it takes over unless it returns
// an error: a child's inherited one, or one opened through /proc. It checks magic,
// version and size, so a stranger's file is refused and not misread.
func Open(fd int) (*Board, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	if st.Size < headerSize+2*slotSize {
		return nil, fmt.Errorf("board: %d bytes is too small for a scoreboard", st.Size)
	}
	b, err := mapBoard(fd, int(st.Size))
	if err != nil {
		return nil, err
	}
	n := int64(b.head.slots.Load())
	if b.head.magic.Load() != magic || b.head.version.Load() != version || st.Size != headerSize+slotSize*(n+1) {
		unix.Munmap(b.mem)
		return nil, errors.New("board: not a scoreboard of this version of c10kit")
	}
	return b, nil
}

// OpenProcess finds and maps the board of the server with the given pid, which
// must belong to the same user (or the caller be root).
func OpenProcess(pid int) (*Board, error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("board: looking for the scoreboard of process %d: %w", pid, err)
	}
	for _, e := range entries {
		path := dir + "/" + e.Name()
		if to, err := os.Readlink(path); err != nil || to != "/memfd:"+Name+" (deleted)" {
			continue
		}
		fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, &os.PathError{Op: "open", Path: path, Err: err}
		}
		b, err := Open(fd)
		if err != nil {
			unix.Close(fd)
		}
		return b, err
	}
	return nil, fmt.Errorf("board: process %d has no scoreboard: is it a c10kit server?", pid)
}

func mapBoard(fd, size int) (*Board, error) {
	mem, err := unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	n := size/slotSize - 2
	return &Board{
		mem:   mem,
		fd:    fd,
		head:  (*header)(unsafe.Pointer(&mem[0])),
		total: (*Slot)(unsafe.Pointer(&mem[headerSize])),
		slots: unsafe.Slice((*Slot)(unsafe.Pointer(&mem[headerSize+slotSize])), n),
	}, nil
}

// Close unmaps the board and closes its descriptor. No slot may be used after it.
func (b *Board) Close() error {
	err := unix.Munmap(b.mem)
	return errors.Join(os.NewSyscallError("munmap", err), os.NewSyscallError("close", unix.Close(b.fd)))
}

// Fd returns the descriptor of the mapping, the board's own.
func (b *Board) Fd() int { return b.fd }

// Pid returns the process that made the board.
func (b *Board) Pid() int { return int(b.head.pid.Load()) }

// SetTree says on the board that no worker can be named, for those who know the server
// by nothing else: whoever runs its goroutines, or the program, decides which thread
// serves what. Called before the server listens.
func (b *Board) SetTree() { b.head.tree.Store(1) }

// Tree reports whether SetTree was called.
func (b *Board) Tree() bool { return b.head.tree.Load() != 0 }

// Drain raises the drain flag that every worker sees. Safe from any process.
func (b *Board) Drain() { b.head.draining.Store(1) }

// Draining returns the drain flag itself, for stage.NewWorker. It lies in the
// mapping and is valid until Close.
func (b *Board) Draining() *atomic.Uint32 { return &b.head.draining }

// Slots returns all slots; those that were never used are zero. Reading any of
// them is safe from any process.
func (b *Board) Slots() []Slot { return b.slots[:b.head.high.Load()] }

// Take allocates a free slot for a new worker and returns it in state Starting.
// Only the acceptor or the parent may call it, one thread at a time.
func (b *Board) Take(pid, tid int) (*Slot, error) {
	n := uint32(len(b.slots))
	for i := range n {
		at := (b.hint + i) % n
		s := &b.slots[at]
		gen := s.gen.Load()
		if gen&1 != 0 {
			continue
		}
		b.hint = at + 1
		s.reset()
		s.pid.Store(int32(pid))
		s.tid.Store(int32(tid))
		s.state.Store(uint32(Starting))
		s.gen.Store(gen + 1)
		if at >= b.head.high.Load() {
			b.head.high.Store(at + 1)
		}
		return s, nil
	}
	return nil, ErrFull
}

// Slot returns slot i; Index is its inverse. A parent tells a re-executed worker
// its slot by the number.
func (b *Board) Slot(i int) *Slot { return &b.slots[i] }

// Index returns the number of a slot of this board.
func (b *Board) Index(s *Slot) int {
	return int((uintptr(unsafe.Pointer(s)) - uintptr(unsafe.Pointer(&b.slots[0]))) / slotSize)
}

// Total returns the sum over ended and live workers of every counter. A worker
// that ends while Total reads may be counted in neither or both places; the
// caller that needs it exact reads a server at rest.
func (b *Board) Total() Counts {
	sum := b.total.Read()
	for i := range b.Slots() {
		s := &b.slots[i]
		if s.gen.Load()&1 == 0 {
			continue
		}
		sum = sum.plus(s.Read())
	}
	sum.Ended = uint64(b.total.ended.Load())
	return sum
}

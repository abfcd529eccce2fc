package perf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/internal/sys"
)

const (
	// DefaultRing is 4 MiB for each CPU: about 40,000 switches, so 0.2 s of a CPU that switches 200,000 times a second.
	DefaultRing = 4 << 20
	minRing     = 64 << 10
)

// ring is the event of one CPU with its buffer. Only one goroutine may drain it.
type ring struct {
	fd      int
	mem     []byte // the mapping: meta page and data
	data    []byte
	scratch []byte // a record that lies across the end of data
}

// openRing opens sched:sched_switch on one CPU, disabled, with records of all forks and exits there, and maps size bytes
// (a power of two, at least a page) for them.
//
// PERF_RECORD_FORK and EXIT rather than the tracepoints sched_process_fork and _exit: they name process and thread of
// both sides, where the tracepoint does not tell a thread from a process, and they need no second event.
func openRing(point *tracepoint, cpu, size int) (*ring, error) {
	attr := unix.PerfEventAttr{
		Type: unix.PERF_TYPE_TRACEPOINT, Config: point.id, Sample: 1, Sample_type: sampleType,
		Bits: unix.PerfBitDisabled | unix.PerfBitTask | unix.PerfBitSampleIDAll |
			unix.PerfBitWatermark | unix.PerfBitUseClockID,
		Wakeup:  uint32(size / 4),
		Clockid: unix.CLOCK_MONOTONIC,
	}
	fd, err := open(&attr, everyone, cpu)
	if err != nil {
		return nil, refuse(fmt.Sprintf("sched:sched_switch of CPU %d", cpu), "perf_event_open", ofTrace, err)
	}
	r := &ring{fd: fd}
	// Half of all switches leave the idle thread; nobody asks for those.
	if err := setFilter(fd, "prev_pid != 0"); err != nil {
		return nil, errors.Join(err, r.close())
	}
	page := os.Getpagesize()
	r.mem, err = unix.Mmap(fd, 0, page+size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		err = refuse(fmt.Sprintf("a ring of %d bytes (kernel.perf_event_mlock_kb limits it without CAP_IPC_LOCK)", size), "mmap", ofTrace, err)
		return nil, errors.Join(err, r.close())
	}
	r.data = r.mem[page:]
	return r, nil
}

// drain gives every record to f and the room back to the kernel. A record is valid only during the call.
func (r *ring) drain(f func(record []byte) error) error {
	meta := (*unix.PerfEventMmapPage)(unsafe.Pointer(&r.mem[0]))
	head := atomic.LoadUint64(&meta.Data_head) // pairs with the kernel's store after it wrote the records
	tail := meta.Data_tail
	defer func() { atomic.StoreUint64(&meta.Data_tail, tail) }()
	for tail != head {
		record, err := r.at(tail, head)
		if err != nil {
			tail = head
			return err
		}
		if err := f(record); err != nil {
			tail = head
			return err
		}
		tail += uint64(len(record))
	}
	return nil
}

// at is the record at position tail, copied together where it lies across the end of the ring.
func (r *ring) at(tail, head uint64) ([]byte, error) {
	size := uint64(len(r.data))
	from := tail % size
	// Records are multiples of 8 bytes, so the header never lies across the end.
	length := uint64(binary.NativeEndian.Uint16(r.data[from+6:]))
	if length < headerLen || length > head-tail {
		return nil, fmt.Errorf("perf: a record of %d bytes where the ring has %d: the ring is corrupt", length, head-tail)
	}
	if from+length <= size {
		return r.data[from : from+length], nil
	}
	r.scratch = append(r.scratch[:0], r.data[from:]...)
	r.scratch = append(r.scratch, r.data[:length-(size-from)]...)
	return r.scratch, nil
}

func (r *ring) close() error {
	var err error
	if r.mem != nil {
		err = os.NewSyscallError("munmap", unix.Munmap(r.mem))
		r.mem, r.data = nil, nil
	}
	return errors.Join(err, os.NewSyscallError("close", unix.Close(r.fd)))
}

// onlineCPUs reads the list "0-3,8" of /sys/devices/system/cpu/online. A CPU that comes online later is not traced.
func onlineCPUs() ([]int, error) {
	const path = "/sys/devices/system/cpu/online"
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("perf: which CPUs there are: %w; mount /sys", err)
	}
	cpus, err := sys.ParseCPUs(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("perf: %s: %w", path, err)
	}
	return cpus, nil
}

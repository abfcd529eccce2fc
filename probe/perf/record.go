package perf

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

const commLen = 16 // TASK_COMM_LEN

type kind uint8

const (
	switched kind = iota + 1
	forked
	exited
)

// happening is one record of a ring, as the book wants it. 56 bytes: a machine with 500,000 switches a second has some
// 2 MB of them pending.
type happening struct {
	time   int64 // CLOCK_MONOTONIC, ns
	kind   kind
	state  uint64        // switched: prev_state
	tid    int32         // who switched, was born, ended
	pid    int32         // its process; 0 unknown: a thread that is already reaped makes its last switch
	parent int32         // forked: the process that forked; exited: the process that would reap it
	comm   [commLen]byte // switched: its name
}

// The header and the bodies are those of perf_event_open(2), section "MMAP layout", for the sample_type below and
// sample_id_all.
const (
	sampleType = unix.PERF_SAMPLE_TID | unix.PERF_SAMPLE_TIME | unix.PERF_SAMPLE_RAW

	headerLen = 8
	rawAt     = headerLen + 4 + 4 + 8 + 4 // header, pid, tid, time, size of raw
	taskLen   = headerLen + 4*4 + 8       // header, pid, ppid, tid, ptid, time
	lostLen   = headerLen + 8 + 8         // header, id, lost
)

// decoder turns records into happenings and keeps what is not one.
type decoder struct {
	point     *tracepoint
	pending   []happening
	samples   uint64 // records of switches
	lost      uint64 // records of any kind that found no room
	throttled uint64 // times that the kernel switched an event off for a while
}

// record takes one record, header included, which is valid only during the call.
func (d *decoder) record(rec []byte) error {
	switch kindOf := binary.NativeEndian.Uint32(rec); kindOf {
	case unix.PERF_RECORD_SAMPLE:
		return d.sample(rec)
	case unix.PERF_RECORD_FORK:
		return d.task(rec, forked)
	case unix.PERF_RECORD_EXIT:
		return d.task(rec, exited)
	case unix.PERF_RECORD_LOST:
		if len(rec) < lostLen {
			return short("LOST", rec)
		}
		d.lost += binary.NativeEndian.Uint64(rec[headerLen+8:])
	case unix.PERF_RECORD_THROTTLE:
		d.throttled++
	}
	return nil
}

func (d *decoder) sample(rec []byte) error {
	if len(rec) < rawAt {
		return short("SAMPLE", rec)
	}
	raw := rec[rawAt:]
	if size := int(binary.NativeEndian.Uint32(rec[rawAt-4:])); size <= len(raw) {
		raw = raw[:size]
	}
	p := d.point
	if len(raw) < max(end(p.prevPid), end(p.state), end(p.comm)) {
		return short("SAMPLE", rec)
	}
	h := happening{
		kind:  switched,
		time:  int64(binary.NativeEndian.Uint64(rec[headerLen+8:])),
		tid:   int32(binary.NativeEndian.Uint32(raw[p.prevPid.offset:])),
		state: binary.NativeEndian.Uint64(raw[p.state.offset:]),
		pid:   max(int32(binary.NativeEndian.Uint32(rec[headerLen:])), 0),
	}
	copy(h.comm[:], raw[p.comm.offset:])
	d.samples++
	d.pending = append(d.pending, h)
	return nil
}

func (d *decoder) task(rec []byte, k kind) error {
	if len(rec) < taskLen {
		return short("FORK or EXIT", rec)
	}
	d.pending = append(d.pending, happening{
		kind:   k,
		pid:    int32(binary.NativeEndian.Uint32(rec[headerLen:])),
		parent: int32(binary.NativeEndian.Uint32(rec[headerLen+4:])),
		tid:    int32(binary.NativeEndian.Uint32(rec[headerLen+8:])),
		time:   int64(binary.NativeEndian.Uint64(rec[headerLen+16:])),
	})
	return nil
}

func end(f field) int { return f.offset + f.size }

func short(what string, rec []byte) error {
	return fmt.Errorf("perf: a record %s of %d bytes is too short: this kernel's layout is unknown here", what, len(rec))
}

// The states of a thread that did not want to go. perf(1) prints them as R and R+; the second is TASK_REPORT_MAX of
// include/linux/sched.h since Linux 4.14.
const (
	running   = 0
	preempted = 0x100
)

// voluntary: as the kernel counts it in nvcsw, see the package comment.
func (h *happening) voluntary() bool { return h.state != running && h.state != preempted }

// dying: the thread is past its exit (EXIT_DEAD or EXIT_ZOMBIE) and as a rule does not come back.
func (h *happening) dying() bool { return h.state&(0x10|0x20) != 0 }

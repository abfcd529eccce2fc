package perf

import (
	"bytes"
	"encoding/binary"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

const fakePage = 4096

// fakeRing is a ring in ordinary memory; write plays the kernel.
type fakeRing struct {
	ring
	meta *unix.PerfEventMmapPage
}

func newFakeRing(size int, start uint64) *fakeRing {
	words := make([]uint64, (fakePage+size)/8) // aligned, as a mapping is
	mem := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), fakePage+size)
	f := &fakeRing{ring: ring{mem: mem, data: mem[fakePage:]}, meta: (*unix.PerfEventMmapPage)(unsafe.Pointer(&mem[0]))}
	f.meta.Data_head, f.meta.Data_tail = start, start
	return f
}

func (f *fakeRing) write(record []byte) bool {
	size := uint64(len(f.data))
	if f.meta.Data_head-f.meta.Data_tail+uint64(len(record)) > size {
		return false
	}
	for i, b := range record {
		f.data[(f.meta.Data_head+uint64(i))%size] = b
	}
	f.meta.Data_head += uint64(len(record))
	return true
}

func record(kind uint32, body []byte) []byte {
	rec := binary.NativeEndian.AppendUint32(nil, kind)
	rec = binary.NativeEndian.AppendUint16(rec, 0)
	rec = binary.NativeEndian.AppendUint16(rec, uint16(headerLen+len(body)))
	return append(rec, body...)
}

// TestRing: what is written comes out in order, once and whole, wherever the end of the ring lies.
func TestRing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFakeRing(256, 8*rapid.Uint64Range(0, 100).Draw(t, "start"))
		var written, read [][]byte
		for i := range rapid.IntRange(1, 200).Draw(t, "records") {
			body := bytes.Repeat([]byte{byte(i)}, 8*rapid.IntRange(0, 12).Draw(t, "words"))
			rec := record(uint32(i), body)
			if f.write(rec) {
				written = append(written, rec)
			}
			if rapid.Bool().Draw(t, "drain") {
				read = drainAll(t, f, read)
			}
		}
		read = drainAll(t, f, read)
		if len(read) != len(written) {
			t.Fatalf("%d records written, %d read", len(written), len(read))
		}
		for i := range read {
			if !bytes.Equal(read[i], written[i]) {
				t.Fatalf("record %d: wrote %x, read %x", i, written[i], read[i])
			}
		}
		if f.meta.Data_tail != f.meta.Data_head {
			t.Fatalf("tail %d, head %d", f.meta.Data_tail, f.meta.Data_head)
		}
	})
}

func drainAll(t *rapid.T, f *fakeRing, into [][]byte) [][]byte {
	if err := f.drain(func(rec []byte) error { into = append(into, bytes.Clone(rec)); return nil }); err != nil {
		t.Fatal(err)
	}
	return into
}

// TestRingCorrupt: a length that cannot be ends the drain with an error, not in a circle and not outside of the ring.
func TestRingCorrupt(t *testing.T) {
	for name, length := range map[string]uint16{"zero": 0, "less than a header": 4, "more than there is": 4096} {
		f := newFakeRing(256, 0)
		rec := record(1, make([]byte, 8))
		binary.NativeEndian.PutUint16(rec[6:], length)
		f.write(rec)
		if err := f.drain(func([]byte) error { return nil }); err == nil {
			t.Errorf("%s: no error", name)
		}
		if f.meta.Data_tail != f.meta.Data_head {
			t.Errorf("%s: the rest stays in the ring", name)
		}
	}
}

var testPoint = &tracepoint{id: 1, comm: field{8, 16}, prevPid: field{24, 4}, state: field{32, 8}}

// FuzzRecord: no bytes that a kernel of another version could write make the decoder panic or count twice.
func FuzzRecord(f *testing.F) {
	for _, kind := range []uint32{unix.PERF_RECORD_SAMPLE, unix.PERF_RECORD_FORK, unix.PERF_RECORD_EXIT, unix.PERF_RECORD_LOST, unix.PERF_RECORD_THROTTLE, 99} {
		f.Add(kind, []byte{})
		f.Add(kind, make([]byte, 16))
		f.Add(kind, make([]byte, 96))
		f.Add(kind, bytes.Repeat([]byte{0xff}, 96))
	}
	f.Fuzz(func(t *testing.T, kind uint32, body []byte) {
		d := decoder{point: testPoint}
		err := d.record(record(kind, body))
		known := kind == unix.PERF_RECORD_SAMPLE || kind == unix.PERF_RECORD_FORK || kind == unix.PERF_RECORD_EXIT
		if want := known && err == nil; want != (len(d.pending) == 1) {
			t.Errorf("kind %d: error %v, %d happenings", kind, err, len(d.pending))
		}
		if (d.samples == 1) != (kind == unix.PERF_RECORD_SAMPLE && err == nil) {
			t.Errorf("kind %d: error %v, %d samples", kind, err, d.samples)
		}
	})
}

// TestState: the states that perf(1) prints, and whether the kernel counts them in nvcsw.
func TestState(t *testing.T) {
	for name, c := range map[string]struct {
		state            uint64
		voluntary, dying bool
	}{
		"R": {0, false, false}, "R+": {0x100, false, false}, "S": {1, true, false}, "D": {2, true, false},
		"T": {4, true, false}, "t": {8, true, false}, "X": {0x10, true, true}, "Z": {0x20, true, true},
		"P": {0x40, true, false}, "I": {0x80, true, false},
	} {
		h := happening{state: c.state}
		if h.voluntary() != c.voluntary || h.dying() != c.dying {
			t.Errorf("%s: voluntary %v, dying %v", name, h.voluntary(), h.dying())
		}
	}
}

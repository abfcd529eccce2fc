package inetdiag

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// sock is what a row says, for building rows and comparing them.
type sock struct {
	family                byte
	state                 State
	local, remote         netip.AddrPort
	rqueue, wqueue        uint32
	uid, inode            uint32
	attribute, otherValue []byte
}

// encodeRow builds the answer of the kernel, with one attribute before the one asked
// for.
func (s sock) encode() []byte {
	b := make([]byte, rowSize)
	b[0], b[1] = s.family, byte(s.state)
	network.PutUint16(b[4:], s.local.Port())
	network.PutUint16(b[6:], s.remote.Port())
	copy(b[8:], s.local.Addr().AsSlice())
	copy(b[24:], s.remote.Addr().AsSlice())
	for i, field := range []uint32{s.rqueue, s.wqueue, s.uid, s.inode} {
		native.PutUint32(b[56+4*i:], field)
	}
	b = appendAttribute(b, 99, s.otherValue)
	return appendAttribute(b, attrSKMeminf, s.attribute)
}

func appendAttribute(b []byte, kind uint16, value []byte) []byte {
	b = native.AppendUint16(b, uint16(attrSize+len(value)))
	b = native.AppendUint16(b, kind)
	b = append(b, value...)
	return append(b, make([]byte, align(len(b))-len(b))...)
}

func appendMessage(b []byte, kind, flags uint16, seq uint32, data []byte) []byte {
	b = native.AppendUint32(b, uint32(headerSize+len(data)))
	b = native.AppendUint16(b, kind)
	b = native.AppendUint16(b, flags)
	b = native.AppendUint32(b, seq)
	b = native.AppendUint32(b, 0)
	b = append(b, data...)
	return append(b, make([]byte, align(len(b))-len(b))...)
}

func errno(code int32) []byte { return native.AppendUint32(nil, uint32(code)) }

func decoded(r row) sock {
	return sock{
		family: r.family(), state: r.state(),
		local: netip.AddrPortFrom(r.local(), r.localPort()), remote: netip.AddrPortFrom(r.remote(), r.remotePort()),
		rqueue: r.rqueue(), wqueue: r.wqueue(), uid: r.uid(), inode: r.inode(),
		attribute: slices.Clone(r.attribute(attrSKMeminf)), otherValue: slices.Clone(r.attribute(99)),
	}
}

func genAddr(t *rapid.T, family byte, label string) netip.AddrPort {
	port := rapid.Uint16().Draw(t, label+" port")
	size := 16
	if family == unix.AF_INET {
		size = 4
	}
	addr, _ := netip.AddrFromSlice(rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, label))
	return netip.AddrPortFrom(addr, port)
}

func genSock(t *rapid.T) sock {
	family := rapid.SampledFrom([]byte{unix.AF_INET, unix.AF_INET6}).Draw(t, "family")
	value := rapid.SliceOfN(rapid.Byte(), 1, 41)
	return sock{
		family: family, state: State(rapid.Byte().Draw(t, "state")),
		local: genAddr(t, family, "local"), remote: genAddr(t, family, "remote"),
		rqueue: rapid.Uint32().Draw(t, "rqueue"), wqueue: rapid.Uint32().Draw(t, "wqueue"),
		uid: rapid.Uint32().Draw(t, "uid"), inode: rapid.Uint32().Draw(t, "inode"),
		attribute: value.Draw(t, "attribute"), otherValue: value.Draw(t, "other"),
	}
}

// TestScanReadsWhatIsWritten checks every field over dumps cut into any number of
// reads, with messages of other dumps in between.
func TestScanReadsWhatIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const seq = 42
		socks := rapid.SliceOfN(rapid.Custom(genSock), 0, 20).Draw(t, "sockets")
		reads := [][]byte{nil}
		for _, s := range socks {
			last := len(reads) - 1
			if rapid.IntRange(0, 9).Draw(t, "stray") == 0 {
				reads[last] = appendMessage(reads[last], unix.NLMSG_DONE, 0, seq-1, errno(0))
			}
			reads[last] = appendMessage(reads[last], unix.SOCK_DIAG_BY_FAMILY, unix.NLM_F_MULTI, seq, s.encode())
			if rapid.Bool().Draw(t, "next read") {
				reads = append(reads, nil)
			}
		}
		reads[len(reads)-1] = appendMessage(reads[len(reads)-1], unix.NLMSG_DONE, unix.NLM_F_MULTI, seq, errno(0))
		var got []sock
		for i, read := range reads {
			state, err := scan(read, seq, func(r row) { got = append(got, decoded(r)) })
			if err != nil || state.interrupted || state.done != (i == len(reads)-1) {
				t.Fatalf("read %d of %d: %+v, error %v", i+1, len(reads), state, err)
			}
		}
		same := cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })
		if diff := cmp.Diff(socks, got, cmp.AllowUnexported(sock{}), same, cmp.Transformer("empty", func(b []byte) string { return string(b) })); diff != "" &&
			len(socks)+len(got) > 0 {
			t.Fatalf("- written, + read:\n%s", diff)
		}
	})
}

// TestScan gives ends of dumps and broken messages.
func TestScan(t *testing.T) {
	const seq = 7
	one := sock{family: unix.AF_INET, local: portOf("127.0.0.1:80"), remote: portOf("127.0.0.1:9")}.encode()
	socket := appendMessage(nil, unix.SOCK_DIAG_BY_FAMILY, unix.NLM_F_MULTI, seq, one)
	with := func(kind, flags uint16, data []byte) []byte {
		return appendMessage(slices.Clone(socket), kind, flags, seq, data)
	}
	cut := slices.Clone(socket)
	native.PutUint32(cut, uint32(len(cut)+4))
	short := slices.Clone(socket)
	native.PutUint32(short, headerSize-1)
	for _, c := range []struct {
		name  string
		read  []byte
		rows  int
		state dumpState
		err   string
	}{
		{"nothing", nil, 0, dumpState{}, ""},
		{"no end yet", socket, 1, dumpState{}, ""},
		{"done", with(unix.NLMSG_DONE, unix.NLM_F_MULTI, errno(0)), 1, dumpState{done: true}, ""},
		{"done without a result", with(unix.NLMSG_DONE, unix.NLM_F_MULTI, nil), 1, dumpState{done: true}, ""},
		{"behind the end", append(with(unix.NLMSG_DONE, 0, errno(0)), socket...), 1, dumpState{done: true}, ""},
		{"interrupted", with(unix.NLMSG_DONE, unix.NLM_F_DUMP_INTR, errno(0)), 1, dumpState{done: true, interrupted: true}, ""},
		{"done with an error", with(unix.NLMSG_DONE, 0, errno(-int32(unix.ENOMEM))), 1, dumpState{done: true}, unix.ENOMEM.Error()},
		{"refused", appendMessage(nil, unix.NLMSG_ERROR, 0, seq, errno(-int32(unix.ENOENT))), 0, dumpState{done: true}, unix.ENOENT.Error()},
		{"error without a code", with(unix.NLMSG_ERROR, 0, nil), 1, dumpState{done: true}, "netlink error of 0 bytes"},
		{"no operation", with(unix.NLMSG_NOOP, 0, nil), 1, dumpState{}, ""},
		{"half a header", socket[:headerSize-1], 0, dumpState{}, "expected a header of 16"},
		{"longer than the read", cut, 0, dumpState{}, "says it has"},
		{"shorter than a header", short, 0, dumpState{}, "says it has"},
		{"a short socket", appendMessage(nil, unix.SOCK_DIAG_BY_FAMILY, 0, seq, one[:rowSize-1]), 0, dumpState{}, "expected at least 72"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := 0
			state, err := scan(c.read, seq, func(row) { rows++ })
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("error %v, expected %q", err, c.err)
			}
			if rows != c.rows || state != c.state {
				t.Errorf("%d rows, %+v, expected %d, %+v", rows, state, c.rows, c.state)
			}
		})
	}
}

// TestAttributes gives lists of attributes that are none.
func TestAttributes(t *testing.T) {
	base := make([]byte, rowSize)
	for _, c := range []struct {
		name string
		tail []byte
		want []byte
	}{
		{"none", nil, nil},
		{"rest of a header", []byte{8, 0, 7}, nil},
		{"length zero", []byte{0, 0, 7, 0, 1, 2, 3, 4}, nil},
		{"longer than the message", []byte{12, 0, 7, 0, 1, 2, 3, 4}, nil},
		{"flagged", appendAttribute(nil, attrSKMeminf|unix.NLA_F_NESTED, []byte{1}), []byte{1}},
		{"unpadded at the end", appendAttribute(nil, attrSKMeminf, []byte{1, 2})[:6], []byte{1, 2}},
		{"the first of two", appendAttribute(appendAttribute(nil, attrSKMeminf, []byte{1}), attrSKMeminf, []byte{2}), []byte{1}},
	} {
		if got := row(append(slices.Clone(base), c.tail...)).attribute(attrSKMeminf); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, expected %v", c.name, got, c.want)
		}
	}
}

// TestShortMemory checks that a kernel which does not tell drops does not tell zero.
func TestShortMemory(t *testing.T) {
	for words, known := range map[int]bool{0: false, 8: false, 9: true, 12: true} {
		memory := make([]byte, 4*words)
		if words > 8 {
			native.PutUint32(memory[32:], 77)
		}
		l := listener(row(sock{family: unix.AF_INET, attribute: memory}.encode()))
		if l.DropsKnown != known || known && l.Drops != 77 {
			t.Errorf("%d words: %+v, expected drops known: %v", words, l, known)
		}
	}
}

// TestExplain checks that errors say what to do, and stay what they are.
func TestExplain(t *testing.T) {
	for code, want := range map[unix.Errno]string{
		unix.ENOENT: "modprobe", unix.EPROTONOSUPPORT: "modprobe", unix.EPERM: "seccomp", unix.EACCES: "seccomp",
		unix.EAFNOSUPPORT: "RestrictAddressFamilies", unix.EMFILE: "ulimit", unix.EINVAL: "Linux 3.3", unix.EIO: "input/output",
	} {
		if err := explain(code); !errors.Is(err, code) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, expected %v and %q in it", err, code, want)
		}
	}
	if explain(nil) != nil {
		t.Error("no error became one")
	}
}

// FuzzScan gives any bytes to the parser and looks at every field of what it finds.
// They come from the kernel, and are checked all the same: a sandbox may answer too.
func FuzzScan(f *testing.F) {
	s := sock{family: unix.AF_INET6, local: portOf("[::1]:80"), remote: portOf("[::1]:9"), attribute: make([]byte, 36)}
	whole := appendMessage(appendMessage(nil, unix.SOCK_DIAG_BY_FAMILY, 2, 1, s.encode()), unix.NLMSG_DONE, 2, 1, errno(0))
	f.Add(whole)
	f.Add(appendMessage(nil, unix.NLMSG_ERROR, 0, 1, errno(-1)))
	f.Fuzz(func(t *testing.T, read []byte) {
		rows, bytes := 0, 0
		state, err := scan(read, 1, func(r row) {
			rows++
			bytes += headerSize + len(r)
			decoded(r)
			listener(r)
		})
		if bytes > len(read) {
			t.Errorf("%d rows have %d bytes, of %d", rows, bytes, len(read))
		}
		if err != nil {
			return
		}
		// Another read with the same dump's next messages goes on where this one ended.
		again := 0
		state2, err := scan(slices.Concat(read[:len(read)&^3], whole), 1, func(row) { again++ })
		if len(read)%4 == 0 && (err != nil || !state2.done || !state.done && again != rows+1) {
			t.Errorf("%d rows, %+v; with one more behind: %d rows, %+v, error %v", rows, state, again, state2, err)
		}
	})
}

package buf

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// source makes the choices of a machine's program: rapid, or the bytes of a fuzzer.
type source interface {
	// below returns a number from 0 to n-1; n is at least 1.
	below(n int) int
}

// machine runs random programs over three chains of two workers and keeps a
// []byte beside each, which is what the chain must hold. One goroutine plays both
// workers, in turn.
type machine struct {
	t      fataler
	pools  [2]*Pool
	chains [3]Chain // 0 and 1 of the first pool, 2 of the second
	want   [3][]byte
	lent   counter
	static *Block
	file   *Block
	fd     int
	next   byte // content goes round, so that no two pieces are the same
	trace  []string
}

const fileLen = 200000

func fileByte(i int) byte { return byte(i*7 + i>>8) }

// newMachine returns a machine; call end after its program.
func newMachine(t fataler, fd int, copying [2]bool) *machine {
	m := &machine{t: t, fd: fd, lent: counter{}}
	for i := range m.pools {
		m.pools[i] = NewPool(copying[i])
	}
	m.chains[0].Init(m.pools[0])
	m.chains[1].Init(m.pools[0])
	m.chains[2].Init(m.pools[1])
	m.static = NewStatic(fileBytes(0, 70000))
	m.file = NewStaticFile(fd)
	return m
}

func fileBytes(off, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = fileByte(off + i)
	}
	return p
}

// patternFile returns a file of fileLen bytes that lives as long as the test.
func patternFile(t testing.TB) int {
	fd, err := unix.MemfdCreate("buf-test", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if n, err := unix.Write(fd, fileBytes(0, fileLen)); n != fileLen || err != nil {
		t.Fatal(n, err)
	}
	return fd
}

// size chooses a length: mostly a few bytes, sometimes around the ends of blocks.
func (m *machine) size(s source) int {
	switch s.below(8) {
	case 0:
		return SmallSize - 4 + s.below(8)
	case 1:
		return LargeSize - 4 + s.below(5)
	case 2:
		return s.below(20000)
	default:
		return s.below(40)
	}
}

func (m *machine) bytes(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = m.next
		if m.next++; m.next == 251 { // a prime, so that the period is no block size
			m.next = 0
		}
	}
	return p
}

// upTo chooses a number from 0 to n, the ends more often.
func upTo(s source, n int) int {
	switch s.below(6) {
	case 0:
		return 0
	case 1:
		return n
	default:
		return s.below(n + 1)
	}
}

// readable returns how many bytes of chain i lie before the first file range.
func (m *machine) readable(i int) (n int) {
	for b := m.chains[i].head; b != nil && b.blk.data != nil; b = b.next {
		n += b.n
	}
	return n
}

// step runs one random operation on one random chain.
func (m *machine) step(s source) {
	i := s.below(len(m.chains))
	op := s.below(len(operations))
	if len(m.want[i]) > 400000 {
		op = 0
	}
	m.trace = append(m.trace, fmt.Sprintf("chain %d: %s", i, operations[op].name))
	operations[op].run(m, s, i)
	m.verify()
}

var operations = []struct {
	name string
	run  func(m *machine, s source, i int)
}{
	{"Release", func(m *machine, _ source, i int) {
		m.chains[i].Release()
		m.want[i] = nil
	}},
	{"Append", func(m *machine, s source, i int) {
		p := m.bytes(m.size(s))
		m.chains[i].Append(p)
		m.want[i] = append(m.want[i], p...)
	}},
	{"AppendString", func(m *machine, s source, i int) {
		p := m.bytes(m.size(s))
		m.chains[i].AppendString(string(p))
		m.want[i] = append(m.want[i], p...)
	}},
	{"Reserve", func(m *machine, s source, i int) {
		least := max(1, m.size(s))
		room := m.chains[i].Reserve(least, m.size(s))
		if len(room) < least {
			m.t.Fatalf("Reserve(%d) returned %d bytes", least, len(room))
		}
		p := m.bytes(upTo(s, min(len(room), 5000)))
		copy(room, p)
		m.chains[i].Commit(len(p))
		m.want[i] = append(m.want[i], p...)
	}},
	{"Prepend", func(m *machine, s source, i int) {
		p := m.bytes(min(m.size(s), LargeSize))
		m.chains[i].Prepend(p)
		m.want[i] = slices.Concat(p, m.want[i])
	}},
	{"AppendForeign", func(m *machine, s source, i int) {
		p := m.bytes(m.size(s))
		m.chains[i].AppendForeign(p, m.lent, m.lent.lend())
		m.want[i] = append(m.want[i], p...)
	}},
	{"AppendFile", func(m *machine, s source, i int) {
		n := m.size(s)
		off := s.below(fileLen - n)
		if s.below(2) == 0 {
			m.chains[i].AppendFile(m.fd, int64(off), n, nil, 0)
		} else {
			m.chains[i].AppendFile(m.fd, int64(off), n, m.lent, m.lent.lend())
		}
		m.want[i] = append(m.want[i], fileBytes(off, n)...)
	}},
	{"AppendStatic", func(m *machine, s source, i int) {
		n := m.size(s)
		off := s.below(70000 - n)
		m.chains[i].AppendStatic([]*Block{m.static, m.file}[s.below(2)], off, n)
		m.want[i] = append(m.want[i], fileBytes(off, n)...)
	}},
	{"TrimFront", func(m *machine, s source, i int) {
		n := upTo(s, len(m.want[i]))
		m.chains[i].TrimFront(n)
		m.want[i] = bytes.Clone(m.want[i][n:])
	}},
	{"TrimBack", func(m *machine, s source, i int) {
		n := len(m.want[i]) - upTo(s, len(m.want[i]))
		m.chains[i].TrimBack(n)
		m.want[i] = bytes.Clone(m.want[i][:len(m.want[i])-n])
	}},
	{"Move", func(m *machine, s source, i int) {
		j := s.below(len(m.chains))
		n := upTo(s, len(m.want[j]))
		m.chains[i].Move(&m.chains[j], n)
		p := bytes.Clone(m.want[j][:n])
		m.want[j] = bytes.Clone(m.want[j][n:])
		m.want[i] = append(m.want[i], p...)
	}},
	{"MoveAll", func(m *machine, s source, i int) {
		j := (i + 1 + s.below(2)) % len(m.chains)
		m.chains[i].MoveAll(&m.chains[j])
		m.want[i] = append(m.want[i], m.want[j]...)
		m.want[j] = nil
	}},
	{"Share", func(m *machine, s source, i int) {
		j := s.below(len(m.chains))
		off := upTo(s, len(m.want[j]))
		n := upTo(s, len(m.want[j])-off)
		m.chains[i].Share(&m.chains[j], off, n)
		m.want[i] = append(m.want[i], bytes.Clone(m.want[j][off:off+n])...)
	}},
	{"Contiguous", func(m *machine, s source, i int) {
		n := upTo(s, min(m.readable(i), LargeSize))
		if got := m.chains[i].Contiguous(n); !bytes.Equal(got, m.want[i][:n]) {
			m.t.Fatalf("Contiguous(%d) returned something else", n)
		}
	}},
	{"CopyTo", func(m *machine, s source, i int) {
		off := upTo(s, m.readable(i))
		p := make([]byte, upTo(s, m.readable(i)-off))
		if n := m.chains[i].CopyTo(p, off); n != len(p) || !bytes.Equal(p, m.want[i][off:off+n]) {
			m.t.Fatalf("CopyTo of %d bytes from %d copied %d, or others", len(p), off, n)
		}
	}},
	{"Index", func(m *machine, s source, i int) {
		if m.readable(i) < len(m.want[i]) {
			return
		}
		from := upTo(s, len(m.want[i]))
		sep := m.bytes(1 + s.below(4))
		if n := len(m.want[i]); n > 8 && s.below(2) == 0 {
			at := s.below(n - 8)
			sep = m.want[i][at : at+1+s.below(8)]
		}
		want := bytes.Index(m.want[i][from:], sep)
		if want >= 0 {
			want += from
		}
		if got := m.chains[i].Index(sep, from); got != want {
			m.t.Fatalf("Index(%q, %d) is %d instead of %d", sep, from, got, want)
		}
	}},
}

// verify compares every chain with its model, and the books of the pools with the
// windows that there are.
func (m *machine) verify() {
	refs := map[*Block]int32{}
	live := map[*Pool]int{}
	for i := range m.chains {
		check(m, &m.chains[i], m.want[i])
		for b := m.chains[i].head; b != nil; b = b.next {
			if refs[b.blk]++; refs[b.blk] == 1 && b.blk.home != nil {
				live[b.blk.home]++
			}
		}
	}
	for blk, n := range refs {
		if blk == m.static || blk == m.file {
			n++ // the creator's
		}
		if got := blk.refs.Load(); got != n {
			m.t.Fatalf("%d windows on a block with %d references\n%v", n, got, m.trace)
		}
	}
	for i, p := range m.pools {
		if p.Live() != live[p] {
			m.t.Fatalf("pool %d says %d live blocks, there are %d\n%v", i, p.Live(), live[p], m.trace)
		}
	}
}

// Helper and Fatalf make the machine a fataler that tells its program.
func (m *machine) Helper() { m.t.Helper() }

func (m *machine) Fatalf(format string, args ...any) {
	m.t.Helper()
	m.t.Fatalf("%s\n%v", fmt.Sprintf(format, args...), m.trace)
}

// end releases everything and looks for what is left.
func (m *machine) end() {
	for i := range m.chains {
		m.chains[i].Release()
		m.want[i] = nil
	}
	m.verify()
	if n := m.lent.out(); n != 0 {
		m.t.Fatalf("%d foreign blocks did not come back\n%v", n, m.trace)
	}
	for i, p := range m.pools {
		if n := p.Live(); n != 0 {
			m.t.Fatalf("pool %d: %d blocks are still in use\n%v", i, n, m.trace)
		}
	}
}

// drawn makes choices by rapid, which shrinks them.
type drawn struct{ t *rapid.T }

func (d drawn) below(n int) int { return rapid.IntRange(0, n-1).Draw(d.t, "n") }

// TestProperty: programs of operations, in sharing, copying and mixed pools.
func TestProperty(t *testing.T) {
	fd := patternFile(t)
	rapid.Check(t, func(t *rapid.T) {
		copying := [2]bool{rapid.Bool().Draw(t, "copying"), rapid.Bool().Draw(t, "copying")}
		m := newMachine(t, fd, copying)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			m.step(drawn{t})
		}
		m.end()
	})
}

// program makes choices out of bytes, two for each; it has an end.
type program struct{ rest []byte }

func (p *program) below(n int) int {
	if len(p.rest) < 2 {
		p.rest = nil
		return 0
	}
	v := int(p.rest[0])<<8 | int(p.rest[1])
	p.rest = p.rest[2:]
	return v * n >> 16
}

// FuzzChain: the bytes are a program of operations; the first says which pools copy.
func FuzzChain(f *testing.F) {
	fd := patternFile(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) < 1 || len(text) > 2000 {
			t.Skip("no program, or too long a one")
		}
		m := newMachine(t, fd, [2]bool{text[0]&1 != 0, text[0]&2 != 0})
		for p := (&program{text[1:]}); len(p.rest) > 0; {
			m.step(p)
		}
		m.end()
	})
}

package buf

import (
	"fmt"
	"testing"
)

// BenchmarkCycle is what a connection does with a chain between read and write:
// reserve, commit, move to the output, trim what was sent. The difference of the
// two rows is what zero copy saves.
func BenchmarkCycle(b *testing.B) {
	for _, size := range []int{100, 4 << 10, 64 << 10} {
		for _, copying := range []bool{false, true} {
			b.Run(fmt.Sprintf("size=%d/copy=%v", size, copying), func(b *testing.B) {
				pool := NewPool(copying)
				var in, out Chain
				in.Init(pool)
				out.Init(pool)
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					in.Reserve(1, size)
					in.Commit(size)
					out.MoveAll(&in)
					out.TrimFront(size)
				}
			})
		}
	}
}

// BenchmarkOperations are the operations one by one, each with what undoes it.
func BenchmarkOperations(b *testing.B) {
	pool := NewPool(false)
	static := NewStatic(make([]byte, LargeSize))
	line := []byte("GET /plaintext HTTP/1.1\r\n")
	var c, other Chain
	c.Init(pool)
	other.Init(pool)
	for _, op := range []struct {
		name string
		do   func()
	}{
		{"Append-TrimFront", func() { c.Append(line); c.TrimFront(len(line)) }},
		{"AppendStatic-TrimFront", func() { c.AppendStatic(static, 0, 1000); c.TrimFront(1000) }},
		{"AppendForeign-TrimFront", func() { c.AppendForeign(line, ignored{}, 0); c.TrimFront(len(line)) }},
		{"Prepend-TrimFront", func() { c.Prepend(line); c.TrimFront(len(line)) }},
		{"Append-Share-Release", func() { c.Append(line); other.Share(&c, 4, 10); other.Release(); c.Release() }},
		{"Append-Index-Release", func() { c.Append(line); c.Index([]byte("\r\n"), 0); c.Release() }},
		{"pull-up", func() { c.AppendStatic(static, 0, 100); c.AppendStatic(static, 9, 100); c.Contiguous(200); c.Release() }},
	} {
		b.Run(op.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				op.do()
			}
		})
	}
}

package buf

import (
	"fmt"
	"strings"
	"testing"
)

// TestMisuse: a caller's bug is told in a sentence, and before anything is
// changed.
func TestMisuse(t *testing.T) {
	fd := patternFile(t)
	block := NewStatic(make([]byte, 10))
	for name, tc := range map[string]struct {
		says string
		do   func(c, other *Chain)
	}{
		"TrimFront too much":             {"TrimFront past the end", func(c, _ *Chain) { c.TrimFront(6) }},
		"TrimFront less than nothing":    {"TrimFront past the end", func(c, _ *Chain) { c.TrimFront(-1) }},
		"TrimBack too much":              {"TrimBack past the start", func(c, _ *Chain) { c.TrimBack(6) }},
		"TrimBack less than nothing":     {"TrimBack past the start", func(c, _ *Chain) { c.TrimBack(-1) }},
		"Move too much":                  {"Move of more", func(c, o *Chain) { o.Move(c, 6) }},
		"Move less than nothing":         {"Move of more", func(c, o *Chain) { o.Move(c, -1) }},
		"Share too much":                 {"Share past the end", func(c, o *Chain) { o.Share(c, 3, 3) }},
		"Share from before":              {"Share past the end", func(c, o *Chain) { o.Share(c, -1, 3) }},
		"Share less than nothing":        {"Share past the end", func(c, o *Chain) { o.Share(c, 1, -1) }},
		"Contiguous too much":            {"Contiguous past the end", func(c, _ *Chain) { c.Contiguous(6) }},
		"Contiguous less than nothing":   {"Contiguous past the end", func(c, _ *Chain) { c.Contiguous(-1) }},
		"Contiguous over a block":        {"more than LargeSize", func(c, _ *Chain) { c.Append(make([]byte, LargeSize)); c.Contiguous(LargeSize + 1) }},
		"Contiguous of a file":           {"file range", func(_, o *Chain) { o.AppendFile(fd, 0, 5, nil, 0); o.Contiguous(3) }},
		"Contiguous into a file":         {"file range", func(c, _ *Chain) { c.AppendFile(fd, 0, 5, nil, 0); c.Contiguous(8) }},
		"CopyTo of a file":               {"file range", func(c, _ *Chain) { c.AppendFile(fd, 0, 5, nil, 0); c.CopyTo(make([]byte, 8), 0) }},
		"Bytes of a file":                {"file range", func(c, _ *Chain) { c.AppendFile(fd, 0, 5, nil, 0); c.Bytes() }},
		"IndexByte into a file":          {"file range", func(c, _ *Chain) { c.AppendFile(fd, 0, 5, nil, 0); c.IndexByte('!', 0) }},
		"Index into a file":              {"file range", func(c, _ *Chain) { c.AppendFile(fd, 0, 5, nil, 0); c.Index([]byte("o!"), 0) }},
		"Reserve too much":               {"Reserve of more than LargeSize", func(c, _ *Chain) { c.Reserve(LargeSize+1, 1) }},
		"Reserve nothing":                {"Reserve of nothing", func(c, _ *Chain) { c.Reserve(0, 1) }},
		"Commit too much":                {"Commit of more", func(c, _ *Chain) { c.Commit(len(c.Reserve(1, 1)) + 1) }},
		"Commit less than nothing":       {"Commit of more", func(c, _ *Chain) { c.Reserve(1, 1); c.Commit(-1) }},
		"Commit without Reserve":         {"Commit of more", func(_, o *Chain) { o.Commit(1) }},
		"Prepend too much":               {"Prepend of more", func(c, _ *Chain) { c.Prepend(make([]byte, LargeSize+1)) }},
		"AppendForeign to nobody":        {"to nobody", func(c, _ *Chain) { c.AppendForeign([]byte("x"), nil, 0) }},
		"AppendFile of no file":          {"no file", func(c, _ *Chain) { c.AppendFile(-1, 0, 1, nil, 0) }},
		"AppendFile less than nothing":   {"negative", func(c, _ *Chain) { c.AppendFile(fd, 0, -1, nil, 0) }},
		"AppendStatic past the end":      {"AppendStatic past the end", func(c, _ *Chain) { c.AppendStatic(block, 6, 5) }},
		"AppendStatic from before":       {"AppendStatic past the end", func(c, _ *Chain) { c.AppendStatic(block, -1, 1) }},
		"a block released twice":         {"released more often", func(c, _ *Chain) { b := c.head.blk; b.release(c.pool); b.release(c.pool) }},
		"AppendStatic less than nothing": {"AppendStatic past the end", func(c, _ *Chain) { c.AppendStatic(block, 1, -1) }},
	} {
		t.Run(name, func(t *testing.T) {
			var c, other Chain
			pool := NewPool(false)
			c.Init(pool)
			other.Init(pool)
			c.AppendString("hello")
			defer func() {
				s := fmt.Sprint(recover())
				if !strings.HasPrefix(s, "buf: ") || !strings.Contains(s, tc.says) {
					t.Errorf("panicked with %q", s)
				}
				if c.Len() < 5 || c.head.n < 5 {
					t.Errorf("the chain was changed: %d bytes", c.Len())
				}
			}()
			tc.do(&c, &other)
		})
	}
}

package http1

import (
	"strings"
	"testing"

	"github.com/c10kit/c10kit/models/buf"
)

// TestScanLooksOnce: after each byte the scan stands at the end of what has come, in
// the last window: nothing is looked at twice, however small the blocks are.
func TestScanLooksOnce(t *testing.T) {
	raw := "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 5000) + "\r\n\r\n"
	for _, apart := range []bool{true, false} {
		pool := buf.NewPool(false)
		var in buf.Chain
		in.Init(pool)
		var h head
		h.reset()
		for i := range len(raw) {
			if apart {
				in.AppendForeign([]byte(raw[i:i+1]), nobody{}, 0)
			} else {
				in.AppendString(raw[i : i+1])
			}
			n, r := h.scan(&in)
			if r != nil {
				t.Fatal(r.reason)
			}
			switch last := i == len(raw)-1; {
			case last && n != len(raw), !last && n != 0:
				t.Fatalf("byte %d: length %d", i, n)
			case !last && (h.at != in.Len() || h.win.Next() != nil || h.base+h.win.Len() != h.at):
				t.Fatalf("byte %d: stands at %d of %d, window at %d", i, h.at, in.Len(), h.base)
			}
		}
		// Only a request line that lies in several blocks is pulled together so far.
		if n := pool.PulledUp(); n > 1 || !apart && n != 0 {
			t.Errorf("apart=%v: %d copies before the head was parsed", apart, n)
		}
		in.Release()
		if n := pool.Live(); n != 0 {
			t.Errorf("%d blocks are still in use", n)
		}
	}
}

// TestValidValue: the eight bytes at a time say what one at a time says, wherever
// the odd byte stands.
func TestValidValue(t *testing.T) {
	for n := range 27 {
		for at := range n {
			for ch := range 256 {
				s := []byte(strings.Repeat("a", n))
				s[at] = byte(ch)
				if got := validValue(s); got != (ch == '\t' || ch >= ' ' && ch != 0x7f) {
					t.Fatalf("byte %#x at %d of %d: %v", ch, at, n, got)
				}
				s[n-1-at] |= 0x80
				if got := validValue(s); got != all(isValue, s) {
					t.Fatalf("%q: %v", s, got)
				}
			}
		}
	}
}

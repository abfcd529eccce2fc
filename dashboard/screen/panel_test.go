package screen

import (
	"strings"
	"testing"
)

// TestPanelKeepsRight: what stands at the right of a border is whole or absent, and the title
// is cut for it.
func TestPanelKeepsRight(t *testing.T) {
	for width, want := range map[int]string{
		26: "┌─ a long title ─── 1/2 ─┐",
		24: "┌─ a long title ─ 1/2 ─┐",
		20: "┌─ a long … ─ 1/2 ─┐",
		9:  "┌─ 1/2 ─┐",
		8:  "┌─ a… ─┐",
	} {
		g := New(width, 3, Unicode)
		g.Panel(Panel{Title: "a long title", Right: "1/2"})
		if line, _, _ := strings.Cut(g.Plain(), "\n"); line != want {
			t.Errorf("%d columns: %q, want %q", width, line, want)
		}
	}
}

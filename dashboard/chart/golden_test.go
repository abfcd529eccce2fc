package chart

import (
	"fmt"
	"testing"

	"github.com/c10kit/c10kit/dashboard/screen"
	"github.com/c10kit/c10kit/internal/golden"
)

func TestGolden(t *testing.T) {
	for _, size := range []struct{ w, h, columns int }{{160, 45, 3}, {200, 60, 3}, {80, 48, 2}, {44, 40, 1}, {30, 18, 2}} {
		for _, charset := range []screen.Charset{screen.Unicode, screen.ASCII} {
			g := screen.New(size.w, size.h, charset)
			paint(g.Area, panes(), size.columns)
			golden.Check(t, fmt.Sprintf("%dx%d-%v.txt", size.w, size.h, charset), []byte(g.Plain()))
		}
	}
}

package screen_test

import (
	"fmt"

	"github.com/c10kit/c10kit/dashboard/screen"
)

// A panel with two columns; what is too long ends in an ellipsis.
func Example() {
	g := screen.New(30, 4, screen.Unicode)
	inside := g.Panel(screen.Panel{Title: "models", Right: "1/6"})
	left, right := inside.Left(12)
	left.Text(0, 0, "thread per connection", screen.Normal)
	right.Field(0, 0, right.Width(), screen.Right, "9310", screen.Bold)
	left.Text(0, 1, "世界", screen.Dim)
	fmt.Print(g.Plain())
	// Output:
	// ┌─ models ───────────── 1/6 ─┐
	// │thread per …            9310│
	// │世界                        │
	// └────────────────────────────┘
}

package chart_test

import (
	"fmt"

	"github.com/c10kit/c10kit/dashboard/chart"
	"github.com/c10kit/c10kit/dashboard/screen"
)

// Bars on an area of a screen, as text.
func ExampleBars_Draw() {
	g := screen.New(40, 4, screen.ASCII)
	inside := g.Panel(screen.Panel{Title: "context switches per request"})
	chart.Bars{Bars: []chart.Bar{
		{Label: "tpc", Value: 2.9, More: 0.1},
		{Label: "prefork", Value: 2},
	}}.Draw(inside)
	fmt.Print(g.Plain())
	// Output:
	// +- context switches per request -------+
	// |tpc     ###########################= 3|
	// |prefork ################### 2         |
	// +--------------------------------------+
}

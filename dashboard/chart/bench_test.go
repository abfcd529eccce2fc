package chart

import (
	"testing"

	"github.com/c10kit/c10kit/dashboard/screen"
	"github.com/charmbracelet/colorprofile"
)

// BenchmarkScreen draws a full frame: a screen of 160 x 45 with six charts, as
// the terminal gets it. At four frames a second, 2.5 ms a frame are 1% of a core.
func BenchmarkScreen(b *testing.B) {
	g := screen.New(160, 45, screen.Unicode)
	painter := screen.NewPainter(screen.Dark(), colorprofile.ANSI256)
	charts := panes()
	b.ReportAllocs()
	bytes := 0
	for b.Loop() {
		g.Clear()
		paint(g.Area, charts, 3)
		bytes += len(painter.Render(g))
	}
	b.ReportMetric(float64(bytes)/float64(b.N), "out-B/op")
}

func BenchmarkCharts(b *testing.B) {
	for _, p := range panes() {
		b.Run(p.title[2:5], func(b *testing.B) {
			g := screen.New(52, 20, screen.Unicode)
			b.ReportAllocs()
			for b.Loop() {
				p.chart.Draw(g.Area)
			}
		})
	}
}

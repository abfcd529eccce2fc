package screen

import "testing"

func TestShares(t *testing.T) {
	a := New(10, 7, Unicode).Area
	for n := 1; n < 13; n++ {
		x, y := 0, 0
		for i := range n {
			column, band := a.Column(i, n), a.Band(i, n)
			if column.Width() > 0 && column.x != x || band.Height() > 0 && band.y != y {
				t.Errorf("%d of %d: begins at %d and %d, want %d and %d", i, n, column.x, band.y, x, y)
			}
			x, y = x+column.Width(), y+band.Height()
		}
		if x != 10 || y != 7 {
			t.Errorf("%d columns and bands end at %d and %d", n, x, y)
		}
	}
}

func TestReuse(t *testing.T) {
	g := New(4, 2, Unicode)
	g.Text(0, 0, "e\u0301世", Bad)
	old := g.Area
	g.Resize(2, 1)
	if g.Plain() != "\n" || g.Width() != 2 {
		t.Errorf("%q, %d wide, after a change of size", g.Plain(), g.Width())
	}
	g.Text(0, 0, "ab", Normal)
	g.Clear()
	if g.Plain() != "\n" || len(g.canvas.clusters) != 0 {
		t.Errorf("%q and %q after Clear", g.Plain(), g.canvas.clusters)
	}
	old.Fill('x', Bad) // an area of the larger screen, kept by mistake
	if got := g.Plain(); len(got) > 3 {
		t.Errorf("%q", got)
	}
	g.Resize(-1, 1<<40)
	if w, h := g.Width(), g.Height(); w != 0 || h != MaxSide {
		t.Errorf("%d x %d", w, h)
	}
}

func TestZeroArea(t *testing.T) {
	var a Area
	a.Panel(Panel{Title: "t"}).Text(0, 0, "x", Bad)
	a.Divider(0, Panel{Title: "t"})
	a.Select()
	a.Clear()
	if text, _ := a.At(0, 0); text != "" || !a.Empty() || a.TextWidth("abc") != 0 || a.Drawing() {
		t.Error("the zero Area has something")
	}
}

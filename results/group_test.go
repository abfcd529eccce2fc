package results

import "testing"

func TestGroupAndTitles(t *testing.T) {
	c := Cell{
		Model: "reactor", Variant: "epoll", App: "http", Path: "/plaintext", Conns: 64, Workers: 2,
		Mode: ModeKeepAlive, Closer: CloserClient, Pipeline: 1, Placement: PlacementSplit,
	}.Identify()
	other := c
	other.Model, other.Variant, other.Workers = "cmd", "a b", WorkersTree
	if other = other.Identify(); c.Group() != other.Group() {
		t.Errorf("%+v is not held against %+v", c, other)
	}
	for _, tc := range []struct {
		change             func(*Cell)
		title, short, name string
	}{
		{func(c *Cell) {}, "keepalive · http /plaintext · 64 connections", "keepalive /plaintext c=64", "reactor:epoll keepalive /plaintext c=64"},
		{func(c *Cell) { c.Round = 2 }, "keepalive · http /plaintext · 64 connections", "keepalive /plaintext c=64", "reactor:epoll keepalive /plaintext c=64 round 2"},
		{func(c *Cell) { c.Mode, c.Conns = ModeClose, 1 }, "close · http /plaintext · 1 connection · client closes first", "close /plaintext c=1 closer=client", ""},
		{func(c *Cell) { c.Mode, c.Closer = ModeClose, CloserServer }, "close · http /plaintext · 64 connections · server closes first", "close /plaintext c=64", ""},
		{func(c *Cell) { c.App, c.Path = "echo", "" }, "keepalive · echo · 64 connections", "keepalive echo c=64", ""},
		{
			func(c *Cell) { c.Pipeline, c.Rate, c.Placement = 16, 1e4, PlacementShared },
			"keepalive · http /plaintext · 64 connections · 16 pipelined · 10.0k req/s offered · shared CPUs",
			"keepalive /plaintext c=64 p=16 r=10.0k shared", "",
		},
	} {
		x := c
		tc.change(&x)
		if x = x.Identify(); x.Title() != tc.title || x.ShortTitle() != tc.short || tc.name != "" && x.Name() != tc.name {
			t.Errorf("%q, %q, %q, want %q, %q, %q", x.Title(), x.ShortTitle(), x.Name(), tc.title, tc.short, tc.name)
		}
		if g := x.Group(); g.Title() != tc.title || g.ShortTitle() != tc.short {
			t.Errorf("the group of %s is called %q, %q", x.ID, g.Title(), g.ShortTitle())
		}
	}
}

package results

import (
	"fmt"
	"strconv"
	"strings"
)

// Group returns the keys that c has in common with what it may be held against: cells that
// differ in model, variant and workers only. Cells that differ in anything else are not
// compared. Two cells are of one group if their Groups are equal.
func (c Cell) Group() Cell {
	c.Model, c.Variant, c.Workers = "", "", 0
	return c.Identify()
}

// Title names the group of c: "close · http /plaintext · 64 connections · server closes
// first". Keys that do not matter in its mode, or have their usual value, are left out.
// What a path holds is in it as it is: who prints it makes it printable.
func (c Cell) Title() string {
	conns := "1 connection"
	if c.Conns != 1 {
		conns = strconv.Itoa(c.Conns) + " connections"
	}
	parts := []string{c.Mode, strings.TrimSpace(c.App + " " + c.Path), conns}
	if c.Mode == ModeClose {
		parts = append(parts, c.Closer+" closes first")
	}
	if c.Pipeline > 1 {
		parts = append(parts, fmt.Sprintf("%d pipelined", c.Pipeline))
	}
	if c.Rate > 0 {
		parts = append(parts, ReqPerSec.Format(c.Rate)+" req/s offered")
	}
	if c.Placement != PlacementSplit {
		parts = append(parts, c.Placement+" CPUs")
	}
	return strings.Join(parts, " · ")
}

// ShortTitle is Title where room is scarce, in the letters of the command's flags: "close
// /plaintext c=64". A server that closes first is the usual one.
func (c Cell) ShortTitle() string {
	parts := []string{c.Mode}
	if c.App != "http" {
		parts = append(parts, c.App)
	}
	if c.Path != "" {
		parts = append(parts, c.Path)
	}
	parts = append(parts, "c="+strconv.Itoa(c.Conns))
	if c.Mode == ModeClose && c.Closer != CloserServer {
		parts = append(parts, "closer="+c.Closer)
	}
	if c.Pipeline > 1 {
		parts = append(parts, "p="+strconv.Itoa(c.Pipeline))
	}
	if c.Rate > 0 {
		parts = append(parts, "r="+ReqPerSec.Format(c.Rate))
	}
	if c.Placement != PlacementSplit {
		parts = append(parts, c.Placement)
	}
	return strings.Join(parts, " ")
}

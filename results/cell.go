package results

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Values of the keys that are closed lists.
const (
	ModeKeepAlive = "keepalive" // many requests a connection
	ModeClose     = "close"     // one request a connection

	CloserServer = "server" // the server closes first and keeps the TIME_WAIT
	CloserClient = "client" // the client does

	PlacementSplit  = "split"  // server and load have CPUs of their own
	PlacementShared = "shared" // both use all CPUs
)

// WorkersTree as Cell.Workers says that no worker can be named (peers,
// commands, goroutines): switches are those of the whole process tree.
const WorkersTree = -1

// Cell is one point of an experiment: the keys by which results are told
// apart. It is a plain value; two cells with equal keys are equal.
type Cell struct {
	ID        string  `json:"id"`      // derived from all other fields: see Identify
	Model     string  `json:"model"`   // without its variant; never has a colon
	Variant   string  `json:"variant"` // empty where the model has only one
	App       string  `json:"app"`
	Path      string  `json:"path"` // begins with a slash, or is empty where the app has no paths
	Conns     int     `json:"conns"`
	Workers   int     `json:"workers"` // 0: not known; WorkersTree: none can be named
	Mode      string  `json:"mode"`
	Closer    string  `json:"closer"`
	Pipeline  int     `json:"pipeline"` // requests in flight a connection, 1 is none ahead
	Rate      float64 `json:"rate"`     // requests/s offered, 0 is a closed loop
	Placement string  `json:"placement"`
	Round     int     `json:"round"` // from 1; 0 stands for all rounds of a cell
}

// Spec is the model as flags and columns spell it: "prefork:flock", "iterative".
func (c Cell) Spec() string {
	if c.Variant == "" {
		return c.Model
	}
	return c.Model + ":" + c.Variant
}

// Identify returns c with its ID, which depends on the other fields only, is
// different for different fields, and has neither space nor comma, so that it
// serves as an HDR tag: "reactor:epoll/plaintext/64/keepalive/w1/r1". Keys at
// their usual value (app http, closer server, pipeline 1, closed loop,
// placement split) are left out, others stand before the round as key=value.
func (c Cell) Identify() Cell {
	c.ID = c.deriveID()
	return c
}

// Name says which cell it is for people, who read neither escapes nor ids:
// "reactor:epoll keepalive /plaintext c=64 round 2". Other than its ID it leaves the
// workers out.
func (c Cell) Name() string {
	name := c.Spec() + " " + c.ShortTitle()
	if c.Round != 0 {
		name += " round " + strconv.Itoa(c.Round)
	}
	return name
}

// AllRounds returns the cell that stands for all rounds of c.
func (c Cell) AllRounds() Cell {
	c.Round = 0
	return c.Identify()
}

func (c Cell) deriveID() string {
	spec := escape(c.Model)
	if c.Variant != "" {
		spec += ":" + escape(c.Variant)
	}
	parts := []string{spec, escapePath(c.Path), strconv.Itoa(c.Conns), c.Mode}
	if c.Workers != 0 {
		parts = append(parts, "w"+formatWorkers(c.Workers))
	}
	if c.App != "http" {
		parts = append(parts, "app="+escape(c.App))
	}
	if c.Closer != CloserServer {
		parts = append(parts, "closer="+c.Closer)
	}
	if c.Pipeline != 1 {
		parts = append(parts, "pipeline="+strconv.Itoa(c.Pipeline))
	}
	if c.Rate != 0 {
		parts = append(parts, "rate="+formatFloat(c.Rate))
	}
	if c.Placement != PlacementSplit {
		parts = append(parts, "placement="+c.Placement)
	}
	if c.Round != 0 {
		parts = append(parts, "r"+strconv.Itoa(c.Round))
	}
	return strings.Join(parts, "/")
}

// Validate reports the first key that cannot be written, with what it must be.
func (c Cell) Validate() error {
	bad := func(key string, got any, want string) error {
		return fmt.Errorf("cell %s: %s is %#v, must be %s", c.Spec(), key, got, want)
	}
	switch {
	case c.Model == "" || strings.Contains(c.Model, ":"):
		return bad("model", c.Model, "a name without a colon")
	case c.App == "":
		return bad("app", c.App, "a name")
	case c.Path != "" && c.Path[0] != '/':
		return bad("path", c.Path, "empty or begin with a slash")
	case c.Conns < 1:
		return bad("conns", c.Conns, "at least 1")
	case c.Workers < WorkersTree:
		return bad("workers", c.Workers, "a count, or -1 for the whole tree")
	case c.Mode != ModeKeepAlive && c.Mode != ModeClose:
		return bad("mode", c.Mode, "keepalive or close")
	case c.Closer != CloserServer && c.Closer != CloserClient:
		return bad("closer", c.Closer, "client or server")
	case c.Pipeline < 1:
		return bad("pipeline", c.Pipeline, "at least 1")
	case c.Rate < 0 || math.IsNaN(c.Rate) || math.IsInf(c.Rate, 0):
		return bad("rate", c.Rate, "requests/s, or 0 for a closed loop")
	case c.Placement != PlacementSplit && c.Placement != PlacementShared:
		return bad("placement", c.Placement, "split or shared")
	case c.Round < 0:
		return bad("round", c.Round, "at least 1, or 0 for all rounds")
	case c.ID != c.deriveID():
		return bad("id", c.ID, strconv.Quote(c.deriveID())+" (call Identify)")
	}
	return nil
}

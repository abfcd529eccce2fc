package bench

import (
	"github.com/c10kit/c10kit/internal/sys"
	"github.com/c10kit/c10kit/results"
)

// Layout is which processors each side of an experiment runs on.
type Layout struct {
	Placement    string
	Server, Load []int
	// Warning says what this layout cannot show, empty if nothing.
	Warning string
}

// NewLayout divides the processors that this process may use. results.PlacementSplit
// gives server and load processors of their own, half each, the server the larger
// half; on a single one it can only share. results.PlacementShared lets both use all.
func NewLayout(placement string) (Layout, error) {
	cpus, err := sys.AllowedCPUs()
	if err != nil {
		return Layout{}, err
	}
	l := Layout{Placement: placement, Server: cpus, Load: cpus}
	switch placement {
	case results.PlacementShared:
		l.Warning = "server and load shared all CPUs: each took time from the other"
	case results.PlacementSplit:
		if len(cpus) == 1 {
			l.Placement = results.PlacementShared
			l.Warning = "there is 1 CPU: server and load shared it, the figures are of both together"
			break
		}
		half := (len(cpus) + 1) / 2
		l.Server, l.Load = cpus[:half], cpus[half:]
		if half == 1 {
			l.Warning = "server had 1 CPU: multicore effects not visible"
		}
	default:
		return Layout{}, flagErrorf("--placement", "%q: want %s or %s", placement, results.PlacementSplit, results.PlacementShared)
	}
	return l, nil
}

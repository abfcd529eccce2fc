package watch

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/probe"
	"github.com/c10kit/c10kit/results"
)

var errNoAnswer = errors.New("no request was answered")

// Metrics names what was counted, each figure with a value or with the reason why it has
// none; those that do not apply, as the scoreboard's of a server without one, with
// neither. Costs are a request: see Divisor.
func (c Counted) Metrics(load *loadgen.Result) (values map[results.Metric]float64, missing map[results.Metric]string) {
	values, missing = map[results.Metric]float64{}, map[results.Metric]string{}
	set := func(err error, figures map[results.Metric]float64) {
		for m, v := range figures {
			if err != nil {
				missing[m] = err.Error()
			} else {
				values[m] = v
			}
		}
	}
	n := c.Divisor(load)
	perRequest := func(err error, figures map[results.Metric]float64) {
		if err == nil && n <= 0 {
			err = errNoAnswer
		}
		for m := range figures {
			figures[m] /= n
		}
		set(err, figures)
	}
	perRequest(c.SwitchesErr, map[results.Metric]float64{
		results.CswVoluntary: float64(c.Switches.Voluntary), results.CswInvoluntary: float64(c.Switches.Involuntary),
	})
	// Beside what is missing without a number, the doubt that has one bounds nothing.
	perRequest(cmp.Or(c.SwitchesErr, unbounded(c.Switches)), map[results.Metric]float64{results.CswError: float64(c.Switches.Uncertain)})
	if c.HasBoard && !c.Switches.Tree {
		perRequest(c.SwitchesErr, map[results.Metric]float64{results.CswRuntime: float64(c.Switches.Rest)})
	}
	if c.HasBoard {
		perRequest(nil, map[results.Metric]float64{
			results.WakeUps: float64(c.Board.WakeUps), results.TimedWakeUps: float64(c.Board.TimedWakeUps),
			results.EAGAINs: float64(c.Board.EAGAINs),
		})
	}
	perRequest(c.CPUErr, map[results.Metric]float64{
		results.CPUPerReq: float64(c.CPU.Total()), results.UserPerReq: float64(c.CPU.User), results.SysPerReq: float64(c.CPU.System),
	})
	set(c.TreeErr, map[results.Metric]float64{results.Threads: float64(c.Threads), results.Procs: float64(c.Procs)})
	set(c.MemoryErr, map[results.Metric]float64{results.PSS: float64(c.Memory.PSS)})
	set(c.StandingErr, map[results.Metric]float64{
		results.TimeWaitStandingServer: float64(c.Standing.Server), results.TimeWaitStandingClient: float64(c.Standing.Client),
	})
	c.made(load, values, missing)
	set(c.OverflowsErr, map[results.Metric]float64{results.Overflows: float64(c.Overflows)})
	set(c.NetErr, map[results.Metric]float64{results.Retransmits: float64(c.Retransmits)})
	return values, missing
}

// unbounded says what is missing in the switches, nil if nothing is: nobody knows how much.
func unbounded(s probe.Switches) error {
	if notes := s.Notes(); len(notes) > 0 {
		return errors.New(strings.Join(notes, "; "))
	}
	return nil
}

// made sets the TIME_WAITs that were made in the window by side: one for each connection
// that the side closed first, by the load's book, less those that the kernel had no room
// for. It counts these for the namespace and from edge to edge: they are taken off the side
// that closed first. Where both did, or where there are more of them than the load closed
// connections, so that others of the namespace had their part, nobody can say whose they
// were.
func (c Counted) made(load *loadgen.Result, values map[results.Metric]float64, missing map[results.Metric]string) {
	if load.Elapsed <= 0 {
		return
	}
	server, client := load.Conns.TWServer, load.Conns.TWClient
	why := ""
	switch {
	case c.NotMadeErr != nil:
		why = fmt.Sprintf("whether the kernel's table of TIME_WAITs had room for all of them is not known: %v", c.NotMadeErr)
	case c.NotMade > 0 && server > 0 && client > 0:
		why = fmt.Sprintf("%s; both sides closed first (server %d, client %d), and whose were not made cannot be told", fullTable, server, client)
	case c.NotMade > server+client:
		why = fmt.Sprintf("%s; of the whole network namespace %d were not made, and this load closed %d connections", fullTable, c.NotMade, server+client)
	}
	if why != "" {
		missing[results.TimeWaitServer], missing[results.TimeWaitClient] = why, why
		return
	}
	values[results.TimeWaitServer] = float64(server - min(server, c.NotMade))
	values[results.TimeWaitClient] = float64(client - min(client, c.NotMade))
}

// fullTable says why TIME_WAITs were not made. It names no number, so that rounds in which
// it happened have one note.
const fullTable = "the kernel's table of TIME_WAITs was full: closes beyond it left none (raise net.ipv4.tcp_max_tw_buckets, or wait a minute between runs)"

// Notes are the remarks that belong to the figures, each a sentence; nil if there are none.
func (c Counted) Notes() (notes []string) {
	if c.SwitchesErr == nil {
		notes = c.Switches.Notes()
	}
	if c.NotMade > 0 {
		notes = append(notes, fullTable)
	}
	if c.Disagrees != "" {
		notes = append(notes, c.Disagrees)
	}
	if c.PerfErr == nil && c.PerfUnsure > 0 {
		notes = append(notes, fmt.Sprintf("%d threads of the server began while perf events were set up: what these count may lack them, and is compared with nothing", c.PerfUnsure))
	}
	return notes
}

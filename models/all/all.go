// Package all is the parts list: importing it registers every model of c10kit and the
// peers.
package all

import (
	_ "github.com/c10kit/c10kit/hybrid"
	_ "github.com/c10kit/c10kit/iterative"
	_ "github.com/c10kit/c10kit/peers/cmd"
	_ "github.com/c10kit/c10kit/peers/evio"
	_ "github.com/c10kit/c10kit/peers/fasthttp"
	_ "github.com/c10kit/c10kit/peers/gnet"
	_ "github.com/c10kit/c10kit/peers/nethttp"
	_ "github.com/c10kit/c10kit/ppc"
	_ "github.com/c10kit/c10kit/prefork"
	_ "github.com/c10kit/c10kit/prethread"
	_ "github.com/c10kit/c10kit/reactor"
	_ "github.com/c10kit/c10kit/tpc"
)

// Card lists the baseline and the six models of the card, in the order in which
// Stevens and muduo introduce them: what is compared where nothing is named.
func Card() []string {
	return []string{"iterative", "ppc", "tpc", "prefork", "prethread", "reactor", "hybrid"}
}

// Package all is the parts list: importing it registers every model of c10kit.
package all

import (
	_ "github.com/c10kit/c10kit/hybrid"
	_ "github.com/c10kit/c10kit/iterative"
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

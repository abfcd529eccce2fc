// Package all is the parts list: importing it registers every model of c10kit.
package all

import (
	_ "github.com/c10kit/c10kit/hybrid"
	_ "github.com/c10kit/c10kit/iterative" // the baseline
	_ "github.com/c10kit/c10kit/prethread"
	_ "github.com/c10kit/c10kit/reactor"
	_ "github.com/c10kit/c10kit/tpc"
)

package reports

import (
	"fmt"

	"github.com/c10kit/c10kit/results"
)

// predictions writes the ledger: each prediction that was locked before the run, with
// what the run says of it.
func (p *printer) predictions(s *results.Stored) {
	outcomes := s.Outcomes()
	if len(outcomes) == 0 {
		return
	}
	p.out.WriteByte('\n')
	p.line(fmt.Sprintf("predictions: %s (sha256 %.12s)", results.Predicted(outcomes), s.Manifest.PredictionHash), bold, 0)
	for _, o := range outcomes {
		p.line(outcomeText(o), outcomeStyle(o.State), 2)
	}
}

// outcomeText is such as `P1 held: prefork switches less: csw-vol/req 2.02 < 3.02, in 3
// of 3 rounds (prefork:accept, close, 64 connections)`.
func outcomeText(o results.Outcome) string {
	text := fmt.Sprintf("P%d %s: %s: ", o.N, o.State, &o.Prediction)
	if o.State != results.Unmeasured {
		text += string(o.Prediction.Metric) + " "
	}
	text += o.String()
	if o.Cell.Model != "" {
		text += fmt.Sprintf(" (%s, %s, %s)", o.Cell.Spec(), o.Cell.Mode, plural(o.Cell.Conns, "connection"))
	}
	return text
}

func outcomeStyle(state string) style {
	switch state {
	case results.Held:
		return green
	case results.Refuted:
		return red
	case results.Undecided:
		return yellow
	default:
		return dim
	}
}

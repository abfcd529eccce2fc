package dashboard

import (
	"fmt"
	"strings"

	"github.com/c10kit/c10kit/dashboard/screen"
	"github.com/c10kit/c10kit/results"
)

// ledger is what became of the predictions, judged again when there is another result.
type ledger struct {
	results  int
	outcomes []results.Outcome
}

// outcomes are those of the results that are there so far.
func (s *story) outcomes() []results.Outcome {
	if s.judged.outcomes == nil || s.judged.results != len(s.results) {
		s.judged = ledger{len(s.results), results.Judge(s.Predictions, s.results)}
	}
	return s.judged.outcomes
}

// predictions are the lines of the ledger; none where nothing was predicted.
func (s *story) predictions() []screen.Span {
	if len(s.Predictions) == 0 {
		return nil
	}
	outcomes := s.outcomes()
	lines := []screen.Span{{
		Text:  clean(fmt.Sprintf("predictions: %s (sha256 %.12s)", results.Predicted(outcomes), s.Manifest.PredictionHash)),
		Style: screen.Bold,
	}}
	for _, o := range outcomes {
		lines = append(lines, screen.Span{Text: clean(outcomeText(o, s.ended)), Style: outcomeStyles[o.State]})
	}
	return lines
}

var outcomeStyles = map[string]screen.Style{
	results.Held:       screen.Good,
	results.Refuted:    screen.Bad,
	results.Undecided:  screen.Warn,
	results.Unmeasured: screen.Dim,
}

// outcomeText is an outcome with the state first, in capitals: colour is not everybody's. What
// has not been measured may still be, as long as the run goes on.
func outcomeText(o results.Outcome, ended bool) string {
	if o.State == results.Unmeasured && !ended {
		return fmt.Sprintf("P%d not yet: %s", o.N, &o.Prediction)
	}
	text := fmt.Sprintf("P%d %s: %s: ", o.N, strings.ToUpper(o.State), &o.Prediction)
	if o.State != results.Unmeasured {
		text += string(o.Prediction.Metric) + " "
	}
	text += o.String()
	if o.Cell.Model != "" {
		text += fmt.Sprintf(" (%s, %s)", o.Cell.Spec(), o.Cell.ShortTitle())
	}
	return text
}

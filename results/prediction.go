package results

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// The directions of a prediction.
const (
	DirectionLower  = "lower"  // at least Factor times lower
	DirectionHigher = "higher" // at least Factor times higher
	DirectionSame   = "same"   // within Factor of each other
)

// Prediction is what somebody expects of a run, written down before it: a metric of a
// model beside that of another, or beside a number. In predictions.toml:
//
//	[[prediction]]
//	says = "a thread for each connection costs a switch more"   # optional
//	metric = "csw-vol/req"
//	model = "prefork"
//	direction = "lower"          # lower, higher, same
//	factor = 1.5                 # optional: at least so many times; of same, at most
//	than = "tpc"                 # or value = 3.0
//	why = "nothing is created"
//	where = { mode = "close" }   # optional: only cells with these keys
type Prediction struct {
	Says      string  `toml:"says" json:"says,omitempty"`
	Metric    Metric  `toml:"metric" json:"metric"`
	Model     string  `toml:"model" json:"model"` // as Cell.Spec, or the model alone: any variant of it
	Direction string  `toml:"direction" json:"direction"`
	Factor    float64 `toml:"factor" json:"factor"`       // 1 if it is not given
	Than      string  `toml:"than" json:"than,omitempty"` // as Model; empty: Value
	Value     float64 `toml:"value" json:"value,omitempty"`
	Why       string  `toml:"why" json:"why,omitempty"`
	// Where narrows the cells by the keys of a cell (conns, mode, ...), each as in a
	// benchmark name.
	Where map[string]any `toml:"where" json:"where,omitempty"`
}

// String is the prediction in words: its own, or such as "prefork csw-vol/req is 1.5x
// lower than tpc".
func (p *Prediction) String() string {
	if p.Says != "" {
		return p.Says
	}
	than := p.Than
	if than == "" {
		than = p.Metric.Format(p.Value)
	}
	switch {
	case p.Direction == DirectionSame:
		return fmt.Sprintf("%s %s is within %sx of %s", p.Model, p.Metric, formatFloat(p.Factor), than)
	case p.Factor != 1:
		return fmt.Sprintf("%s %s is %sx %s than %s", p.Model, p.Metric, formatFloat(p.Factor), p.Direction, than)
	default:
		return fmt.Sprintf("%s %s is %s than %s", p.Model, p.Metric, p.Direction, than)
	}
}

// ParsePredictions reads a predictions.toml. An error says which prediction is wrong
// and how, for the user; there is one too if the file holds none.
func ParsePredictions(data []byte) ([]Prediction, error) {
	var file struct {
		Prediction []Prediction `toml:"prediction"`
	}
	d := toml.NewDecoder(bytes.NewReader(data))
	meta, err := d.Decode(&file)
	if err != nil {
		var wrong toml.ParseError
		if errors.As(err, &wrong) {
			return nil, fmt.Errorf("line %d: %s", wrong.Position.Line, wrong.Message)
		}
		return nil, err
	}
	if extra := meta.Undecoded(); len(extra) > 0 {
		return nil, fmt.Errorf("no key %q; there are says, metric, model, direction, factor, than, value, why, where", extra[0].String())
	}
	if len(file.Prediction) == 0 {
		return nil, errors.New("it has no [[prediction]]")
	}
	for i := range file.Prediction {
		p := &file.Prediction[i]
		if p.Factor == 0 {
			p.Factor = 1
		}
		if err := p.check(); err != nil {
			return nil, fmt.Errorf("prediction %d: %w", i+1, err)
		}
	}
	return file.Prediction, nil
}

func (p *Prediction) check() error {
	_, known := p.Metric.Info()
	switch {
	case !known:
		return fmt.Errorf("metric %q: one of %s", p.Metric, metricNames())
	case p.Model == "":
		return errors.New("model is missing: whose metric it is")
	case p.Direction != DirectionLower && p.Direction != DirectionHigher && p.Direction != DirectionSame:
		return fmt.Errorf("direction %q: lower, higher or same", p.Direction)
	case p.Factor < 1 || math.IsInf(p.Factor, 0) || math.IsNaN(p.Factor):
		return fmt.Errorf("factor %v: at least 1; the direction says which way", p.Factor)
	case p.Than != "" && p.Value != 0:
		return errors.New("than and value: only one of them")
	case p.Value < 0 || math.IsInf(p.Value, 0) || math.IsNaN(p.Value):
		return fmt.Errorf("value %v: a number from 0", p.Value)
	}
	for key := range p.Where {
		if _, ok := (Cell{}).key(key); !ok {
			return fmt.Errorf("where has no key %q; there are app, path, conns, workers, mode, closer, pipeline, rate, placement", key)
		}
	}
	return nil
}

func metricNames() string {
	var names []string
	for _, info := range infos {
		names = append(names, string(info.Metric))
	}
	return strings.Join(names, ", ")
}

// key returns the value of a key by which Where narrows, as text.
func (c Cell) key(name string) (string, bool) {
	switch name {
	case "app":
		return c.App, true
	case "path":
		return c.Path, true
	case "conns":
		return strconv.Itoa(c.Conns), true
	case "workers":
		return strconv.Itoa(c.Workers), true
	case "mode":
		return c.Mode, true
	case "closer":
		return c.Closer, true
	case "pipeline":
		return strconv.Itoa(c.Pipeline), true
	case "rate":
		return formatFloat(c.Rate), true
	case "placement":
		return c.Placement, true
	default:
		return "", false
	}
}

// in reports whether the prediction is about cells like c.
func (p *Prediction) in(c Cell) bool {
	for key, want := range p.Where {
		if got, _ := c.key(key); got != fmt.Sprint(want) {
			return false
		}
	}
	return true
}

// HashPredictions is what Manifest.PredictionHash has of a predictions.toml: it is
// taken before the run, so that a change after it shows.
func HashPredictions(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// The states of a prediction.
const (
	Held       = "held"       // in every round
	Refuted    = "refuted"    // in every round
	Undecided  = "undecided"  // the rounds differ
	Unmeasured = "unmeasured" // Reason says why
)

// Outcome is what a run says of a prediction, in the cells that differ in nothing but
// the model.
type Outcome struct {
	N          int        `json:"n"` // the prediction's number, from 1
	Prediction Prediction `json:"prediction"`
	Cell       Cell       `json:"cell,omitzero"` // of Prediction.Model, over all rounds; zero if there is none
	State      string     `json:"state"`
	// Figure and Reference are the medians over the rounds in which both were measured.
	Figure    float64 `json:"figure"`
	Reference float64 `json:"reference"`
	Rounds    int     `json:"rounds"` // so many of both
	Holds     int     `json:"holds"`  // and in so many of them it held
	Reason    string  `json:"reason,omitempty"`
}

// Judge compares predictions with results, round by round: the cells of a round were
// measured one soon after the other, so what changes slowly changes both. A prediction
// has an outcome for each set of keys that it is about, and one of state Unmeasured if
// there is none.
func Judge(predictions []Prediction, rs []Result) []Outcome {
	var all []Outcome
	for i, p := range predictions {
		judged := p.judge(rs)
		if len(judged) == 0 {
			judged = []Outcome{{Prediction: p, State: Unmeasured, Reason: "no cell of " + p.Model + " was measured"}}
		}
		for j := range judged {
			judged[j].N = i + 1
		}
		all = append(all, judged...)
	}
	return all
}

func (p *Prediction) judge(rs []Result) []Outcome {
	var cells []Cell
	rounds := make(map[Cell][]*Result)
	for i := range rs {
		r := &rs[i]
		if !p.in(r.Cell) || !isModel(r.Cell, p.Model) {
			continue
		}
		c := r.Cell.AllRounds()
		if rounds[c] == nil {
			cells = append(cells, c)
		}
		rounds[c] = append(rounds[c], r)
	}
	var all []Outcome
	for _, c := range cells {
		all = append(all, p.outcome(c, rounds[c], rs))
	}
	return all
}

// isModel reports whether a cell is that of a model, named with or without its variant.
func isModel(c Cell, name string) bool { return c.Spec() == name || c.Model == name }

// outcome judges one cell's rounds.
func (p *Prediction) outcome(c Cell, rounds []*Result, rs []Result) Outcome {
	o := Outcome{Prediction: *p, Cell: c, State: Unmeasured}
	var figures, references []float64
	for _, r := range rounds {
		figure, ok := r.Values[p.Metric]
		if !ok {
			o.Reason = p.missing(r)
			continue
		}
		reference, why := p.reference(r.Cell, rs)
		if why != "" {
			o.Reason = why
			continue
		}
		figures, references = append(figures, figure), append(references, reference)
		if p.holds(figure, reference) {
			o.Holds++
		}
	}
	o.Rounds = len(figures)
	if o.Rounds == 0 {
		return o
	}
	o.Reason, o.Figure, o.Reference = "", median(figures), median(references)
	switch o.Holds {
	case o.Rounds:
		o.State = Held
	case 0:
		o.State = Refuted
	default:
		o.State = Undecided
	}
	return o
}

func (p *Prediction) missing(r *Result) string {
	if why, ok := r.Missing[p.Metric]; ok {
		return fmt.Sprintf("%s of %s is missing: %s", p.Metric, r.Spec(), why)
	}
	return fmt.Sprintf("%s has no %s", r.Spec(), p.Metric)
}

// reference returns what the metric of cell c is held against, in c's round, or why
// there is none.
func (p *Prediction) reference(c Cell, rs []Result) (v float64, why string) {
	if p.Than == "" {
		return p.Value, ""
	}
	var found *Result
	for i := range rs {
		r := &rs[i]
		if !isModel(r.Cell, p.Than) || r.Cell.Group() != c.Group() {
			continue
		}
		if found != nil {
			return 0, fmt.Sprintf("%s is %s and %s: name the variant", p.Than, found.Spec(), r.Spec())
		}
		found = r
	}
	if found == nil {
		return 0, "no such cell of " + p.Than + " was measured"
	}
	v, ok := found.Values[p.Metric]
	if !ok {
		return 0, p.missing(found)
	}
	return v, ""
}

func (p *Prediction) holds(figure, reference float64) bool {
	switch p.Direction {
	case DirectionLower:
		return figure < reference/p.Factor
	case DirectionHigher:
		return figure > reference*p.Factor
	default:
		return figure <= reference*p.Factor && figure >= reference/p.Factor
	}
}

func median(vs []float64) float64 {
	s := slices.Sorted(slices.Values(vs))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}

// Predicted counts the outcomes by state, for one line; the states that are there, in
// the order held, refuted, undecided, unmeasured: "2 held, 1 refuted".
func Predicted(outcomes []Outcome) string {
	n := make(map[string]int)
	for _, o := range outcomes {
		n[o.State]++
	}
	var parts []string
	for _, state := range []string{Held, Refuted, Undecided, Unmeasured} {
		if n[state] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[state], state))
		}
	}
	return strings.Join(parts, ", ")
}

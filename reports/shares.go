package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/c10kit/c10kit/results"
	"github.com/montanaflynn/stats"
)

// Shares is how the workers of a cell shared the connections of one round.
// Rounds are not pooled: one with twice the connections would look like an
// unfair worker.
type Shares struct {
	Round int      `json:"round"`
	Conns []uint64 `json:"conns"` // one a worker, in the order of the scoreboard: Result.PerWorker
}

// addShares keeps the rounds in order, however they were measured.
func (r *Row) addShares(round results.Result) {
	if len(round.PerWorker) == 0 {
		return
	}
	r.PerWorker = append(r.PerWorker, Shares{round.Round, slices.Clone(round.PerWorker)})
	slices.SortStableFunc(r.PerWorker, func(a, b Shares) int { return a.Round - b.Round })
}

// imbalance is the connections of the busiest worker over those of the mean: 1
// is perfectly even, the number of workers is all to one.
func (s Shares) imbalance() float64 {
	sum := 0.0
	for _, n := range s.Conns {
		sum += float64(n)
	}
	if sum == 0 {
		return 1
	}
	return float64(slices.Max(s.Conns)) * float64(len(s.Conns)) / sum
}

// TypicalShares is the round whose imbalance, the busiest worker over the mean,
// is the median; of an even number of rounds the fairer of the two in the
// middle, of equal ones the first. ok is false where no round knows.
func (r Row) TypicalShares() (s Shares, ok bool) {
	if len(r.PerWorker) == 0 {
		return Shares{}, false
	}
	rounds := slices.Clone(r.PerWorker)
	slices.SortStableFunc(rounds, func(a, b Shares) int {
		switch d := a.imbalance() - b.imbalance(); {
		case d < 0:
			return -1
		case d > 0:
			return 1
		}
		return 0
	})
	return rounds[(len(rounds)-1)/2], true
}

// fewWorkers is up to how many their connections are listed one by one.
const fewWorkers = 8

// sharesRemark says how many connections each worker of r had in the typical
// round. It is empty where that says nothing of how they are shared out: one
// worker, or none with more than one connection.
func sharesRemark(r Row) string {
	s, ok := r.TypicalShares()
	if !ok || len(s.Conns) < 2 || slices.Max(s.Conns) < 2 {
		return ""
	}
	text := s.String()
	if r.Rounds > 1 {
		text += fmt.Sprintf(" in round %d", s.Round)
	}
	return text
}

// String lists the connections of few workers, and gives the range and the
// median of many: "2 workers had 1968 and 2038 connections".
func (s Shares) String() string {
	n := len(s.Conns)
	switch n {
	case 0:
		return "no workers"
	case 1:
		return fmt.Sprintf("1 worker had %d connections", s.Conns[0])
	}
	sorted := slices.Sorted(slices.Values(s.Conns))
	if sorted[0] == sorted[n-1] {
		return fmt.Sprintf("%d workers had %d connections each", n, sorted[0])
	}
	if n > fewWorkers {
		median, _ := stats.Median(stats.LoadRawData(sorted)) // fails on no data only
		return fmt.Sprintf("%d workers had %d–%d connections (median %s)",
			n, sorted[0], sorted[n-1], strconv.FormatFloat(median, 'f', -1, 64))
	}
	words := make([]string, n)
	for i, v := range s.Conns {
		words[i] = strconv.FormatUint(v, 10)
	}
	return fmt.Sprintf("%d workers had %s and %s connections", n, strings.Join(words[:n-1], ", "), words[n-1])
}

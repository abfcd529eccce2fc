// Package reports turns the results of a run into rows and the rows into text
// or JSON. It sees results only, so that what compare prints and what can be
// printed later from the run folder are the same bytes.
//
//	results.Open ──► Summarise ──► Text: tables for people, at most Width columns
//	 one a round      one a cell └► JSON: every statistic of every metric
//
// Rounds of a cell are its samples; a row holds their median, quartiles and
// extremes. Quartiles are the medians of the lower and the upper half of the
// sorted samples, the middle one left out where their number is odd (method 1
// of Moore and McCabe; stats.Quartile). With three rounds they are the
// smallest and the largest.
//
// Percentiles of latency are taken in each round from its own histogram. Over
// rounds they are summarised like any other figure, by the median (of an even
// number of rounds the midpoint of the two in the middle), and no mean is ever
// taken over them: a mean of p99s is the p99 of nothing.
//
// How the workers shared the connections of a cell is kept round by round
// (Row.PerWorker) and printed of one: that in which the busiest worker was at the
// median of its distance from the mean (Row.TypicalShares). Extremes over all
// rounds together would grow with the number of rounds, and with rounds of which
// one had more connections than another.
//
// A ratio is one of medians, to the first row of its table. It shows, it does
// not prove: where the quartiles of the two rows overlap it is marked "~".
package reports

package reports

import (
	"slices"
	"strings"

	"github.com/c10kit/c10kit/results"
)

// missingLines says what could not be counted and why, once for each reason
// and set of rows: "iterative: csw-vol/req, csw-invol/req: reason". The rows
// are not named where all lack it.
func missingLines(groups []group) []string {
	type gap struct{ who, reason string }
	var order []gap
	metrics := make(map[gap][]string)
	for _, m := range missingMetrics(groups) {
		for _, reason := range reasonsFor(groups, m) {
			g := gap{whoMisses(groups, m, reason), reason}
			if metrics[g] == nil {
				order = append(order, g)
			}
			metrics[g] = append(metrics[g], string(m))
		}
	}
	lines := make([]string, len(order))
	for i, g := range order {
		lines[i] = g.who + strings.Join(metrics[g], ", ") + ": " + g.reason
	}
	return lines
}

// missingMetrics returns those that any row lacks, in the usual order; names
// of a newer version come last.
func missingMetrics(groups []group) []results.Metric {
	var all []results.Metric
	for _, g := range groups {
		for _, r := range g.rows {
			for m := range r.Missing {
				all = append(all, m)
			}
		}
	}
	known := results.Metrics()
	place := func(m results.Metric) int {
		i := slices.IndexFunc(known, func(i results.Info) bool { return i.Metric == m })
		if i < 0 {
			return len(known)
		}
		return i
	}
	slices.SortFunc(all, func(a, b results.Metric) int {
		if d := place(a) - place(b); d != 0 {
			return d
		}
		return strings.Compare(string(a), string(b))
	})
	return slices.Compact(all)
}

func reasonsFor(groups []group, m results.Metric) []string {
	var reasons []string
	for _, g := range groups {
		for _, r := range g.rows {
			if reason, ok := r.Missing[m]; ok && !slices.Contains(reasons, reason) {
				reasons = append(reasons, reason)
			}
		}
	}
	return reasons
}

// whoMisses names the rows that lack m for reason, as "a, b: ": nothing where
// all do, models where all rows of those models do, and rows otherwise.
func whoMisses(groups []group, m results.Metric, reason string) string {
	var specs, labels []string
	has := make(map[string]bool) // models with a row that does not lack it so
	everybody := true
	for _, g := range groups {
		for _, r := range g.rows {
			if r.Missing[m] != reason {
				has[r.Spec()] = true
				everybody = false
				continue
			}
			labels = append(labels, g.label(r))
			if !slices.Contains(specs, r.Spec()) {
				specs = append(specs, r.Spec())
			}
		}
	}
	switch {
	case everybody:
		return ""
	case !slices.ContainsFunc(specs, func(s string) bool { return has[s] }):
		return strings.Join(specs, ", ") + ": "
	}
	return strings.Join(labels, ", ") + ": "
}

package dashboard

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/c10kit/c10kit/dashboard/screen"
	"github.com/c10kit/c10kit/results"
)

// Which runs are shown, and what besides the models differs between two of them.

// unlikeRuns warns of two runs that were not made under the same conditions.
func (d *dash) unlikeRuns() []screen.Span {
	if d.other == nil {
		return nil
	}
	if text := unlikeText(d.story.Manifest, d.other.Manifest); text != "" {
		return []screen.Span{{Text: "! " + text, Style: screen.Warn}}
	}
	return nil
}

// unlikeText is unlike as a sentence, empty for runs that are alike.
func unlikeText(a, b results.Manifest) string {
	all := unlike(a, b)
	if len(all) == 0 {
		return ""
	}
	return "the runs differ in more than what is compared: " + strings.Join(all, ", ")
}

// origins are lines that say where the figures come from: of the run, and of its base.
func (d *dash) origins() []screen.Span {
	if d.player == nil {
		return nil // who watches a run has just started it
	}
	lines := []screen.Span{{Text: "run " + d.story.origin(), Style: screen.Normal}}
	if d.other != nil {
		lines = append(lines, screen.Span{Text: "base " + d.other.origin(), Style: screen.Normal})
	}
	return lines
}

// origin is a run's folder, machine and plan.
func (s *story) origin() string {
	m := s.Manifest
	parts := []string{s.name()}
	add := func(text string) {
		if text != "" {
			parts = append(parts, text)
		}
	}
	if !m.Start.IsZero() {
		add("of " + m.Start.UTC().Format("2006-01-02 15:04:05"))
	}
	add(fmt.Sprintf("%d x %v", max(m.Rounds, 1), m.Window))
	add(m.Placement)
	add(fmt.Sprintf("seed %d", m.Seed))
	add(processor(m))
	add(m.Kernel)
	return clean(strings.Join(parts, ", "))
}

// name is how the user finds the run again.
func (s *story) name() string {
	if s.Dir != "" {
		return clean(filepath.Base(s.Dir))
	}
	return clean(s.Manifest.Name)
}

func processor(m results.Manifest) string {
	if m.CPU.Count == 0 {
		return ""
	}
	return fmt.Sprintf("%d CPUs of %s", m.CPU.Count, m.CPU.Model)
}

// unlike names what the conditions of two runs differ in, those of a first.
func unlike(a, b results.Manifest) []string {
	var all []string
	add := func(what string, a, b any) {
		if x, y := fmt.Sprint(a), fmt.Sprint(b); x != y {
			all = append(all, clean(fmt.Sprintf("%s %s, base %s", what, orNone(x), orNone(y))))
		}
	}
	add("window", a.Window, b.Window)
	add("warm-up", a.Warmup, b.Warmup)
	add("rounds", a.Rounds, b.Rounds)
	add("pairs of source and port", a.Pairs, b.Pairs)
	add("placement", a.Placement, b.Placement)
	add("CPUs of the server", a.Pinning.Server, b.Pinning.Server)
	add("CPUs of the load", a.Pinning.Load, b.Pinning.Load)
	add("machine", processor(a), processor(b))
	add("kernel", a.Kernel, b.Kernel)
	add("Go", a.GoVersion, b.GoVersion)
	add("cgo", a.CGOEnabled, b.CGOEnabled)
	add("commit", a.Commit, b.Commit)
	names := maps.Clone(a.Sysctls)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, b.Sysctls)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		add(name, a.Sysctls[name], b.Sysctls[name])
	}
	return all
}

// lacks says why the run has no row of a cell of another run: what the nearest of its cells of
// the same model has that this one has not.
func (s *story) lacks(c results.Cell) string {
	const text = "the base run has no such cell"
	var nearest []string
	for _, r := range s.rows {
		if r.cell.Spec() != c.Spec() {
			continue
		}
		if keys := unlikeKeys(c, r.cell); nearest == nil || len(keys) < len(nearest) {
			nearest = keys
		}
	}
	if nearest == nil {
		return text
	}
	return text + " (it differs in " + strings.Join(nearest, ", ") + ")"
}

// unlikeKeys names the keys in which two cells of a model differ, with both values.
func unlikeKeys(c, base results.Cell) []string {
	var all []string
	add := func(key string, a, b any) {
		if a != b {
			all = append(all, clean(fmt.Sprintf("%s %v, base %v", key, a, b)))
		}
	}
	add("app", c.App, base.App)
	add("path", c.Path, base.Path)
	add("conns", c.Conns, base.Conns)
	add("workers", c.Workers, base.Workers)
	add("mode", c.Mode, base.Mode)
	add("closer", c.Closer, base.Closer)
	add("pipeline", c.Pipeline, base.Pipeline)
	add("rate", c.Rate, base.Rate)
	add("placement", c.Placement, base.Placement)
	return all
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

package results

import (
	"math"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"
)

// Generators of everything that a run folder may hold, nasty strings included.

var (
	// anyText has separators of our own formats, line ends, invalid UTF-8 and
	// Unicode spaces more often than chance would.
	anyText = rapid.Custom(func(t *rapid.T) string {
		pieces := rapid.SliceOfN(rapid.OneOf(
			rapid.SampledFrom([]string{"", "-", "/", "%", "=", " ", ":", ": ", ",", "\n", "\r", "\\", "\\n", "#", "-2", "\xff", "\u00a0", "µ", "tree", "%2F"}),
			rapid.StringN(0, 5, 20),
		), 0, 5).Draw(t, "pieces")
		var s strings.Builder
		for _, p := range pieces {
			s.WriteString(p)
		}
		return s.String()
	})
	someText = anyText.Filter(func(s string) bool { return s != "" })

	anyFigure = rapid.OneOf(
		rapid.SampledFrom([]float64{0, 1, 0.1, 1e-300, 5e-324, math.MaxFloat64, 1 << 53, 9.3e17, 1e19}),
		rapid.Float64Range(0, 1e12),
	)
	anyMetric = rapid.Custom(func(t *rapid.T) Metric {
		return rapid.SampledFrom(infos).Draw(t, "metric").Metric
	})
)

var anyCell = rapid.Custom(func(t *rapid.T) Cell {
	c := Cell{
		Model:     rapid.OneOf(rapid.Just("reactor"), someText).Draw(t, "model"),
		Variant:   rapid.OneOf(rapid.Just("epoll"), anyText).Draw(t, "variant"),
		App:       rapid.OneOf(rapid.Just("http"), someText).Draw(t, "app"),
		Path:      rapid.OneOf(rapid.SampledFrom([]string{"", "/", "//", "/-", "/plaintext", "/bytes/1024"}), anyText).Draw(t, "path"),
		Conns:     rapid.IntRange(1, 1<<20).Draw(t, "conns"),
		Workers:   rapid.IntRange(WorkersTree, 300).Draw(t, "workers"),
		Mode:      rapid.SampledFrom([]string{ModeKeepAlive, ModeClose}).Draw(t, "mode"),
		Closer:    rapid.SampledFrom([]string{CloserServer, CloserClient}).Draw(t, "closer"),
		Pipeline:  rapid.IntRange(1, 64).Draw(t, "pipeline"),
		Rate:      rapid.OneOf(rapid.Just(0.0), anyFigure).Draw(t, "rate"),
		Placement: rapid.SampledFrom([]string{PlacementSplit, PlacementShared}).Draw(t, "placement"),
		Round:     rapid.IntRange(1, 9).Draw(t, "round"),
	}
	return c.Identify()
}).Filter(func(c Cell) bool { return c.Validate() == nil })

var anyResult = rapid.Custom(func(t *rapid.T) Result {
	r := Result{
		Cell:        anyCell.Draw(t, "cell"),
		Requests:    rapid.Uint64Range(0, math.MaxInt64).Draw(t, "requests"),
		NeverServed: rapid.IntRange(0, 1<<20).Draw(t, "never served"),
		Verdict:     Verdict{rapid.SampledFrom(verdicts).Draw(t, "verdict"), anyText.Draw(t, "evidence")},
		Errors:      rapid.MapOfN(anyText, rapid.Uint64(), 0, 3).Draw(t, "errors"),
		PerWorker:   rapid.OneOf(rapid.Just([]uint64(nil)), rapid.SliceOfN(rapid.Uint64(), 0, 3)).Draw(t, "per worker"),
		Ended:       anyText.Draw(t, "ended"),
		Notes:       rapid.SliceOfN(anyText, 0, 3).Draw(t, "notes"),
	}
	for m, v := range rapid.MapOfN(anyMetric, anyFigure, 0, 23).Draw(t, "values") {
		r.Set(m, v)
	}
	for m, reason := range rapid.MapOfN(anyMetric, someText, 0, 5).Draw(t, "missing") {
		r.Miss(m, reason)
	}
	return r
})

var anySample = rapid.Custom(func(t *rapid.T) Sample {
	return Sample{
		Cell:   anyCell.Draw(t, "cell").ID,
		T:      rapid.Float64Range(0, 1e6).Draw(t, "t"),
		Values: rapid.MapOfN(anyMetric, rapid.Float64Range(-1e15, 1e15), 0, 6).Draw(t, "values"),

		PerWorker: rapid.OneOf(rapid.Just([]uint64(nil)), rapid.SliceOfN(rapid.Uint64Max(1<<53), 1, 3)).Draw(t, "per worker"),
		Latencies: rapid.OneOf(rapid.Just([]uint64(nil)), rapid.SliceOfN(rapid.Uint64Max(1<<53), 1, 3)).Draw(t, "latencies"),
	}
})

var anyLatency = rapid.Custom(func(t *rapid.T) Latency {
	h := hdrhistogram.New(1000, 60e9, 3)
	for _, v := range rapid.SliceOfN(rapid.Int64Range(0, 60e9), 0, 20).Draw(t, "nanoseconds") {
		if err := h.RecordValue(v); err != nil {
			t.Fatal(err)
		}
	}
	start := time.UnixMicro(rapid.Int64Range(1, 4e15).Draw(t, "start")).UTC()
	return Latency{
		Cell: anyCell.Draw(t, "cell").ID, Kind: rapid.SampledFrom(kinds).Draw(t, "kind"),
		Start: start, End: start.Add(time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "length")) * time.Microsecond),
		Histogram: h,
	}
})

var anyManifest = rapid.Custom(func(t *rapid.T) Manifest {
	text := rapid.String()
	m := Manifest{
		Start: time.Unix(rapid.Int64Range(1, 4e9).Draw(t, "start"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns")).UTC(),
		Argv:  rapid.SliceOfN(text, 0, 3).Draw(t, "argv"), Seed: rapid.Uint64().Draw(t, "seed"),
		Rounds: rapid.IntRange(0, 9).Draw(t, "rounds"), Window: time.Duration(rapid.Int64().Draw(t, "window")),
		Placement: text.Draw(t, "placement"), Kernel: text.Draw(t, "kernel"),
		Sysctls:    rapid.MapOfN(text, text, 0, 3).Draw(t, "sysctls"),
		CPU:        CPU{text.Draw(t, "cpu"), rapid.IntRange(0, 512).Draw(t, "cpus")},
		Pinning:    Pinning{rapid.SliceOfN(rapid.Int(), 0, 3).Draw(t, "server"), nil},
		GOMAXPROCS: GOMAXPROCS{rapid.MapOfN(text, rapid.Int(), 0, 3).Draw(t, "models"), 2},
		CGOEnabled: rapid.Bool().Draw(t, "cgo"), Commit: text.Draw(t, "commit"), GoVersion: "go1.26",
		Warnings: rapid.SliceOfN(text, 0, 2).Draw(t, "warnings"),
	}
	for _, c := range rapid.SliceOfNDistinct(anyCell, 0, 4, func(c Cell) string { return c.ID }).Draw(t, "cells") {
		m.Cells = append(m.Cells, readable(c))
	}
	return m
})

// readable returns c with keys that JSON can hold: it has no bytes that are
// not UTF-8.
func readable(c Cell) Cell {
	c.Model, c.Variant = string([]rune(c.Model)), string([]rune(c.Variant))
	c.App, c.Path = string([]rune(c.App)), string([]rune(c.Path))
	return c.Identify()
}

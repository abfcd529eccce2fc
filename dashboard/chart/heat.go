package chart

import (
	"math"

	"github.com/c10kit/c10kit/dashboard/screen"
)

// A HeatMap shows how many requests had which latency at which time, as
// Brendan Gregg's latency heat maps do: time to the right, latency upwards on a
// logarithmic scale, and a shade for the logarithm of the count.
type HeatMap struct {
	Times  []float64  // where each sample begins, in the unit of X
	Step   float64    // how long a sample is; the least distance of Times if not positive
	Counts [][]uint64 // of each sample, by bucket
	// Bucket returns the bounds of a bucket, ascending with i: from is less
	// than to, may be 0, and to may be infinite or nearly so.
	Bucket func(i int) (from, to float64)
	X, Y   Axis // linear and logarithmic, whatever their Scale; the range of Y is the data's
	Empty  string
}

// Draw draws h on a.
func (h HeatMap) Draw(a screen.Area) {
	if a.Empty() {
		return
	}
	h.X.Scale, h.Y.Scale, h.Y.From, h.Y.To = Linear, Log, 0, 0
	h.Step = h.step()
	buckets := h.buckets()
	var x, y extent
	h.each(buckets, func(t, end float64, b *bucket, _ float64) {
		x.add(t)
		x.add(end)
		y.add(b.low)
		y.add(b.high)
	})
	if !x.any {
		nothing(a, h.Empty)
		return
	}
	f := layout(a, h.X, h.Y, x, y)
	if !f.plot.Empty() {
		h.shade(f.plot, h.resample(f, buckets))
	}
}

// step returns the length of a sample.
func (h HeatMap) step() float64 {
	if h.Step > 0 && finite(h.Step) {
		return h.Step
	}
	least := math.Inf(1)
	for i := 1; i < len(h.Times); i++ {
		if d := h.Times[i] - h.Times[i-1]; d > 0 && d < least {
			least = d
		}
	}
	if !finite(least) {
		return 1
	}
	return least
}

// each calls f with each count that is not 0: begin and end of its sample,
// its bucket and itself. Step is set.
func (h HeatMap) each(buckets []bucket, f func(t, end float64, b *bucket, count float64)) {
	for i := range min(len(h.Times), len(h.Counts)) {
		t := h.Times[i]
		end := t + h.Step
		if !finite(t) || !finite(end) || h.X.fixed() && (t < h.X.From || t > h.X.To) {
			continue
		}
		for b, n := range h.Counts[i] {
			if n > 0 && buckets[b].ok {
				f(t, end, &buckets[b], float64(n))
			}
		}
	}
}

// A bucket has log10 of its bounds; ok tells whether it has a place on the axis.
type bucket struct {
	low, high float64
	ok        bool
}

// buckets returns those of all samples, as logarithms are dear.
func (h HeatMap) buckets() []bucket {
	n := 0
	for _, counts := range h.Counts {
		n = max(n, len(counts))
	}
	buckets := make([]bucket, n)
	for i := range buckets {
		if h.Bucket != nil {
			buckets[i] = newBucket(h.Bucket(i))
		}
	}
	return buckets
}

// endless is the highest bound that is drawn as it is: above it a bucket is
// taken to have no end.
const endless = 1e18

// newBucket returns the bucket with these bounds; one without a lower or an upper
// end is taken to be an octave.
func newBucket(from, to float64) bucket {
	if !(from >= 0) || !(to > from) || math.IsInf(from, 0) {
		return bucket{}
	}
	if to > endless && from > 0 {
		to = 2 * from
	}
	if from == 0 {
		from = to / 2
	}
	b := bucket{low: math.Log10(from), high: math.Log10(to)}
	b.ok = finite(b.low) && finite(b.high) && b.high > b.low
	return b
}

// resample spreads each count over the cells that its sample and its bucket
// cover, by how much of them they cover: so neither more samples than columns
// nor fewer make stripes.
func (h HeatMap) resample(f frame, buckets []bucket) []float64 {
	width, height := f.plot.Width(), f.plot.Height()
	counts := make([]float64, width*height)
	h.each(buckets, func(t, end float64, b *bucket, count float64) {
		columns := newOverlap(f.x.at(t), f.x.at(end), width)
		rows := newOverlap(f.y.at(b.low), f.y.at(b.high), height)
		for x := columns.first; x < columns.last; x++ {
			n := count * columns.part(x)
			for y := rows.first; y < rows.last; y++ {
				counts[(height-1-y)*width+x] += n * rows.part(y)
			}
		}
	})
	return counts
}

// An overlap is which of a number of cells a range covers, [first, last).
type overlap struct {
	from, to    float64 // in cells
	first, last int
}

// newOverlap returns the overlap of n cells with the part of an axis from one
// position to another.
func newOverlap(from, to float64, n int) overlap {
	o := overlap{from: from * float64(n), to: to * float64(n)}
	if !(o.to > o.from) || !finite(o.from) || !finite(o.to) {
		return o
	}
	o.first = int(min(max(math.Floor(o.from), 0), float64(n)))
	o.last = int(min(max(math.Ceil(o.to), 0), float64(n)))
	return o
}

// part returns how much of the range is in cell c.
func (o overlap) part(c int) float64 {
	p := (min(float64(c+1), o.to) - max(float64(c), o.from)) / (o.to - o.from)
	if !(p > 1e-6) { // what rounding left over
		return 0
	}
	return p
}

var (
	heatBlocks = []rune("·░▒▓█")
	heatASCII  = []rune(".:+#@")
)

// darkest bounds the range of the shades: what is less than this part of the
// largest count has the faintest one.
const darkest = 1e-4

// shade draws counts as shades of their logarithm.
func (h HeatMap) shade(a screen.Area, counts []float64) {
	most, least := 0.0, math.Inf(1)
	for _, n := range counts {
		if n > 0 {
			most, least = max(most, n), min(least, n)
		}
	}
	least = max(least, most*darkest)
	scale := math.Log(most / least)
	glyphs := heatBlocks
	if !a.Drawing() {
		glyphs = heatASCII
	}
	for i, n := range counts {
		if n <= 0 {
			continue
		}
		level := screen.HeatLevels - 1
		if scale > 0 {
			level = int(math.Round(max(math.Log(n/least), 0) / scale * float64(screen.HeatLevels-1)))
		}
		glyph := glyphs[level*len(glyphs)/screen.HeatLevels]
		a.Set(i%a.Width(), i/a.Width(), glyph, screen.Heat(level))
	}
}

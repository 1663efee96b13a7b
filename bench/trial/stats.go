package trial

import (
	"fmt"
	"math"
	"slices"

	"github.com/s3pool/s3pool/bench/rival"
)

// A Metric is a figure of a sample. Less is better in all of them. NaN means that
// it is not known.
type Metric func(Sample, rival.Size) float64

// CPU is the CPU time in nanoseconds per operation. It is not a number where
// the time could not be read: see package meter.
func CPU(s Sample, _ rival.Size) float64 {
	if s.Usage.CPU == 0 {
		return math.NaN()
	}
	return float64(s.Usage.CPU) / float64(s.Ops)
}

// Wall is the time in nanoseconds per operation.
func Wall(s Sample, _ rival.Size) float64 { return float64(s.Usage.Wall) / float64(s.Ops) }

// Bytes is the number of bytes allocated per operation.
func Bytes(s Sample, _ rival.Size) float64 { return float64(s.Usage.Bytes) / float64(s.Ops) }

// Allocs is the number of heap objects allocated per operation.
func Allocs(s Sample, _ rival.Size) float64 { return float64(s.Usage.Allocs) / float64(s.Ops) }

// GCs is the number of garbage collections per GiB moved.
func GCs(s Sample, size rival.Size) float64 {
	return float64(s.Usage.GCs) / (float64(s.Ops) * float64(size)) * (1 << 30)
}

// FirstByte is the time in nanoseconds to the first byte. It is not a number for
// rivals that do not tell.
func FirstByte(s Sample, _ rival.Size) float64 {
	if s.FirstByte == 0 {
		return math.NaN()
	}
	return float64(s.FirstByte) / float64(s.Ops)
}

// PerByte is the number of bytes allocated for each byte moved.
func PerByte(s Sample, size rival.Size) float64 { return Bytes(s, size) / float64(size) }

// CPUPerGiB is the CPU time in seconds for each GiB moved.
func CPUPerGiB(s Sample, size rival.Size) float64 {
	return CPU(s, size) / 1e9 / float64(size) * (1 << 30)
}

// A Spread is the median of some figures, and their least and greatest.
type Spread struct{ Median, Min, Max float64 }

// String formats s with two digits after the point.
func (s Spread) String() string {
	return fmt.Sprintf("%.2f (%.2f–%.2f)", s.Median, s.Min, s.Max)
}

// Of returns the spread of a rival's figure over the rounds. It reports false if
// the figure is not known in a round.
func (r *Result) Of(name string, m Metric) (Spread, bool) {
	i := slices.Index(r.Rivals, name)
	if i < 0 {
		return Spread{}, false
	}
	var v []float64
	for _, round := range r.Rounds {
		v = append(v, m(round[i], r.Size))
	}
	return spread(v)
}

// Ratio returns the spread of the ratios of two rivals' figures, taken round by
// round. It reports false if one of them is not known in a round, or if the
// base's is zero.
func (r *Result) Ratio(name, base string, m Metric) (Spread, bool) {
	return r.compare(name, base, m, func(a, b float64) float64 { return a / b })
}

// Difference returns the spread of what a rival's figures have over another's, taken
// round by round. It reports false if one of them is not known in a round.
func (r *Result) Difference(name, base string, m Metric) (Spread, bool) {
	return r.compare(name, base, m, func(a, b float64) float64 { return a - b })
}

func (r *Result) compare(name, base string, m Metric, f func(a, b float64) float64) (Spread, bool) {
	i, j := slices.Index(r.Rivals, name), slices.Index(r.Rivals, base)
	if i < 0 || j < 0 {
		return Spread{}, false
	}
	var v []float64
	for _, round := range r.Rounds {
		v = append(v, f(m(round[i], r.Size), m(round[j], r.Size)))
	}
	return spread(v)
}

func spread(v []float64) (Spread, bool) {
	if len(v) == 0 || slices.ContainsFunc(v, func(f float64) bool { return math.IsNaN(f) || math.IsInf(f, 0) }) {
		return Spread{}, false
	}
	slices.Sort(v)
	mid := len(v) / 2
	median := v[mid]
	if len(v)%2 == 0 {
		median = (v[mid-1] + v[mid]) / 2
	}
	return Spread{Median: median, Min: v[0], Max: v[len(v)-1]}, true
}

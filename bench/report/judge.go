package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/trial"
)

// A judge says what was measured, and whether it is within the bound.
type judge func(*trial.Result) (measured string, within, known bool)

// noWorse asks for at most the figure of the best of the bases.
func noWorse(m trial.Metric, bases ...string) judge {
	return func(res *trial.Result) (string, bool, bool) {
		best, least := "", 0.0
		for _, base := range bases {
			if s, ok := res.Of(base, m); ok && (best == "" || s.Median < least) {
				best, least = base, s.Median
			}
		}
		measured, within, known := atMost(1, m, rival.S3pool, best)(res)
		if len(bases) > 1 {
			measured += " of " + best
		}
		return measured, within, known
	}
}

// atMost asks for at most limit times the figure of base.
func atMost(limit float64, m trial.Metric, ours, base string) judge {
	return func(res *trial.Result) (string, bool, bool) {
		s, ok := res.Ratio(ours, base, m)
		return fmt.Sprintf("%.3f (%.2f–%.2f)", s.Median, s.Min, s.Max), s.Median <= limit, ok
	}
}

// timesLess asks base for at least limit times our figure.
func timesLess(limit float64, m trial.Metric, ours, base string) judge {
	return func(res *trial.Result) (string, bool, bool) {
		s, ok := res.Ratio(base, ours, m)
		return fmt.Sprintf("%.1f times less (%.1f–%.1f)", s.Median, s.Min, s.Max), s.Median >= limit, ok
	}
}

// atMostMore asks for at most limit more bytes than base.
func atMostMore(limit float64, m trial.Metric, ours, base string) judge {
	return func(res *trial.Result) (string, bool, bool) {
		s, ok := res.Difference(ours, base, m)
		return fmt.Sprintf("%+.0f B (%+.0f–%+.0f)", s.Median, s.Min, s.Max), s.Median <= limit, ok
	}
}

func atMostBytes(limit float64) judge {
	return func(res *trial.Result) (string, bool, bool) {
		s, ok := res.Of(rival.S3pool, trial.Bytes)
		return formatBytes(s.Median), s.Median <= limit, ok
	}
}

func atMostPerByte(limit float64, ours string) judge {
	return func(res *trial.Result) (string, bool, bool) {
		s, ok := res.Of(ours, trial.PerByte)
		return fmt.Sprintf("%.4f (%.4f–%.4f)", s.Median, s.Min, s.Max), s.Median <= limit, ok
	}
}

// within asks the figures of some rivals to be within a factor of each other. It
// compares medians: within a round the worst of several is worse by chance alone.
func within(limit float64, m trial.Metric, names []string) judge {
	return func(res *trial.Result) (string, bool, bool) {
		var medians []float64
		for _, name := range names {
			s, ok := res.Of(name, m)
			if !ok {
				return "", false, false
			}
			medians = append(medians, s.Median)
		}
		factor := slices.Max(medians) / slices.Min(medians)
		if math.IsNaN(factor) {
			return "", false, false
		}
		return fmt.Sprintf("%.3f", factor), factor <= limit, true
	}
}

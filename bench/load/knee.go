package load

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/s3pool/s3pool/bench/server"
)

// A Sweep is one way at one rate after the other.
type Sweep struct {
	Way  string
	Runs []*Run // ascending by rate

	// Knee is the highest rate that was borne: every request was answered, and 99 in a
	// hundred within Limit. Zero means that not even the lowest was.
	Knee  float64
	Limit time.Duration
}

// Limit is what a caller of the API server waits for.
const Limit = time.Second

// lowest is the rate at which a sweep begins.
const lowest = 8

// FindKnee raises the rate by a factor of two until it is no longer borne, and then looks
// for the knee between the last two rates in a number of steps. A rate is not borne if it is
// not twice.
func FindKnee(ctx context.Context, t *server.Target, setup Setup, plan Plan, steps int) (*Sweep, error) {
	s := &Sweep{Way: setup.Ways[0], Limit: Limit}
	var err error
	s.Knee, err = knee(lowest, steps, func(rate float64) (bool, error) {
		plan.Rate = rate
		run, err := Bear(ctx, t, setup, plan)
		if err != nil {
			return false, fmt.Errorf("at %.0f requests a second: %w", rate, err)
		}
		if !run.borne() {
			// Whatever else runs on the machine may have been in the way.
			again, err := Bear(ctx, t, setup, plan)
			if err != nil {
				return false, fmt.Errorf("at %.0f requests a second: %w", rate, err)
			}
			if again.borne() {
				run = again
			}
		}
		s.Runs = append(s.Runs, run)
		return run.borne(), nil
	})
	slices.SortFunc(s.Runs, func(a, b *Run) int { return cmp.Compare(a.Rate, b.Rate) })
	return s, err
}

// borne reports whether the server has kept up with its rate.
func (r *Run) borne() bool { return !r.Late && r.Latency.P99 <= Limit }

// knee returns the highest rate tried that was borne.
func knee(lowest float64, steps int, borne func(rate float64) (bool, error)) (float64, error) {
	good, bad := 0.0, 0.0
	for rate := lowest; bad == 0; rate *= 2 {
		ok, err := borne(rate)
		if err != nil {
			return 0, err
		}
		if ok {
			good = rate
		} else {
			bad = rate
		}
	}
	for range steps {
		rate := math.Round(math.Sqrt(good * bad))
		if rate <= good || rate >= bad {
			break
		}
		ok, err := borne(rate)
		if err != nil {
			return 0, err
		}
		if ok {
			good = rate
		} else {
			bad = rate
		}
	}
	return good, nil
}

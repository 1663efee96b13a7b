//go:build !race

// Two calls of the next middleware at the same time are a data race within smithy's
// steps, without a Pacer too. TestOperationConcurrent is what the race detector sees.

package prefix_test

import (
	"errors"
	"sync"
	"testing"
)

var hedges = map[string]repeat{
	// The first to be back wins. The slower one goes on when the call is over.
	"hedge": func(next func(int) error) error {
		done := make(chan error, 2)
		for i := range 2 {
			go func() { done <- next(i) }()
		}
		return <-done
	},
	"both": func(next func(int) error) error {
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for i := range 2 {
			wg.Go(func() { errs[i] = next(i) })
		}
		wg.Wait()
		return errors.Join(errs...)
	},
}

// TestPacerHedge: a caller's middleware may call the next one twice at a time, and be
// back before the slower one is.
func TestPacerHedge(t *testing.T) {
	for place, add := range places {
		for way, r := range hedges {
			t.Run(place+"/"+way, func(t *testing.T) { checkHostile(t, add, r, place == "in an attempt" || way == "both") })
		}
	}
	checkFailover(t, func(first, other func() error) error {
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() { _ = first() })
		return other()
	})
}
